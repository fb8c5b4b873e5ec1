"""The settings of the mock connector, and the faults that it can show."""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from attrs import Attribute, field, fields, frozen
from attrs.validators import optional

from osprey.control.values import Severity


class MockFault(StrEnum):
    """What can be wrong with a channel."""

    MISSING = "missing"
    """Nobody answers for the name."""
    SLOW = "slow"
    """Everything takes `slow_s`; a put lands then, also after its caller has given up."""
    CLIP = "clip"
    """A put completes, but only half of the change is made."""
    REJECT = "reject"
    """A put is answered with no."""
    READ_ONLY = "read_only"
    """The access rights take no put."""
    NAN = "nan"
    """Reads as NaN."""
    MINOR = "minor"
    """Reads with severity minor."""
    MAJOR = "major"
    """Reads with severity major."""
    INVALID = "invalid"
    """Reads with severity invalid."""
    FLAPPING = "flapping"
    """Every second access fails."""
    STALE = "stale"
    """Reads as it did when the fault began, with that time stamp."""
    GONE = "gone"
    """The connection is lost."""
    DISCONNECT = "disconnect"
    """The connection is lost by the next put: it lands, and nobody says so."""
    NO_COMPLETION = "no_completion"
    """A put lands, but its completion never comes."""
    OUT_OF_ORDER = "out_of_order"
    """A put completes, but lands only behind the next one, so that the older of two values stays."""


SEVERITIES = {
    MockFault.MINOR: Severity.MINOR,
    MockFault.MAJOR: Severity.MAJOR,
    MockFault.INVALID: Severity.INVALID,
}


def _is_positive_or_zero(_instance: object, attribute: Attribute[float], value: Any) -> None:
    if not (isinstance(value, int | float) and math.isfinite(value) and value >= 0):
        msg = f"{attribute.name} {value!r}: give a number of 0 or more"
        raise ValueError(msg)


def _fold_faults(faults: dict[str, Any]) -> dict[str, MockFault]:
    return {pattern: MockFault(fault) for pattern, fault in faults.items()}


@frozen(kw_only=True)
class MockSettings:
    """`control_system.connector.mock`, or the `settings` of a target of this connector."""

    seed: int = 0
    """Which values the channels have."""
    noise: float = field(default=0.001, validator=_is_positive_or_zero)
    """Of measured channels, in parts of their usual spread."""
    delay_s: float = field(default=0.0, validator=_is_positive_or_zero)
    """How long every answer takes."""
    slow_s: float = field(default=1.0, validator=_is_positive_or_zero)
    """How long a channel with the fault `slow` takes."""
    faults: dict[str, MockFault] = field(factory=dict[str, MockFault], converter=_fold_faults)
    """A name or glob pattern, and what is wrong with those channels; a name beats a pattern, an earlier pattern a
    later one."""
    enable_writes: bool = True
    """With false no channel can be written."""
    response_delay_ms: float | None = field(default=None, validator=optional(_is_positive_or_zero))
    """Older spelling of `delay_s`, in milliseconds."""
    noise_level: float | None = field(default=None, validator=optional(_is_positive_or_zero))
    """Older spelling of `noise`."""

    def __attrs_post_init__(self) -> None:
        for older, newer, factor in (("response_delay_ms", "delay_s", 1e-3), ("noise_level", "noise", 1.0)):
            given = getattr(self, older)
            if given is None:
                continue
            if getattr(self, newer) != getattr(fields(MockSettings), newer).default:
                msg = f"{older} and {newer} mean the same; keep only {newer}"
                raise ValueError(msg)
            object.__setattr__(self, newer, given * factor)


def fault_for(faults: dict[str, MockFault], record: str) -> MockFault | None:
    """Give what is wrong with a channel: by its name, else by the first pattern that it matches."""
    if record in faults:
        return faults[record]
    return next((faults[pattern] for pattern in matching(faults, record)), None)


def matching(patterns: Iterable[str], record: str) -> list[str]:
    """Give the patterns that a name matches."""
    return [pattern for pattern in patterns if fnmatch.fnmatchcase(record, pattern)]
