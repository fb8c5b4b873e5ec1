"""The ledger: intents before the puts, receipts after them, and what becomes of those that have none.

Its promise is *at most once, every doubt shown*. Every method is one transaction on the safety writer,
durable when it returns.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from osprey.errors import UsageError
from osprey.journal.ledger import claims, effects, intents, recovery
from osprey.journal.ledger.claims import Books, Opening
from osprey.journal.ledger.effects import Closing
from osprey.journal.refusals import Refusal, granted
from osprey.journal.rows import encode, intent_values
from osprey.journal.values import (
    CONCLUSIONS,
    ActorLike,
    Intent,
    IntentRow,
    IntentState,
    Receipt,
    RequestRow,
    RequestState,
    Settlement,
)

if TYPE_CHECKING:
    from osprey.storage import Database


class Ledger:
    """Claims approved requests, records their writes, and recovers those of dead processes."""

    def __init__(self, database: Database, books: Books) -> None:
        self._database = database
        self._books = books
        self._has_looked = False

    async def claim(
        self,
        request_id: str,
        sha256: str,
        actor: ActorLike,
        first: Sequence[Intent],
        *,
        groups: int | None = None,
    ) -> RequestRow:
        """Claim an approved request, once, and open the intents of its first group.

        Nothing may be sent before this returns.

        :param groups: how many groups the request has; by default those in its document's ``writes``.
        :raises RefusedError: ``approval.<word>`` (not approved, another hash, a changed document, expired, a
            clock that went back), ``ledger.halted``, ``ledger.fenced``, ``ledger.channel_busy``,
            ``ledger.in_doubt``, ``ledger.duplicate``. The request stays as it was.
        """
        opening = _opening(first)

        def work(connection: Connection) -> RequestRow | Refusal:
            return claims.claim(connection, self._books, request_id, sha256, actor, opening, groups)

        return granted(await self._database.safety.run(work))

    async def spend(
        self,
        request_id: str,
        sha256: str,
        actor: ActorLike,
        effect: Callable[[Connection, RequestRow], Mapping[str, Any]],
    ) -> RequestRow:
        """Carry out an approved request whose whole effect lies in this database: exactly once, or not at all.

        :param effect: does it in the transaction, from the stored document alone, and gives the report.
        :raises RefusedError: as `claim`; whatever `effect` raises leaves the request approved.
        """

        def work(connection: Connection) -> RequestRow | Refusal:
            return claims.spend(connection, self._books, request_id, sha256, actor, effect)

        async with self._books.audit.keeping(actor, "claim", request_id):
            return granted(await self._database.safety.run(work))

    async def advance(self, request_id: str, receipts: Sequence[Receipt], following: Sequence[Intent]) -> RequestRow:
        """Record what became of the last group, and open the intents of the next.

        :raises RefusedError: the next group must not be sent: ``ledger.not_confirmed``, ``approval.expired``,
            ``approval.clock``, ``ledger.halted``, or a busy channel. The receipts are recorded all the same;
            `finish` ends the request. After ``ledger.fenced`` or ``ledger.not_owner`` they stand in the audit only.
        """
        closing, opening = _closing(receipts), _opening(following)

        def work(connection: Connection) -> RequestRow | Refusal:
            return effects.advance(connection, self._books, request_id, closing, opening)

        return granted(await self._database.safety.run(work))

    async def finish(
        self,
        request_id: str,
        receipts: Sequence[Receipt],
        state: RequestState,
        report: Mapping[str, Any],
    ) -> RequestRow:
        """Record what became of the last group, and end the request.

        The row that is returned tells how it really ended: `in_doubt` if any intent is in doubt.

        :raises RefusedError: ``ledger.fenced`` or ``ledger.not_owner``: another process has taken it over.
        """
        if state not in CONCLUSIONS:
            msg = f"a request cannot end as {state}: use one of {', '.join(sorted(CONCLUSIONS))}"
            raise UsageError(msg)
        closing, text = _closing(receipts), encode(dict(report), "a report")

        def work(connection: Connection) -> RequestRow | Refusal:
            return effects.finish(connection, self._books, request_id, closing, state, text)

        return granted(await self._database.safety.run(work))

    async def orphans(self) -> builtins.list[IntentRow]:
        """Take over dead owners and give their open intents; live and stopped processes keep theirs."""
        found, _ = await self._orphans()
        return found

    async def orphan_requests(self) -> builtins.list[RequestRow]:
        """Take over dead owners and give their claimed requests, those without open intents included."""
        _, requests = await self._orphans()
        return requests

    async def may_have_orphans(self) -> bool:
        """Say whether looking for orphans is worth its commit: whether any other owner, dead or alive, has work.

        The first answer is always yes: to look also sweeps what dead owners have left in the folder of locks.
        """
        if self._has_looked:
            return await self._database.read(self._is_work_of_others)
        self._has_looked = True
        return True

    async def _orphans(self) -> tuple[builtins.list[IntentRow], builtins.list[RequestRow]]:
        return await self._database.safety.run(lambda connection: recovery.find_orphans(connection, self._books))

    def _is_work_of_others(self, connection: Connection) -> bool:
        return recovery.is_work_of_others(connection, self._books.owner.id)

    async def record_recovery(
        self,
        intent: IntentRow,
        present: bool,
        readback: Any,
        reason: str,
        *,
        actor: ActorLike = recovery.RECOVERER,
    ) -> IntentRow:
        """Record what read-back shows of an orphan: present after the crash, or in doubt. Nothing is sent."""

        def work(connection: Connection) -> IntentRow | Refusal:
            return recovery.record_recovery(
                connection,
                self._books,
                intent.id,
                actor,
                is_present=present,
                readback=readback,
                reason=reason,
            )

        return granted(await self._database.safety.run(work))

    async def conclude_recovery(
        self,
        request_id: str,
        *,
        report: Mapping[str, Any] | None = None,
        actor: ActorLike = recovery.RECOVERER,
    ) -> RequestRow:
        """End a request of a dead owner once all its open intents are recorded.

        All landed and no group left: done. Any doubt: in_doubt. Some sent: partial. Nothing sent: failed.

        :param report: stored instead of the ledger's own report.
        """
        text = None if report is None else encode(dict(report), "a report")

        def work(connection: Connection) -> RequestRow | Refusal:
            return recovery.conclude(connection, self._books, request_id, actor, text)

        row = granted(await self._database.safety.run(work))
        await self._release_if_done(row.owner)
        return row

    async def _release_if_done(self, owner_id: str | None) -> None:
        def work(connection: Connection) -> None:
            if owner_id is not None and not intents.has_work(connection, owner_id):
                self._books.owner.release_taken(owner_id)

        await self._database.safety.run(work)

    async def doubts(self) -> builtins.list[IntentRow]:
        """Give every intent that waits for a person's word."""
        return [row for row in await self.list() if row.state is IntentState.IN_DOUBT]

    async def settle(self, intent_id: int, actor: ActorLike, how: Settlement | str, reason: str) -> IntentRow:
        """Record a person's word on an intent in doubt; then its channel may be written again.

        The request stays `in_doubt`: that is how it ended.

        :raises RefusedError: ``ledger.unknown``, or ``ledger.<state>`` if it is not in doubt.
        """
        if how not in set(Settlement):
            msg = f"{how!r} does not settle a doubt: say 'landed' or 'did_not_land'"
            raise UsageError(msg)
        if not reason.strip():
            msg = "settling a doubt needs a reason: say how you know"
            raise UsageError(msg)

        def work(connection: Connection) -> IntentRow | Refusal:
            return recovery.settle(connection, self._books, intent_id, actor, Settlement(how), reason)

        return granted(await self._database.safety.run(work))

    async def list(self, *, unresolved_only: bool = True) -> builtins.list[IntentRow]:
        """Give the intents that are open or in doubt, or with ``unresolved_only=False`` all of them."""
        return await self._database.read(
            lambda connection: intents.list_intents(connection, is_unresolved=unresolved_only)
        )

    async def intents_of(self, request_id: str) -> builtins.list[IntentRow]:
        """Give all intents of a request, in the order in which they were opened."""
        return await self._database.read(lambda connection: intents.intents_of(connection, request_id))

    async def recent_writes(self, target: str, channel: str, since_ns: int) -> builtins.list[IntentRow]:
        """Give the writes to a channel since then that were, or may have been, taken; oldest first."""
        found = await self.recent_writes_of(target, [channel], since_ns)
        return found[channel]

    async def recent_writes_of(
        self, target: str, channels: Sequence[str], since_ns: int
    ) -> dict[str, builtins.list[IntentRow]]:
        """Give for each channel the writes since then that were, or may have been, taken; oldest first."""
        return await self._database.read(
            lambda connection: intents.recent_writes(connection, target, channels, since_ns)
        )

    async def recent_writes_to(self, target: str, since_ns: int) -> builtins.list[IntentRow]:
        """Give the writes to any channel of a target since then that were, or may have been, taken; oldest first."""
        return await self._database.read(lambda connection: intents.recent_writes_to(connection, target, since_ns))


def _opening(group: Sequence[Intent]) -> Opening:
    return Opening(rows=[intent_values(intent) for intent in group])


def _closing(receipts: Sequence[Receipt]) -> Closing:
    observed = [encode(receipt.readback, "a read-back") for receipt in receipts]
    return Closing(receipts=tuple(receipts), observed=observed)
