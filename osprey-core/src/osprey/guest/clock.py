"""Time in a run. A rehearsal has its own: the same program sees the same times in every pass.

Rehearsing (`dry`), the clock starts at a given instant and moves by what the program sleeps. Until the
first intended write the sleeps are real too, because the reads between them are results; after it nothing
is real any more and waiting would be idle. Observing, it is the other way round: until the first write
the reads come from the record, so nothing is waited for; from then on time is real.
"""

from __future__ import annotations

import math
import time as _time
from typing import Any, Callable

_real_sleep = _time.sleep
_real_monotonic_ns = _time.monotonic_ns

_TICK_NS = 1_000
_LONG_TICK_NS = 1_000_000
_PATIENCE = 1_000
"""Clock readings in a row, without a sleep, after which a tick is long: a busy wait must end."""

_MONOTONIC_START_NS = 1_000_000_000_000
"""Where `monotonic` starts; its origin has no meaning, but nobody expects it below zero after a subtraction."""


class Clock:
    """The clock of a rehearsal or of its observation."""

    def __init__(self, mode: str, start_ns: int, note_sleep: Callable[[float], None]) -> None:
        self._mode = mode
        self._start_ns = start_ns
        self._now_ns = start_ns
        self._readings = 0
        self._has_written = False
        self._real_since_ns: int | None = None
        self._note_sleep = note_sleep

    @property
    def is_real(self) -> bool:
        return self._real_since_ns is not None

    @property
    def is_rehearsing(self) -> bool:
        """True once what is read may differ from what the machine would really show."""
        return self._mode == "dry" and self._has_written

    def now_ns(self) -> int:
        """Give the run's time of day."""
        if self._real_since_ns is not None:
            return self._now_ns + _real_monotonic_ns() - self._real_since_ns
        self._readings += 1
        self._now_ns += _TICK_NS if self._readings < _PATIENCE else _LONG_TICK_NS
        return self._now_ns

    def monotonic_ns(self) -> int:
        return self.now_ns() - self._start_ns + _MONOTONIC_START_NS

    def sleep(self, seconds: float) -> None:
        """Let the run's time pass."""
        seconds = float(seconds)
        if not math.isfinite(seconds) or seconds < 0:
            msg = f"sleep length must be a finite number of seconds, not {seconds}"
            raise ValueError(msg)
        if self.is_real:
            _real_sleep(seconds)
            return
        self._readings = 0
        self._now_ns += int(seconds * 1e9)
        if self._mode == "dry":
            if not self._has_written:
                _real_sleep(seconds)
            self._note_sleep(seconds)

    def mark_written(self) -> None:
        """Change sides at the first write."""
        if self._mode == "observe" and not self._has_written:
            self._real_since_ns = _real_monotonic_ns()
        self._has_written = True


def install_clock(clock: Clock) -> None:
    """Let `time`, `datetime` and event loops ask `clock`."""
    _replace_time(clock)
    _replace_datetime(clock)
    _replace_selectors(clock)


def _replace_time(clock: Clock) -> None:
    real_clock_gettime = _time.clock_gettime
    wall, steady = _time.CLOCK_REALTIME, _time.CLOCK_MONOTONIC

    def clock_gettime_ns(which: int) -> int:
        if which == wall:
            return clock.now_ns()
        return clock.monotonic_ns() if which == steady else int(real_clock_gettime(which) * 1e9)

    def at(convert: Callable[[float], Any]) -> Callable[..., Any]:
        return lambda secs=None: convert(clock.now_ns() / 1e9 if secs is None else secs)

    real_strftime, real_localtime = _time.strftime, _time.localtime
    replacements: dict[str, Any] = {
        "sleep": clock.sleep,
        "time": lambda: clock.now_ns() / 1e9,
        "time_ns": clock.now_ns,
        "monotonic": lambda: clock.monotonic_ns() / 1e9,
        "monotonic_ns": clock.monotonic_ns,
        "perf_counter": lambda: clock.monotonic_ns() / 1e9,
        "perf_counter_ns": clock.monotonic_ns,
        "clock_gettime": lambda which: clock_gettime_ns(which) / 1e9,
        "clock_gettime_ns": clock_gettime_ns,
        "localtime": at(real_localtime),
        "gmtime": at(_time.gmtime),
        "ctime": at(_time.ctime),
        "asctime": _asctime_at(clock, real_localtime),
        "strftime": lambda text, when=None: real_strftime(
            text, real_localtime(clock.now_ns() / 1e9) if when is None else when
        ),
    }
    for name, function in replacements.items():
        setattr(_time, name, function)


def _asctime_at(clock: Clock, real_localtime: Callable[[float], Any]) -> Callable[..., str]:
    real_asctime = _time.asctime
    return lambda when=None: real_asctime(real_localtime(clock.now_ns() / 1e9) if when is None else when)


def _replace_datetime(clock: Clock) -> None:
    import datetime as module

    real_datetime, real_date = module.datetime, module.date

    class OfDatetime(type):
        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, real_datetime)

        def __subclasscheck__(cls, subclass: type) -> bool:
            return issubclass(subclass, real_datetime)

    class OfDate(type):
        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, real_date)

        def __subclasscheck__(cls, subclass: type) -> bool:
            return issubclass(subclass, real_date)

    # The C classes read the machine's clock themselves and cannot be changed, so subclasses stand in.
    class datetime(real_datetime, metaclass=OfDatetime):  # noqa: N801 - its name is seen by the program
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return cls.fromtimestamp(clock.now_ns() / 1e9, tz)

        @classmethod
        def utcnow(cls) -> Any:
            return cls.fromtimestamp(clock.now_ns() / 1e9, module.timezone.utc).replace(tzinfo=None)

        @classmethod
        def today(cls) -> Any:
            return cls.now()

    class date(real_date, metaclass=OfDate):  # noqa: N801 - its name is seen by the program
        @classmethod
        def today(cls) -> Any:
            return cls.fromtimestamp(clock.now_ns() / 1e9)

    for stand_in in (datetime, date):
        stand_in.__module__ = "datetime"
        stand_in.__qualname__ = stand_in.__name__
        setattr(module, stand_in.__name__, stand_in)
    _show_to_extensions(module, {"datetime": real_datetime, "date": real_date})


def _show_to_extensions(module: Any, real: dict[str, type]) -> None:
    """Let modules in C find the real classes while they start: they build upon their memory layout (pandas does)."""
    from importlib.machinery import ExtensionFileLoader

    ours = {name: getattr(module, name) for name in real}
    depth = [0]  # one such module may import another

    def around(original: Callable[..., Any]) -> Callable[..., Any]:
        def load(self: Any, what: Any) -> Any:
            depth[0] += 1
            vars(module).update(real)
            try:
                return original(self, what)
            finally:
                depth[0] -= 1
                if not depth[0]:
                    vars(module).update(ours)

        return load

    loader: Any = ExtensionFileLoader
    loader.create_module = around(loader.create_module)
    loader.exec_module = around(loader.exec_module)


def _replace_selectors(clock: Clock) -> None:
    """Let an event loop that waits for its next timer move the run's clock instead of the real one."""
    import selectors

    def patch(selector: Any) -> None:
        real_select = selector.select

        def select(self: Any, timeout: float | None = None) -> Any:
            if timeout is None or timeout <= 0 or clock.is_real:
                return real_select(self, timeout)
            ready = real_select(self, 0)
            if ready:
                return ready
            clock.sleep(timeout)
            return real_select(self, 0)

        selector.select = select

    for name in ("SelectSelector", "PollSelector", "EpollSelector"):
        if hasattr(selectors, name):
            patch(getattr(selectors, name))
