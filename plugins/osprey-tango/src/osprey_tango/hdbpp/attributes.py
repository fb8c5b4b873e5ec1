"""Archived attributes: where the samples of one are, and what they are."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

from attrs import frozen

from osprey.api import ErrorKind
from osprey_tango.hdbpp import statements
from osprey_tango.hdbpp.database import DatabaseError, Session
from osprey_tango.hdbpp.names import AttributeName

STATES: Final = (
    *("ON", "OFF", "CLOSE", "OPEN", "INSERT", "EXTRACT", "MOVING"),
    *("STANDBY", "FAULT", "INIT", "RUNNING", "ALARM", "DISABLE", "UNKNOWN"),
)
"""Tango's states, by number."""

_NOT_RECORDING: Final = frozenset({"STOP", "PAUSE", "REMOVE", "CRASH"})


class Kind(StrEnum):
    """What may be made of the samples."""

    NUMBER = "number"
    STEP = "step"
    """A truth value, a state, an enumeration: a mean of it is nothing."""
    TEXT = "text"


_STEPS: Final = frozenset({"DEV_BOOLEAN", "DEV_STATE", "DEV_ENUM"})


@frozen(kw_only=True)
class Attribute:
    """One row of `att_conf`."""

    id: int
    table: str
    type: str
    column: str
    """``value_r``; ``value_w`` of an attribute that is only written."""

    @property
    def kind(self) -> Kind:
        if self.type == "DEV_STRING":
            return Kind.TEXT
        return Kind.STEP if self.type in _STEPS else Kind.NUMBER


@frozen(kw_only=True)
class Facts:
    """What the archive knows of an attribute beside its samples."""

    unit: str = ""
    description: str = ""
    labels: tuple[str, ...] = ()
    status: str = ""

    @property
    def paused(self) -> str:
        """The archive's word if it does not record the attribute now."""
        return self.status if self.status in _NOT_RECORDING else ""


def find(session: Session, schema: str, name: AttributeName) -> Attribute:
    """Look an attribute up.

    :raises DatabaseError: it is not archived, it is archived more than once, or its samples are no scalars.
    """
    values = {"attribute": name.attribute, "host": name.host}
    rows = session.rows(statements.over(statements.FIND, schema=schema), values)
    if not rows:
        raise DatabaseError(ErrorKind.NOT_FOUND, "it is not archived")
    if len(rows) > 1:
        stored = ", ".join(row[1] for row in rows[:3])
        message = f"it is archived for several control systems; name one of {stored}"
        raise DatabaseError(ErrorKind.BAD_VALUE, message)
    id_, _, table, type_, shape, write = rows[0]
    if shape != "SCALAR":
        message = f"it is a {shape.lower()}; the past of arrays is not given"
        raise DatabaseError(ErrorKind.UNSUPPORTED, message)
    if type_ == "DEV_ENCODED":
        raise DatabaseError(ErrorKind.UNSUPPORTED, "it is encoded data, which has no value to show")
    return Attribute(id=id_, table=table, type=type_, column="value_w" if write == "WRITE" else "value_r")


def facts_of(session: Session, schema: str, attribute: Attribute) -> Facts:
    """Ask for the newest parameters of an attribute, and whether it is recorded now."""
    key = {"id": attribute.id}
    parameters = session.rows(statements.over(statements.PARAMETERS, schema=schema), key)
    events = session.rows(statements.over(statements.STATUS, schema=schema), key)
    # The columns differ between the versions of HDB++, so the row comes as one JSON object.
    known: dict[str, Any] = parameters[0][0] if parameters else {}
    labels = STATES if attribute.type == "DEV_STATE" else tuple(map(str, known.get("enum_labels") or ()))
    return Facts(
        unit=_said(known.get("unit")),
        description=_said(known.get("description")),
        labels=labels if attribute.kind is Kind.STEP else (),
        status=events[0][0] if events else "",
    )


def _said(text: Any) -> str:
    """Give a parameter; Tango has a text for one that nobody has set."""
    return "" if text is None or str(text) in ("No unit", "No description", "Not specified") else str(text)
