"""The parts of a channel's name: record, field, and channel modifiers.

The rule is that of `pvNameLookup` in EPICS base: the record's name ends at the first full stop, the field's
name follows, and whatever comes then modifies the value on its way (`$`, an array range, a JSON filter).
"""

from __future__ import annotations

import re

from attrs import frozen

_FIELD = re.compile(r"[A-Za-z0-9_]*")
_MODIFIER_IN_RECORD = re.compile(r"[${]")
_NOT_IN_A_NAME = re.compile(r"[\x00-\x20\x7f]")


@frozen
class ChannelName:
    """A channel's name, taken apart."""

    record: str
    field: str
    modifier: str

    @property
    def is_value_field(self) -> bool:
        return self.field == "VAL"

    @property
    def reads_as_text(self) -> bool:
        """True for the long-string modifier, which hands a text over as an array of characters."""
        return self.modifier.startswith("$")


def parse_name(name: str) -> ChannelName:
    """Take a channel's name apart; a name without a field means the field `VAL`."""
    record, _, rest = name.partition(".")
    inside = _MODIFIER_IN_RECORD.search(record)
    if inside:
        # Not a record's name on any server; whoever writes `X$` or `X{...}` means a modifier.
        return ChannelName(record[: inside.start()], "VAL", name[inside.start() :])
    match = _FIELD.match(rest)
    field = match.group() if match else ""
    return ChannelName(record, field or "VAL", rest[len(field) :])


def explain_bad_name(name: str) -> str:
    """Say why libca must not be given this name; empty if it may."""
    if not name:
        return "a channel's name cannot be empty"
    if "{" not in name and _NOT_IN_A_NAME.search(name):
        return f"{name!r} is not a channel's name: it contains a blank or a control character"
    if "\0" in name:
        return f"{name!r} is not a channel's name: it contains a null character"
    return ""
