"""What a channel's name tells where its database does not: role, quantity, and the read-back of a set point."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

import attrs

from osprey.control.values import ChannelRecord

_SUFFIXES: Final = {
    "setpoint": ("setpoint", "set_point", "set", "setting", "sp", "demand", "command", "cmd"),
    "readback": ("readback", "read_back", "rbv", "rb", "get", "monitor", "mon", "actual"),
    "status": ("status", "state", "fault", "ready", "valid", "interlock", "enabled", "on"),
}
# A suffix begins after a sign, or where small letters and figures turn to capitals: ValveSetPoint, XSetPoint.
_BORDER: Final = r"(?:(?:^|[:_./\-\]\s])(?i:{0})|(?:(?<=[a-z0-9])|(?<=[XYZ]))(?=[A-Z])(?i:{0}))$"
_ENDINGS: Final = {role: re.compile(_BORDER.format("|".join(words))) for role, words in _SUFFIXES.items()}
_QUANTITIES: Final = (
    "current", "voltage", "pressure", "temperature", "frequency", "power", "energy", "phase", "amplitude", "field",
    "gap", "flow", "level", "position", "lifetime", "tune", "intensity", "dose", "humidity", "charge", "x", "y",
)  # fmt: skip
_PIECES: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def role_of(name: str) -> str:
    """Give the role that the end of a name tells; `readback` where it tells nothing."""
    return next((role for role, ending in _ENDINGS.items() if ending.search(name)), "readback")


def quantity_of(texts: Iterable[str]) -> str:
    """Give what is measured or set, by the first text that has a word for it; empty if none has."""
    for text in texts:
        pieces = [piece.lower() for piece in _PIECES.findall(text)]
        for known in _QUANTITIES:
            if known in pieces:
                return known
    return ""


def with_readbacks(records: Sequence[ChannelRecord]) -> list[ChannelRecord]:
    """Give each set point the read-back whose name differs in its role alone."""
    ending = _ENDINGS["readback"]
    backs = {ending.sub("", r.name): r.name for r in records if r.role == "readback" and ending.search(r.name)}
    # A read-back without a suffix of its own: SR:HCM03 beside SR:HCM03:SP.
    plain = {r.name: r.name for r in records if r.role == "readback"}
    given: list[ChannelRecord] = []
    for record in records:
        stem = _ENDINGS["setpoint"].sub("", record.name)
        found = None if record.role != "setpoint" or stem == record.name else backs.get(stem) or plain.get(stem)
        given.append(attrs.evolve(record, readback=found) if found and record.readback is None else record)
    return given


def without_doubles(records: Iterable[ChannelRecord]) -> list[ChannelRecord]:
    """Give each channel once: further entries of one name add the aliases under which it is also found."""
    found: dict[str, ChannelRecord] = {}
    for record in records:
        first = found.get(record.name)
        if first is None:
            found[record.name] = record
        elif more := tuple(alias for alias in record.aliases if alias not in first.aliases):
            found[record.name] = attrs.evolve(first, aliases=(*first.aliases, *more))
    return list(found.values())
