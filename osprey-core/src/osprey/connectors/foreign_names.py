"""What the name of a channel may mean to a class of the seeds' kind, which does not say what its names are."""

from __future__ import annotations

import re
from typing import Final

from attrs import frozen

_FIELD: Final = re.compile(r"(?P<record>[^.]+)\.(?P<field>[A-Z][A-Z0-9]{0,3})(?P<modifier>[^A-Za-z0-9_].*)?")
"""What EPICS takes for a field of a record."""


@frozen(kw_only=True)
class ForeignName:
    """A name, as carefully read as if it were one of EPICS."""

    name: str | None
    """None where it is a second spelling of a channel: limits, rates and doubts go by one name."""
    field: str = "VAL"
    has_modifier: bool = False


def read_name(channel: str) -> ForeignName:
    """Take a name apart: ``X.DRVH`` is a field, ``X.VAL`` another spelling of ``X``, ``X.{...}`` modifies."""
    found = _FIELD.fullmatch(channel)
    if found is None:
        return ForeignName(name=channel, has_modifier=".{" in channel)
    field, has_modifier = found["field"], bool(found["modifier"])
    return ForeignName(name=None if field == "VAL" else found["record"], field=field, has_modifier=has_modifier)
