"""What the stub of the Appliance holds, seeded, and its operators as the Appliance's own documentation has them."""

from __future__ import annotations

import math
import random
import statistics
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from typing import Any

from appliance_wire import Event
from attrs import frozen

BEGIN = 1_700_000_000
"""2023-11-14 22:13:20 UTC; most channels begin here."""
NEW_YEAR = 1_704_067_200
"""2024-01-01 00:00:00 UTC."""


@frozen(kw_only=True)
class Channel:
    """One archived channel."""

    events: list[Event]
    kind: str = "DBR_SCALAR_DOUBLE"
    unit: str = ""
    elements: int = 1
    period_s: float = 1.0
    method: str = "MONITOR"
    is_paused: bool = False

    def between(self, first_ns: int, last_ns: int) -> list[Event]:
        """Give the samples from `first_ns` to `last_ns`, both taken in, and the last one before."""
        times = [event.time_ns for event in self.events]
        first, end = bisect_left(times, first_ns), bisect_right(times, last_ns)
        is_held = first > 0 and (first == len(times) or times[first] != first_ns)
        return self.events[first - is_held : end]


def make_store(big: int = 20_000) -> dict[str, Channel]:
    """Make the same channels each time."""
    rng = random.Random(7)
    return {
        "SR:CUR": Channel(events=_steady(rng, 7200), unit="mA", method="SCAN"),
        "SR:MON": Channel(events=_irregular(rng, 5000), unit="mm", period_s=0.1),
        "SR:BIG": Channel(events=_steady(rng, big, step_s=0.1), unit="K", period_s=0.1),
        "SR:PAUSED": Channel(events=_steady(rng, 60), is_paused=True, method="SCAN"),
        "SR:EMPTY": Channel(events=[]),
        "SR:NAN": Channel(events=_typed([1.5, math.nan, math.inf, -math.inf, 2.5])),
        "SR:INT": Channel(events=_typed([-(2**31), 0, 2**31 - 1]), kind="DBR_SCALAR_INT"),
        "SR:SHORT": Channel(events=_typed([-32768, 0, 32767]), kind="DBR_SCALAR_SHORT"),
        "SR:FLOAT": Channel(events=_typed([-0.5, 0.25, 1e10]), kind="DBR_SCALAR_FLOAT"),
        "SR:STATE": Channel(events=_typed([i // 50 % 3 for i in range(3000)]), kind="DBR_SCALAR_ENUM", period_s=0.1),
        "SR:TEXT": Channel(events=_typed(["Füllen", "a\nb\x1b\r", "", "Füllen"]), kind="DBR_SCALAR_STRING"),
        "SR:WAVE": Channel(events=_typed([[0.5] * 8] * 5), kind="DBR_WAVEFORM_DOUBLE", elements=8),
        "SR:WAVE5": Channel(events=_typed([[3.0, -1.0, 7.0, 2.0, 0.5]] * 5), kind="DBR_WAVEFORM_DOUBLE", elements=5),
        "SR:NEWYEAR": Channel(
            events=[Event(NEW_YEAR - 60 + i, i * 7_000_001, float(i), i % 4) for i in range(120)], method="SCAN"
        ),
        "SR:LOST": Channel(
            events=[
                Event(BEGIN, 5, 1.0),
                Event(BEGIN + 100, 5, 2.0, 3, 17, _lost(BEGIN + 50, BEGIN + 99)),
                Event(BEGIN + 101, 5, 3.0),
            ]
        ),
    }  # fmt: skip


def _lost(since: int, until: int) -> tuple[tuple[str, str], ...]:
    return ("cnxlostepsecs", str(since)), ("cnxregainedepsecs", str(until))


def _steady(rng: random.Random, count: int, step_s: float = 1.0) -> list[Event]:
    """A sample each step, a little late each time; some with an alarm."""
    events: list[Event] = []
    for number in range(count):
        time_ns = BEGIN * 10**9 + int(number * step_s * 1e9) + rng.randrange(10_000_000)
        severity = rng.choice([0] * 40 + [1, 2, 3])
        value = 9e9 if severity == 3 else 500 + rng.gauss(0, 1)
        events.append(Event(time_ns // 10**9, time_ns % 10**9, value, severity, severity and 3))
    return events


def _irregular(rng: random.Random, count: int) -> list[Event]:
    """Samples on change over some days."""
    time_ns, events = BEGIN * 10**9, []
    for _ in range(count):
        events.append(Event(time_ns // 10**9, time_ns % 10**9, rng.uniform(-1, 1)))
        time_ns += int(rng.expovariate(1 / 100) * 1e9) + 1
    return events


def _typed(values: Iterable[Any]) -> list[Event]:
    return [Event(BEGIN + number, 123_456_789, value) for number, value in enumerate(values)]


def apply_operator(name: str, argument: int, events: list[Event], first_ns: int, last_ns: int) -> list[Event]:
    """Reduce samples; the bins are those of ``seconds // width``, and their time is their middle."""
    numeric = {"mean": statistics.fmean, "median": statistics.median, "min": min, "max": max}
    plain = name.removesuffix("Sample")
    if name == "ncount":
        count = sum(first_ns <= event.time_ns <= last_ns for event in events)
        return [Event(first_ns // 10**9, first_ns // 10**6 % 1000 * 10**6, count)]
    if plain == "optimized":
        if len(events) <= argument:
            return events
        width = max(1, (last_ns // 10**9 - first_ns // 10**9) // argument)
        return _binned(events, width, first_ns, last_ns, _statistics)
    if plain in numeric:
        return _binned(events, argument, first_ns, last_ns, numeric[plain])
    bins: dict[int, Event] = {}
    for event in events:
        if name == "firstSample":
            bins.setdefault(event.secs // argument, event)
        elif name == "lastSample":
            bins[event.secs // argument] = event
        else:
            msg = f"no operator {name}"
            raise ValueError(msg)
    return list(bins.values())


def _statistics(values: list[float]) -> list[float]:
    deviation = statistics.stdev(values) if len(values) > 1 else 0.0
    return [statistics.fmean(values), deviation, min(values), max(values), float(len(values))]


def _binned(
    events: list[Event], width: int, first_ns: int, last_ns: int, collect: Callable[[list[float]], Any]
) -> list[Event]:
    """Collect bins; the sample before the span stands alone in the bin before the first."""
    bins: dict[int, list[Event]] = {}
    for event in events:
        is_before = event.time_ns < first_ns
        number = first_ns // 10**9 // width - 1 if is_before else event.secs // width
        bins.setdefault(number, []).append(event)
    nanos = 500_000_000 if width % 2 else 0
    return [
        Event(number * width + width // 2, nanos, collect([e.value for e in group]), max(e.severity for e in group))
        for number, group in bins.items()
    ]
