"""From what a person types to channels: exact names first, then devices, then words; never a guess."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from attrs import frozen

from osprey.errors import UsageError

if TYPE_CHECKING:
    from osprey.control import ChannelDirectory, ChannelRecord

_SHOWN = 10
_WORDLESS = frozenset({"a", "an", "of", "the", "in", "at", "on", "sector"})
_SECTOR = re.compile(r"\bsector\s+(\d{1,3})\b|\bs(\d{2})\b", re.IGNORECASE)
_ROLES = {"setpoint": ("setpoint",), "readback": ("readback", "computed"), "status": ("status",)}


@frozen(kw_only=True)
class Named:
    """A channel, and how it was asked for."""

    asked: str
    channel: str
    record: ChannelRecord | None = None


def readable(directory: ChannelDirectory, asked: Iterable[str]) -> list[Named]:
    """Give what is to be read: a channel, all channels of a device, or the one channel that words mean.

    A name that the directory does not know goes to the control system as it is: fields, modifiers and
    channels that no list has.

    :raises UsageError: words that mean several channels; the message lists them.
    """
    found = [named for name in asked for named in _readable(directory, name)]
    return list({named.channel: named for named in found}.values())


def settable(directory: ChannelDirectory, asked: str) -> Named:
    """Give the one channel that is to be written.

    :raises UsageError: it could be several; the message lists them, and nothing is guessed.
    """
    exact = _exact(directory, asked)
    if exact is not None:
        return exact
    candidates = _candidates(directory, asked)
    if not candidates and not _is_words(asked):
        return Named(asked=asked, channel=asked)
    setpoints = [record for record in candidates if record.role == "setpoint"]
    return _the_one(directory, asked, setpoints, "set points" if candidates else "channels")


def _readable(directory: ChannelDirectory, asked: str) -> list[Named]:
    exact = _exact(directory, asked)
    if exact is not None:
        return [exact]
    device = directory.named(asked)
    if device:
        return [Named(asked=asked, channel=record.name, record=record) for record in device]
    candidates = _candidates(directory, asked)
    if not candidates and not _is_words(asked):
        return [Named(asked=asked, channel=asked)]
    return [_the_one(directory, asked, candidates, "channels")]


def _exact(directory: ChannelDirectory, asked: str) -> Named | None:
    if not asked.strip():
        msg = "a channel's name is empty"
        raise UsageError(msg)
    record = directory.get(asked)
    if record is None:
        return None
    # NAME.VAL is asked of the control system as it was typed; an alias of the list is known here alone.
    is_own = asked in (record.name, f"{record.name}.VAL")
    return Named(asked=asked, channel=asked if is_own else record.name, record=record)


def _candidates(directory: ChannelDirectory, asked: str) -> list[ChannelRecord]:
    named = directory.named(asked)
    if named:
        return named
    sectors = [int(number or short) for number, short in _SECTOR.findall(asked)]
    plain = _SECTOR.sub(" ", asked) if sectors else asked
    words = [word for word in re.findall(r"[^\W_]+", plain.lower()) if word not in _WORDLESS]
    if not _is_words(asked):
        # One piece may be a word; with the marks of a name it is a name, and one that the list does not have.
        return [] if re.search(r"[^\w]", asked) else directory.matching([asked])
    roles = [role for word in words for role in _ROLES.get(word, ())]
    words = [word for word in words if word not in _ROLES]
    found = directory.matching(words, sectors=sectors) if words else []
    found = found or (directory.matching(words, sectors=sectors, with_descriptions=True) if words else [])
    return [record for record in found if record.role in roles] if roles else found


def _is_words(asked: str) -> bool:
    return len(asked.split()) > 1


def _the_one(directory: ChannelDirectory, asked: str, found: Sequence[ChannelRecord], kind: str) -> Named:
    if len(found) == 1:
        return Named(asked=asked, channel=found[0].name, record=found[0])
    if found:
        listed = "\n".join(f"  {line(record)}" for record in found[:_SHOWN])
        more = f"\n  ... and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        msg = f"'{asked}' could be any of {len(found)} {kind}; name one:\n{listed}{more}"
        raise UsageError(msg)
    near = directory.search(asked, limit=3)
    hint = "; did you mean\n" + "\n".join(f"  {line(record)}" for record in near) if near else ""
    msg = f"'{asked}' names no {kind.removesuffix('s')} of this target{hint}"
    raise UsageError(msg)


def line(record: ChannelRecord) -> str:
    """Give a channel with what it is."""
    return f"{record.name}  {record.description}".rstrip()
