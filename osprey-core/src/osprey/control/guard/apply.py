"""Carrying out approved writes: group by group, an intent before each put and a receipt after it.

From the moment a group's intents are opened until its outcomes are known nothing cancels it. A stop between
groups (a cancellation, a halt, a limit that no longer holds) closes the request with what was done.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress

import anyio
from attrs import evolve

from osprey.control.exact import packed
from osprey.control.guard.checks import Case
from osprey.control.guard.judging import Bench, Judged, Refusal, Verdict
from osprey.control.guard.progress import Progress
from osprey.control.guard.putting import put_group
from osprey.control.guard.readback import read_once
from osprey.control.guard.reports import conclude, summarise
from osprey.control.guard.restore import restore_of
from osprey.control.guard.second_look import judge_again, judge_history
from osprey.control.guard.survey import OwnGroup
from osprey.control.payload import ApprovedWrites
from osprey.control.requests import ApplyReport, ApplyRequest
from osprey.control.values import Outcome, ReadResult
from osprey.control.wire import to_wire
from osprey.errors import OspreyError, RefusedError
from osprey.journal import Intent, Journal, Receipt, RequestState


class Application:
    """One approved request on its way to the machine."""

    def __init__(
        self,
        bench: Bench,
        journal: Journal,
        request: ApplyRequest,
        writes: ApprovedWrites,
        judged: Judged,
        *,
        clock: Callable[[], int],
        in_flight: Counter[str],
    ) -> None:
        """Prepare it.

        :param in_flight: of each request, how many tasks of this process carry it out; kept by `run`.
        """
        self._in_flight = in_flight
        self._bench = bench
        self._ledger = journal.ledger
        self._audit = journal.audit
        self._request = request
        self._writes = writes
        self._clock = clock
        # Counted from before the guard's last look at how old the values are, so that no pause goes unseen.
        self._first_put_by = self._put_by()
        self._cases = _cases_by_group(writes, judged)
        self._progress = Progress(writes)
        self._receipts: list[Receipt] = []
        """Of the last opened group; they are stored together with the next group's intents."""
        self._observations: list[tuple[ReadResult, ...]] = []
        self._stopped_by: Refusal | None = None

    async def run(self) -> ApplyReport:
        """Claim the request and carry it out; whatever happens after the claim ends in a final state.

        :raises RefusedError: the ledger refused the claim; nothing was sent.
        """
        self._in_flight[self._request.request_id] += 1
        try:
            return await self._run()
        finally:
            self._in_flight[self._request.request_id] -= 1
            self._in_flight += Counter()  # drops what has come to zero

    async def _run(self) -> ApplyReport:
        is_claimed = False
        try:
            with anyio.CancelScope(shield=True):
                await self._claim()
                is_claimed = True
                await self._carry_out(0, self._first_put_by)
            await self._go_on()
        except BaseException as exc:
            self._stopped_by = Refusal("guard.stopped", f"stopped by {type(exc).__name__}")
            if is_claimed:
                await self._finish()
            elif not isinstance(exc, RefusedError):
                await self._give_up_claim()
            raise
        return await self._finish()

    async def _claim(self) -> None:
        request = self._request
        await self._ledger.claim(
            request.request_id, request.sha256, request.actor, self._intents(0), groups=len(self._cases)
        )

    async def _give_up_claim(self) -> None:
        """End a claim that may have been stored although this task was torn away from it; nothing was sent.

        Where another task of this process carries out the same request, the claim may be that one's: it is left alone.

        A first Ctrl-C cancels the task itself, which no shield holds off. If the claim was not stored after
        all, the ledger refuses to end it, and the approval stands.
        """
        if self._in_flight[self._request.request_id] > 1:
            return
        self._progress.note_all(0, Outcome.FAILED, "stopped at the claim, before anything was sent")
        self._receipts = self._progress.receipts(0)
        with anyio.CancelScope(shield=True), suppress(OspreyError):
            await self._ledger.finish(
                self._request.request_id, self._receipts, RequestState.FAILED, to_wire(self._report())
            )

    async def _go_on(self) -> None:
        """Observe each confirmed group and carry out the next one, until one is not confirmed."""
        for number in range(len(self._cases)):
            if not self._progress.is_confirmed(number):
                return
            following = number + 1
            await self._observe(is_last=following == len(self._cases))
            if following == len(self._cases):
                return
            verdicts = await judge_again(
                self._bench,
                self._cases[following],
                OwnGroup(request_id=self._request.request_id, group=following),
                limits_sha256=self._writes.limits_sha256,
                settle_s=self._writes.settle_s,
                now_ns=self._clock(),
            )
            if self._note_refusals(following, verdicts):
                await self._tell_refusal(following)
                return
            put_by = self._put_by()
            with anyio.CancelScope(shield=True):
                if await self._advance(following):
                    await self._carry_out(following, put_by)

    async def _advance(self, number: int) -> bool:
        """Store the last group's receipts and open the next group's intents; False if the ledger refused."""
        receipts, self._receipts = self._receipts, []
        try:
            await self._ledger.advance(self._request.request_id, receipts, self._intents(number))
        except RefusedError as exc:
            # The receipts are stored all the same; only the next group must not be sent.
            refusal = Refusal(exc.rule, str(exc))
            self._note_refusals(number, [Verdict(case, refusal) for case in self._cases[number]])
            return False
        except BaseException:
            self._receipts = receipts
            raise
        return True

    async def _carry_out(self, number: int, put_by: float) -> None:
        """Put one opened group and note what became of each item. Runs shielded."""
        was_sent = False
        try:
            own = OwnGroup(request_id=self._request.request_id, group=number)
            verdicts = await judge_history(
                self._bench,
                self._cases[number],
                own,
                limits_sha256=self._writes.limits_sha256,
                settle_s=self._writes.settle_s,
                now_ns=self._clock(),
            )
            remaining_s = put_by - anyio.current_time()
            if self._note_refusals(number, verdicts):
                await self._tell_refusal(number)
            elif remaining_s <= 0:
                self._progress.note_all(number, Outcome.FAILED, "the put-by deadline was over before anything was sent")
            else:
                was_sent = True
                seen = await put_group(self._bench.target, self._cases[number], timeout_s=remaining_s)
                self._progress.note(number, seen)
        except BaseException as exc:
            # Intents are open: whatever happened becomes their recorded outcome.
            self._stopped_by = Refusal("guard.error", f"the guard failed: {type(exc).__name__}: {exc}")
            outcome = Outcome.UNCONFIRMED if was_sent else Outcome.FAILED
            self._progress.note_all(number, outcome, self._stopped_by.reason)
            if not isinstance(exc, Exception):
                raise
        finally:
            self._receipts = self._progress.receipts(number)

    async def _tell_refusal(self, number: int) -> None:
        """Have the audit know that the guard itself refused a group; what the ledger refuses is there already."""
        refusal = self._stopped_by
        if refusal is not None:
            detail = {"sha256": self._request.sha256, "group": number}
            await self._audit.refusal(
                self._request.actor, "put", refusal.rule, refusal.reason, detail, subject=self._request.request_id
            )

    async def _observe(self, *, is_last: bool) -> None:
        writes = self._writes
        if writes.settle_s and (writes.observe or not is_last):
            await anyio.sleep(writes.settle_s)
        if writes.observe:
            read = await read_once(self._bench.target, list(dict.fromkeys(writes.observe)))
            self._observations.append(tuple(read[name] for name in writes.observe))

    async def _finish(self) -> ApplyReport:
        """Store the last receipts and the report, whoever cancels; give the report as it was stored."""
        report = self._report()
        with anyio.CancelScope(shield=True):
            try:
                state = RequestState(report.status)
                row = await self._ledger.finish(report.request_id, self._receipts, state, to_wire(report))
                report = evolve(report, status=row.state.value)
            except RefusedError as exc:
                # This process was taken for dead: whoever took over has shown the open intents as doubts.
                reason = f"{report.reason}; {exc}"
                report = evolve(report, status=RequestState.IN_DOUBT.value, rule=exc.rule, reason=reason)
        return report

    def _report(self) -> ApplyReport:
        items = self._progress.items()
        return ApplyReport(
            request_id=self._request.request_id,
            status=conclude(items).value,
            items=items,
            observations=tuple(self._observations),
            restore=restore_of(self._writes, items),
            rule=self._stopped_by.rule if self._stopped_by else "",
            reason=summarise(items),
        )

    def _put_by(self) -> float:
        """Give the time after which nothing is sent: a process that was stopped meanwhile is too late."""
        return anyio.current_time() + self._bench.target.config.write_timeout_s

    def _intents(self, number: int) -> list[Intent]:
        return [_intent(self._bench.target.name, case) for case in self._cases[number]]

    def _note_refusals(self, number: int, verdicts: Sequence[Verdict]) -> bool:
        """Note that a group was refused just before its put; tell whether it was."""
        refusal = self._progress.note_refusals(number, verdicts)
        self._stopped_by = refusal or self._stopped_by
        return refusal is not None


def _cases_by_group(writes: ApprovedWrites, judged: Judged) -> list[list[Case]]:
    """Put the judged cases into their groups, with read-back and tolerance as they were approved."""
    groups: list[list[Case]] = [[] for _ in writes.groups]
    for verdict in judged.verdicts:
        case = verdict.case
        approved = writes.groups[case.group][case.index]
        case.readback, case.tolerance = approved.readback, approved.tolerance
        groups[case.group].append(case)
    return groups


def _intent(target: str, case: Case) -> Intent:
    dtype = case.info.dtype
    return Intent(
        target=target,
        channel=case.channel,
        group=case.group,
        index=case.index,
        value=packed(case.typed_value, dtype),
        before=None if case.before is None else packed(case.before.value, dtype),
        tolerance=case.tolerance,
        readback=case.readback,
    )
