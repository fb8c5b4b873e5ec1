"""What a run asked for and did not get, in words: the reasons of an error, the lines of its warnings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

INVALID = "invalid"
"""The severity under which a control system says that a value means nothing."""

_NAMES_SHOWN = 5


def tell_all(faults: Iterable[tuple[str, str]]) -> str:
    """Name every channel with its reason; those of one reason stand together."""
    return "; ".join(f"{_subject(names)}: {reason}" for reason, names in _by_reason(faults).items())


def tell_gaps(faults: Sequence[tuple[str, str]], asked: int) -> str:
    """Say in one line what was left out of a read or fetch that went on without it."""
    told = [f"{_subject(names[:_NAMES_SHOWN])}{_more(names)}: {why}" for why, names in _by_reason(faults).items()]
    return f"no value from {len(faults)} of {asked} channels; {'; '.join(told)}"


def tell_invalid(names: Sequence[str]) -> str:
    """Say which values were used although the control system calls them invalid."""
    is_one = len(names) == 1
    what = "its value is marked invalid and was" if is_one else "their values are marked invalid and were"
    return f"{_subject(names[:_NAMES_SHOWN])}{_more(names)}: {what} used all the same"


def tell_left_out(channel: str, answer: Mapping[str, Any]) -> str:
    """Say how many samples of an archive are gaps because they are marked invalid."""
    count, of = answer["invalid"], len(answer["v"])
    are = "is" if count == 1 else "are"
    return f"{_subject([channel])}: {count} of {of} archived samples {are} marked invalid and left out"


def gap_of(channel: str, answer: Mapping[str, Any]) -> tuple[str, str] | None:
    """Give channel and reason if an answer, as it crosses the socket, holds no value to rely on."""
    if "fault" in answer:
        return channel, str(answer["fault"])
    if answer.get("severity") == INVALID:
        alarm = f" ({answer['alarm']})" if answer.get("alarm") else ""
        return channel, f"its value is marked invalid{alarm}"
    return None


def _by_reason(faults: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for channel, reason in faults:
        found.setdefault(reason, []).append(channel)
    return found


def _subject(names: Sequence[str]) -> str:
    return f"channel{'' if len(names) == 1 else 's'} {', '.join(map(repr, names))}"


def _more(names: Sequence[str]) -> str:
    rest = len(names) - _NAMES_SHOWN
    return f" and {rest} more" if rest > 0 else ""
