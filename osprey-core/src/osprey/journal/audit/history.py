"""What the audit tells since an event: read from a part of its chain that is checked while it is read.

Whoever can write to the database without the audit's key can take a row out of the audit. That a row is missing from
the table therefore proves nothing; that it is missing from an unbroken part of the chain does.
"""

from __future__ import annotations

import hmac
import json
from typing import Any, Final

from attrs import frozen
from sqlalchemy import Connection, bindparam, select

from osprey.journal.audit.seal import FIRST_SEAL, SEALED_COLUMNS, seal_row
from osprey.journal.refusals import Refusal
from osprey.journal.tables import AUDIT
from osprey.storage.prepared import Prepared

_FIRST: Final = "SELECT min(seq) FROM audit WHERE subject = ? AND event = ?"
_BEFORE: Final = "SELECT mac FROM audit WHERE seq = ?"
_SINCE: Final = Prepared(
    select(*(AUDIT.c[name] for name in (*SEALED_COLUMNS, "mac")))
    .where(AUDIT.c.seq >= bindparam("first"))
    .order_by(AUDIT.c.seq)
)


@frozen(kw_only=True)
class PastEvent:
    """One genuine row of the audit."""

    seq: int
    event: str
    subject: str
    text: str
    """Its detail, as JSON."""

    @property
    def detail(self) -> dict[str, Any]:
        """What the row tells, parsed: only few of those that are read are asked."""
        return json.loads(self.text)


def history_since(connection: Connection, key: bytes, event: str, subject: str) -> list[PastEvent] | Refusal:
    """Give all events since the first of this kind about a subject, that one included; none if there is no such row.

    :returns: or the refusal ``audit.broken``: a row since then was changed, taken out, or written without the key.
    """
    first = connection.exec_driver_sql(_FIRST, (subject, event)).scalar()
    if first is None:
        return []
    before = connection.exec_driver_sql(_BEFORE, (first - 1,)).scalar()
    previous = FIRST_SEAL if first == 1 else str(before)
    events: list[PastEvent] = []
    for number, row in enumerate(_SINCE.execute(connection, first=first), start=first):
        values: tuple[Any, ...] = tuple(row)[:-1]
        mac = str(row.mac)
        if values[0] != number or not hmac.compare_digest(seal_row(key, previous, values).encode(), mac.encode()):
            return Refusal(
                "audit.broken",
                f"row {number} of the audit was changed, taken out, or written without the audit's key, so it cannot "
                f"be told what became of {subject}: nothing is carried out on it; run `osprey audit verify`",
            )
        events.append(PastEvent(seq=number, event=row.event, subject=row.subject, text=row.detail))
        previous = mac
    return events
