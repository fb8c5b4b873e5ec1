"""What a program uses to read and to set the machine: seen in the sandbox as `osprey.runtime`.

Every call asks the broker. In a rehearsal a write only adds to the plan; what is read after it is what the
machine would show if it followed at once, and is reported as rehearsed.
"""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Callable

from . import GENERATED
from .link import ChannelError, ControlError

if TYPE_CHECKING:
    from .clock import Clock
    from .link import Link

__all__ = [
    "ChannelError",
    "ControlError",
    "archive",
    "channel_info",
    "channel_records",
    "inputs",
    "read_channel",
    "read_channels",
    "wait_until",
    "write_channel",
    "write_channels",
]

inputs: dict[str, Any] = {}
"""What the run was given: results of earlier steps, parameters."""

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}

_RAISE: Any = object()
"""The default of `missing`: a channel without a value is an error."""

_link: Link
_clock: Clock | None = None


def connect(link: Link, clock: Clock | None, given: Mapping[str, Any]) -> None:
    """Bind this module to its broker; called once, before the program starts."""
    global _link, _clock
    _link, _clock = link, clock
    inputs.update(given)


def caller_line() -> int | None:
    """Find the line of the program that led here."""
    frame = sys._getframe(1)  # noqa: SLF001 - `inspect` would cost every run an import
    while frame is not None:
        if frame.f_code.co_filename == GENERATED:
            return frame.f_lineno
        frame = frame.f_back
    return None


def read_channel(name: str) -> Any:
    """Read one channel now: a number, a text, or an array for a waveform."""
    return _value(read_full([_checked_name(name)])[0])


def read_channels(names: Iterable[str], *, missing: Any = _RAISE) -> dict[str, Any]:
    """Read many channels together.

    :param missing: what stands for a channel that cannot be read, or whose value the control system marks
        invalid; the run's warnings then name it. Without it an invalid value is given as it is, with a
        warning, and a channel that cannot be read raises.
    :raises ChannelError: without `missing`: one error names every channel that cannot be read, and why.
    """
    wanted = _checked_names(names)
    readings = _read(wanted, is_partial=missing is not _RAISE)
    if missing is _RAISE:
        return {name: _value(reading) for name, reading in zip(wanted, readings)}
    return {name: _value(reading) if _is_good(reading) else missing for name, reading in zip(wanted, readings)}


def read_full(names: list[str]) -> list[dict[str, Any]]:
    """Read with unit, severity and time stamp, for the stand-ins of other libraries."""
    return _read(names, is_partial=False)


def _read(names: list[str], *, is_partial: bool) -> list[dict[str, Any]]:
    if not names:
        return []
    once = list(dict.fromkeys(names))
    answers = dict(zip(once, _link.call("read", channels=once, partial=is_partial, line=caller_line())))
    return [answers[name] for name in names]


def write_channel(name: str, value: Any, unit: str | None = None) -> None:
    """Ask for one write; writes happen in the order asked, each after the one before is confirmed."""
    write_channels({name: value}, units=None if unit is None else {name: unit})


def write_channels(values: Mapping[str, Any], units: Mapping[str, str] | None = None) -> None:
    """Ask for writes that go out together, as one group.

    :param units: the unit that a value is meant in; one that is not the channel's is refused, not converted.
    """
    given = units or {}
    items = [
        {"channel": _checked_name(name), "value": plain_value(value, name), "unit": given.get(name)}
        for name, value in values.items()
    ]
    if not items:
        msg = "write_channels() was given no channel"
        raise ValueError(msg)
    _link.call("write", items=items, line=caller_line())
    if _clock is not None:
        _clock.mark_written()


def archive(
    names: str | Iterable[str],
    *,
    start_ns: int,
    end_ns: int,
    max_points: int = 2000,
    skip_missing: bool = False,
) -> dict[str, dict[str, Any]]:
    """Fetch past values.

    :param start_ns: nanoseconds since 1970-01-01 UTC, as `end_ns`.
    :param skip_missing: give an empty series for a channel that the archive cannot give, with a warning,
        instead of raising.
    :returns: name -> ``{"t": seconds since 1970, "v": values, "unit": ..., "reduced": ..., "coverage": ...}``, and
        ``"invalid"``: how many of the values are NaN because the archive marks them so; ``"before"``: the last sample
        before the span as ``[t, v]``, or None; ``"labels"``: of texts and states, what their numbers mean.
    """
    wanted = _checked_names([names] if isinstance(names, str) else names)
    if not wanted:
        return {}
    fields = {"channels": wanted, "start_ns": int(start_ns), "end_ns": int(end_ns), "max_points": int(max_points)}
    series = _link.call("archive", partial=bool(skip_missing), line=caller_line(), **fields)
    return dict(zip(wanted, series))


def channel_info(names: str | Iterable[str]) -> dict[str, dict[str, Any]]:
    """Ask the control system what channels are: unit, type, drive limits, labels, whether they can be written."""
    return _described("info", names)


def channel_records(names: str | Iterable[str]) -> dict[str, dict[str, Any]]:
    """Look channels up in the facility's list: device, family, sector, position, quantity, role, unit.

    Nothing is asked of the control system, so a channel that does not answer is found as well.
    """
    return _described("records", names)


def _described(op: str, names: str | Iterable[str]) -> dict[str, dict[str, Any]]:
    wanted = _checked_names([names] if isinstance(names, str) else names)
    return dict(zip(wanted, _link.call(op, channels=wanted, line=caller_line()))) if wanted else {}


def wait_until(condition: Callable[[], Any] | tuple[str, str, Any], timeout_s: float, *, period_s: float = 0.2) -> None:
    """Wait until a condition holds: a function without arguments, or ``(channel, "<", value)``.

    :raises TimeoutError: it did not hold in time. Rehearsing, after a write, the run ends there instead:
        a machine that is only simulated says nothing about how long a real one takes.
    """
    import time

    holds = _as_predicate(condition)
    end = time.monotonic() + timeout_s
    while not holds():
        if time.monotonic() >= end:
            if _clock is not None and _clock.is_rehearsing:
                _link.call("stalled", timeout_s=float(timeout_s), line=caller_line())
            msg = f"the condition did not hold within {timeout_s} s"
            raise TimeoutError(msg)
        time.sleep(period_s)


def _as_predicate(condition: Callable[[], Any] | tuple[str, str, Any]) -> Callable[[], Any]:
    if callable(condition):
        return condition
    name, sign, value = condition
    if sign not in _OPERATORS:
        msg = f"wait_until() knows {', '.join(_OPERATORS)}, not {sign!r}"
        raise ValueError(msg)
    compare = _OPERATORS[sign]
    return lambda: compare(read_channel(name), value)


def _checked_name(name: Any) -> str:
    if not isinstance(name, str) or not name.strip():
        msg = f"a channel's name is a text such as 'SR03C:HCM1:SP', not {name!r}"
        raise TypeError(msg)
    return str(name).strip()


def _checked_names(names: Iterable[str]) -> list[str]:
    if isinstance(names, str):
        msg = f"give a list of channel names; for one channel: read_channel({names!r})"
        raise TypeError(msg)
    return list(dict.fromkeys(_checked_name(name) for name in names))


def _is_good(reading: Mapping[str, Any]) -> bool:
    return "fault" not in reading and reading["severity"] != "invalid"


def _value(reading: Mapping[str, Any]) -> Any:
    value = reading["value"]
    return as_array(value) if isinstance(value, list) else value


def as_array(values: list[Any]) -> Any:
    """Give a waveform as a NumPy array where NumPy is installed, as people expect."""
    try:
        import numpy
    except ImportError:
        return values
    return numpy.asarray(values)


def plain_value(value: Any, name: str) -> Any:
    """Reduce what a program wants to write to a number, a text, or a flat list of them."""
    if hasattr(value, "tolist"):  # NumPy scalars and arrays
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [_plain_scalar(item, f"{name}[{index}]") for index, item in enumerate(value)]
    return _plain_scalar(value, name)


def _plain_scalar(value: Any, where: str) -> Any:
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, bool):
        return bool(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            msg = f"write to {where}: {value} is not a finite number, so nothing was planned"
            raise ValueError(msg)
        return float(value)
    msg = f"write to {where}: give a number, a text or a flat list of them, not {type(value).__name__}"
    raise TypeError(msg)
