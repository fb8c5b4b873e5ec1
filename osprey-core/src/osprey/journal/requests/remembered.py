"""Remembered decisions: a person's approval of the same again, within a scope, a number of uses and a time."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Final

from attrs import evolve, field, frozen
from sqlalchemy import Connection, RowMapping, func, insert, select, update

from osprey.errors import UsageError
from osprey.journal.refusals import Refusal, granted
from osprey.journal.rows import encode
from osprey.journal.tables import DECISIONS, REMEMBERED
from osprey.journal.values import ActorLike, RequestRow

if TYPE_CHECKING:
    from osprey.journal.audit.chain import Audit
    from osprey.storage import Database

_WHAT: Final = "remembered"
_GRANTED: Final = "remembered.granted"
REVOKED: Final = "remembered.revoked"
"""The event of a revocation; the audit is asked for it as well as the row, which can be changed without the key."""
_USES: Final = ("request.approved", "request.voted")


@frozen(kw_only=True)
class NewRemembered:
    """A decision that a person wants to be remembered, within what the rules allow."""

    person: str
    roles: tuple[str, ...]
    is_authenticated: bool
    scope: Mapping[str, Any] = field(factory=dict[str, Any])
    """What it covers, in a form that the approval room reads; JSON."""
    target: str = ""
    max_uses: int
    ends_ns: int


@frozen(kw_only=True)
class RememberedRow:
    """A remembered decision as it is stored, with how often it was used."""

    id: str
    request_id: str
    """The request that was on the screen when it was given."""
    person: str
    roles: tuple[str, ...]
    is_authenticated: bool
    requester: str
    """Whose requests it covers."""
    kind: str
    target: str
    scope: Mapping[str, Any]
    max_uses: int
    uses: int
    granted_ns: int
    ends_ns: int
    revoked_by: str | None
    revoked_ns: int | None
    reason: str
    is_genuine: bool
    """Whether it is as it was given, by its seal."""

    def is_live(self, now_ns: int) -> bool:
        """Say whether it can still be used."""
        return self.is_genuine and self.revoked_ns is None and now_ns < self.ends_ns and self.uses < self.max_uses


class RememberedDecisions:
    """Keeps, lists and revokes remembered decisions."""

    def __init__(self, database: Database, clock: Callable[[], int], audit: Audit) -> None:
        self._database = database
        self._clock = clock
        self._audit = audit

    async def list(self) -> list[RememberedRow]:
        """Give every remembered decision there ever was, oldest first."""

        def read(connection: Connection) -> list[RememberedRow]:
            query = select(REMEMBERED).order_by(REMEMBERED.c.granted_ns, REMEMBERED.c.id)
            return [_row(connection, self._audit, values) for values in connection.execute(query).mappings()]

        return await self._database.read(read)

    async def revoke(self, remembered_id: str, actor: ActorLike, reason: str) -> RememberedRow:
        """Have a remembered decision cover nothing more; what it approved and is not yet carried out is refused too.

        :raises RefusedError: ``approval.remembered``: there is none of this id, or it was revoked before.
        """
        if not reason.strip():
            msg = "revoking a remembered decision needs a reason: others will read it"
            raise UsageError(msg)

        def work(connection: Connection) -> RememberedRow | Refusal:
            now_ns = self._clock()
            stored = connection.execute(select(REMEMBERED).where(REMEMBERED.c.id == remembered_id)).mappings().first()
            if stored is None or stored["revoked_ns"] is not None:
                told = f"there is no remembered decision {remembered_id!r} to revoke: `osprey approvals remembered`"
                refusal = Refusal("approval.remembered", told)
                return self._audit.refuse(
                    connection, refusal, actor=actor, what="revoke", subject=remembered_id, now_ns=now_ns
                )
            connection.execute(
                update(REMEMBERED)
                .where(REMEMBERED.c.id == remembered_id)
                .values(revoked_by=actor.subject, revoked_ns=now_ns, reason=reason)
            )
            self._audit.append(
                connection, event=REVOKED, actor=actor, subject=remembered_id, now_ns=now_ns, detail={"reason": reason}
            )
            fresh = connection.execute(select(REMEMBERED).where(REMEMBERED.c.id == remembered_id)).mappings().one()
            return _row(connection, self._audit, fresh)

        return granted(await self._database.safety.run(work))


def keep_remembered(
    connection: Connection, audit: Audit, row: RequestRow, new: NewRemembered, actor: ActorLike, now_ns: int
) -> str:
    """Store a remembered decision in the transaction of the approval that it comes with; give its id."""
    values: dict[str, Any] = {
        "id": f"mem-{token_hex(4)}",
        "request_id": row.id,
        "person": new.person,
        "roles": json.dumps(new.roles),
        "is_authenticated": int(new.is_authenticated),
        "requester": row.requester,
        "kind": row.kind,
        "target": new.target,
        "scope": encode(dict(new.scope), "the scope of a remembered decision"),
        "max_uses": new.max_uses,
        "granted_ns": now_ns,
        "ends_ns": new.ends_ns,
    }
    connection.execute(insert(REMEMBERED), {**values, "seal": audit.seal(_WHAT, tuple(values.values())), "reason": ""})
    told = {key: values[key] for key in ("kind", "requester", "target", "max_uses", "ends_ns")}
    audit.append(
        connection,
        event=_GRANTED,
        actor=actor,
        subject=str(values["id"]),
        now_ns=now_ns,
        detail={**told, "request": row.id, "scope": dict(new.scope)},
    )
    return str(values["id"])


def judge_use(connection: Connection, audit: Audit, remembered_id: str, now_ns: int) -> Refusal | None:
    """Refuse a remembered decision that may not speak once more."""
    refusal = judge_remembered(connection, audit, remembered_id)
    if refusal is not None:
        return refusal
    events = audit.history(connection, _GRANTED, remembered_id)
    if isinstance(events, Refusal):
        return events
    if not events:
        return _forged(remembered_id)
    if any(past.event == REVOKED and past.subject == remembered_id for past in events):
        return revoked(remembered_id)
    stored = connection.execute(select(REMEMBERED).where(REMEMBERED.c.id == remembered_id)).mappings().one()
    row = _row(connection, audit, stored)
    # By the audit as well: a decision that used it can be taken out of its table.
    told = sum(past.event in _USES and past.detail.get("remembered") == remembered_id for past in events)
    if evolve(row, uses=max(row.uses, told)).is_live(now_ns):
        return None
    return Refusal("approval.remembered", f"remembered decision {remembered_id} has been used up, or its time is over")


def judge_remembered(connection: Connection, audit: Audit, remembered_id: str) -> Refusal | None:
    """Refuse what a remembered decision approved if it was revoked, or is not as it was given."""
    stored = connection.execute(select(REMEMBERED).where(REMEMBERED.c.id == remembered_id)).mappings().first()
    if stored is None or not _is_genuine(audit, stored):
        return _forged(remembered_id)
    return None if stored["revoked_ns"] is None else revoked(remembered_id)


def revoked(remembered_id: str) -> Refusal:
    """Give the refusal of what a revoked decision would approve, or has approved."""
    return Refusal("approval.revoked", f"remembered decision {remembered_id} was revoked: a person has to decide")


def _forged(remembered_id: str) -> Refusal:
    told = f"remembered decision {remembered_id} is not as it was given: run `osprey audit verify`"
    return Refusal("approval.forged", told)


def _is_genuine(audit: Audit, stored: RowMapping) -> bool:
    sealed = tuple(stored[column.name] for column in REMEMBERED.columns)[:_SEALED]
    return hmac.compare_digest(audit.seal(_WHAT, sealed).encode(), str(stored["seal"]).encode())


_SEALED: Final = [column.name for column in REMEMBERED.columns].index("seal")
"""The seal is over the columns before it."""


def _row(connection: Connection, audit: Audit, values: RowMapping) -> RememberedRow:
    # Before it speaks once more the audit is asked as well (`judge_use`): a decision can be taken out of its table.
    uses = select(func.count()).where(DECISIONS.c.remembered == values["id"])
    plain = {name: values[name] for name in values if name not in ("seal", "roles", "scope", "is_authenticated")}
    is_genuine = _is_genuine(audit, values)
    # What was changed covers nothing, and need not even be JSON any more.
    roles, scope = (values["roles"], values["scope"]) if is_genuine else ("[]", "{}")
    return RememberedRow(
        **plain,
        roles=tuple(json.loads(roles)),
        scope=json.loads(scope),
        is_authenticated=bool(values["is_authenticated"]),
        uses=int(connection.execute(uses).scalar_one()),
        is_genuine=is_genuine,
    )
