"""The guard: the one door to every machine. It judges batches, applies what was approved, and recovers.

What it is asked and what it answers are the plain values of `osprey.control.requests`, so that it can be its
own process. The order of its checks stands in `osprey.control.guard.checks`; after them come the ledger's claim,
the put, the fresh read-back and the receipt, in `osprey.control.guard.apply`.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import anyio

from osprey.config.schema import DemandArea, GuardMode
from osprey.control.guard.apply import Application
from osprey.control.guard.judging import Bench, Judged, Refusal, judge_batch
from osprey.control.guard.recovery import recover
from osprey.control.guard.remote import RemoteGuard
from osprey.control.guard.reports import ReportStatus, not_applied
from osprey.control.guard.server import GuardLike
from osprey.control.guard.standing import (
    find_age,
    find_alarm,
    find_change,
    find_drift,
    find_new_rules,
    find_refusal,
    find_unreachable,
    read_approved,
)
from osprey.control.payload import ApprovedWrites
from osprey.control.protocols import WritePolicy
from osprey.control.requests import ApplyReport, ApplyRequest, Judgement, JudgeRequest
from osprey.control.targets import targets_of
from osprey.errors import ConnectorError, RefusedError, StorageError
from osprey.journal import Journal, RequestRow, RequestState, journal_of

if TYPE_CHECKING:
    from osprey.project import Project


class Guard:
    """The guard of one project; get it with `guard_of`."""

    def __init__(self, project: Project, *, clock: Callable[[], int] = time.time_ns) -> None:
        self._project = project
        self._clock = clock
        self._recovering = anyio.Lock()
        self._in_flight: Counter[str] = Counter()

    async def judge(self, request: JudgeRequest) -> Judgement:
        """Judge a whole batch. Nothing is sent and nothing is stored.

        :raises RefusedError: the batch as such has no meaning (it is empty, for example).
        :raises ConfigError: there is no such target, its limits file cannot be used, or the configuration asks
            for more safety than this version gives.
        :raises ConnectorError: the target's control system cannot be reached at all.
        """
        judged = await self._judge(await self._bench(request.batch.target), request)
        return judged.judgement

    async def apply(self, request: ApplyRequest) -> ApplyReport:
        """Carry out an approved request: exactly its writes, each at most once.

        In this order: the stored document is what was approved; the whole batch is judged again, on fresh
        values; everything is still as the document says; the ledger gives its one claim. Only then is
        anything sent, by `Application`.

        Refusals are reported, not raised, and stand in the audit. A report of status ``approved`` says that
        nothing was claimed, for a reason that may pass (a channel moved or did not answer); the approval stands.

        :raises UsageError: there is no such request.
        """
        journal = journal_of(self._project)
        async with journal.audit.keeping(request.actor, "apply", request.request_id):
            row = await journal.requests.get(request.request_id)
        try:
            writes = read_approved(row, request.sha256)
            bench = await self._bench(writes.target)
            again = JudgeRequest(batch=writes.batch, actor=request.actor)
            judged = await self._judge(bench, again, is_renewal=True)
        except ConnectorError as exc:
            return await self._wait(journal, request, Refusal("target.unreachable", str(exc)))
        except RefusedError as exc:
            return await self._refuse(journal, request, Refusal(exc.rule, str(exc)))
        except Exception as exc:  # noqa: BLE001 - the guard's refusal: whatever fails before the claim refuses
            reason = f"the guard failed, which refuses: {type(exc).__name__}: {exc}"
            return await self._refuse(journal, request, Refusal("guard.error", reason))
        return await self._apply_judged(journal, bench, row, request, writes, judged)

    async def recover(self) -> tuple[ApplyReport, ...]:
        """Record what processes that died have left open. Reads back; never sends."""
        async with self._recovering:
            return await recover(targets_of(self._project), journal_of(self._project))

    async def _apply_judged(
        self,
        journal: Journal,
        bench: Bench,
        row: RequestRow,
        request: ApplyRequest,
        writes: ApprovedWrites,
        judged: Judged,
    ) -> ApplyReport:
        waiting = find_unreachable(judged)
        if waiting is not None:
            return await self._wait(journal, request, waiting)
        version = self._project.config.approval.version
        refusal = find_refusal(judged) or find_change(writes, judged) or find_new_rules(row, version, judged)
        if refusal is not None:
            return await self._refuse(journal, request, refusal)
        application = Application(bench, journal, request, writes, judged, clock=self._clock, in_flight=self._in_flight)
        now, read_timeout_s = anyio.current_time(), bench.target.config.read_timeout_s
        waiting = find_drift(writes, judged) or find_alarm(writes, judged)
        waiting = waiting or find_age(judged, now=now, read_timeout_s=read_timeout_s)
        if waiting is not None:
            return await self._wait(journal, request, waiting)
        return await self._claim_and_apply(journal, request, application)

    async def _claim_and_apply(self, journal: Journal, request: ApplyRequest, application: Application) -> ApplyReport:
        try:
            return await application.run()
        except RefusedError as exc:
            # The ledger has refused the claim and written its own audit row.
            return not_applied(request.request_id, ReportStatus.REFUSED, exc.rule, str(exc))
        except StorageError as exc:
            why = Refusal("ledger.unavailable", str(exc))
            detail = {"request": request.request_id, "sha256": request.sha256}
            with suppress(StorageError):  # told at once if it cannot even be kept; the approval is not given away
                await self._tell(journal, request, why, detail)
            row = await journal.requests.get(request.request_id)
            if row.state is not RequestState.APPROVED:
                raise
            return not_applied(request.request_id, ReportStatus.APPROVED, why.rule, why.reason)

    async def _wait(self, journal: Journal, request: ApplyRequest, why: Refusal) -> ApplyReport:
        return await self._not_applied(journal, request, ReportStatus.APPROVED, why)

    async def _refuse(self, journal: Journal, request: ApplyRequest, why: Refusal) -> ApplyReport:
        return await self._not_applied(journal, request, ReportStatus.REFUSED, why)

    async def _not_applied(
        self, journal: Journal, request: ApplyRequest, status: ReportStatus, why: Refusal
    ) -> ApplyReport:
        detail = {"request": request.request_id, "sha256": request.sha256, "status": status.value}
        await self._tell(journal, request, why, detail)
        return not_applied(request.request_id, status, why.rule, why.reason)

    async def _tell(self, journal: Journal, request: ApplyRequest, why: Refusal, detail: Mapping[str, str]) -> None:
        await journal.audit.refusal(request.actor, "apply", why.rule, why.reason, detail, subject=request.request_id)

    async def _bench(self, target: str) -> Bench:
        self._project.config.require(DemandArea.CONTROL)
        registry = self._project.registry
        return Bench(
            target=await targets_of(self._project).get(target),
            policies=self._policies(),
            withheld_policies=tuple(registry.policies_withheld),
            ledger=journal_of(self._project).ledger,
        )

    def _policies(self) -> Mapping[str, WritePolicy]:
        registry = self._project.registry
        return {name: _policy(registry.resolve("write_policies", name)) for name in registry.names("write_policies")}

    async def _judge(self, bench: Bench, request: JudgeRequest, *, is_renewal: bool = False) -> Judged:
        actor, now_ns = request.actor.subject, self._clock()
        return await judge_batch(bench, request.batch, actor=actor, now_ns=now_ns, is_renewal=is_renewal)


def guard_of(project: Project) -> GuardLike:
    """Give the guard of a project: its own, or the way to the process that `control_system.guard: socket` wants."""

    def build(owner: Project) -> GuardLike:
        is_apart = owner.config.control_system.guard is GuardMode.SOCKET
        return RemoteGuard(owner) if is_apart else Guard(owner)

    return project.part("guard", build)


def _policy(implementation: Any) -> WritePolicy:
    """Make one of a class; an object is used as it is."""
    return implementation() if isinstance(implementation, type) else implementation
