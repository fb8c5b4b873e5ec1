"""The halt: one switch that stops every write, in every process, until a person releases it.

It takes back what was approved and not begun; what is filed or approved later waits for the release.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from attrs import evolve
from sqlalchemy import Connection, select, update

from osprey.errors import UsageError
from osprey.journal.refusals import Refusal
from osprey.journal.requests.revoking import revoke_approved
from osprey.journal.tables import HALT
from osprey.journal.values import ActorLike, HaltState
from osprey.storage.prepared import Prepared

if TYPE_CHECKING:
    from osprey.journal.audit.chain import Audit
    from osprey.storage import Database


_STATE: Final = Prepared(select(HALT))


class Halt:
    """Sets, releases and shows the halt."""

    def __init__(self, database: Database, clock: Callable[[], int], audit: Audit) -> None:
        self._database = database
        self._clock = clock
        self._audit = audit

    async def state(self) -> HaltState:
        """Say whether writes are halted, by whom and why."""
        return await self._database.read(halt_state)

    async def set(self, actor: ActorLike, reason: str) -> HaltState:
        """Stop every write: no claim and no further group, in any process, from the moment this returns.

        Approvals that nobody has claimed are withdrawn.
        """
        return await self._change(actor, reason, is_set=True)

    async def release(self, actor: ActorLike, reason: str) -> HaltState:
        """Let writes happen again; each still needs its approval."""
        return await self._change(actor, reason, is_set=False)

    async def _change(self, actor: ActorLike, reason: str, *, is_set: bool) -> HaltState:
        if not reason.strip():
            msg = "a halt and its release need a reason: others will read it"
            raise UsageError(msg)

        def change(connection: Connection) -> HaltState:
            now_ns = self._clock()
            connection.execute(
                update(HALT).values(is_set=int(is_set), actor=actor.subject, reason=reason, since_ns=now_ns)
            )
            detail: dict[str, Any] = {"reason": reason}
            if is_set:
                detail["revoked"] = list(revoke_approved(connection, self._audit, actor, reason, now_ns))
            self._audit.append(
                connection,
                event="halt.set" if is_set else "halt.released",
                actor=actor,
                subject="",
                now_ns=now_ns,
                detail=detail,
            )
            return evolve(halt_state(connection), revoked=tuple(detail.get("revoked", ())))

        return await self._database.safety.run(change)


def halt_state(connection: Connection) -> HaltState:
    """Read the halt in the caller's transaction."""
    row = _STATE.execute(connection).one()
    return HaltState(is_set=bool(row.is_set), actor=row.actor, reason=row.reason, since_ns=row.since_ns)


def judge_halt(connection: Connection) -> Refusal | None:
    """Refuse if writes are halted."""
    state = halt_state(connection)
    if not state.is_set:
        return None
    return Refusal(
        "ledger.halted",
        f"writes are halted by {state.actor}: {state.reason}: `osprey halt --release --reason ...` ends it",
    )
