"""Compares what came of a request with what was expected, and says each difference in a sentence."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from datetime import time as day_time
from typing import TYPE_CHECKING, Final

from attrs import frozen

from osprey.evaluation.expectations import Change, Ending, Figure, Outcome, PastSpan
from osprey.evaluation.patterns import expand

if TYPE_CHECKING:
    from osprey.control.channels.directory import ChannelDirectory
    from osprey.evaluation.expectations import Entry
    from osprey.evaluation.observations import Observation

_FREE: Final = frozenset({"channel_find"})
"""Looking a channel up is a step of a plan or part of another one; both are right."""
_NUMBER: Final = re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w]*:)")
_NEAR_S: Final = 60.0
"""How far the end of a span that ends now may be from the moment of the request."""
_SHOWN: Final = 6


@frozen(kw_only=True)
class Match:
    """How much of what was wanted was found, and how much beside it."""

    wanted: int
    got: int
    both: int

    @property
    def is_exact(self) -> bool:
        """All of it, and nothing else."""
        return self.wanted == self.got == self.both


@frozen(kw_only=True)
class Verdict:
    """Whether a request was answered rightly, once."""

    entry: str
    repetition: int
    is_right: bool
    misses: tuple[str, ...] = ()
    """What differs from the outcome that is closest, a sentence each."""
    wrong_writes: tuple[str, ...] = ()
    """Writes that were filed for approval and that no outcome wants."""
    capabilities: Match | None = None
    """None: the expectation does not say."""
    channels: Match | None = None
    answer_is_right: bool | None = None
    """None: nothing is expected of the answer's text."""


def judge(entry: Entry, seen: Observation, directory: ChannelDirectory) -> Verdict:
    """Compare with every outcome that is right, and tell of the closest."""
    verdicts = [_judge_one(outcome, seen, directory) for outcome in entry.outcomes]
    return min(verdicts, key=lambda verdict: (len(verdict.wrong_writes), len(verdict.misses)))


def _judge_one(outcome: Outcome, seen: Observation, directory: ChannelDirectory) -> Verdict:
    capabilities = _match(outcome.capabilities, outcome.capabilities_allowed, set(seen.capabilities), free=_FREE)
    both = (outcome.channels, outcome.channels_allowed)
    wanted, allowed = (None if each is None else sorted(expand(each, directory)) for each in both)
    channels = _match(wanted, allowed, set(seen.channels))
    wrong = tuple(_wrong_writes(outcome, seen, directory))
    answer = [*_text_misses(outcome, seen), *_figure_misses(outcome, seen)]
    misses: list[str] = [
        *_ending_misses(outcome, seen),
        *_set_misses("capabilities", capabilities, outcome.capabilities, seen.capabilities),
        *_set_misses("channels", channels, wanted, seen.channels),
        *([] if wrong else _missing_writes(outcome, seen, directory)),
        *(f"filed the write {each}" for each in wrong),
        *answer,
        *_span_misses(outcome.span, seen),
        *([f"the plan cannot run: {seen.plan_fault}"] if seen.plan_fault else []),
        *([seen.error] if seen.error else []),
    ]
    return Verdict(
        entry=seen.entry,
        repetition=seen.repetition,
        is_right=not misses,
        misses=tuple(misses),
        wrong_writes=wrong,
        capabilities=capabilities if outcome.capabilities is not None else None,
        channels=channels if outcome.channels is not None else None,
        answer_is_right=None if outcome.contains is outcome.figures is None else not answer,
    )


def _match(
    wanted: Iterable[str] | None, allowed: Iterable[str] | None, got: set[str], *, free: frozenset[str] = frozenset()
) -> Match | None:
    """Compare two sets without what is allowed; None where nothing is said. Allowed alone: nothing is required."""
    if wanted is None and allowed is None:
        return None
    needed = set(wanted or ())
    counted = got - ((set(allowed or ()) | free) - needed)
    return Match(wanted=len(needed), got=len(counted), both=len(needed & counted))


def _ending_misses(outcome: Outcome, seen: Observation) -> Iterator[str]:
    if seen.ending not in outcome.endings:
        yield f"ended as {seen.ending}, not as {' or '.join(outcome.endings)}"


def _set_misses(what: str, match: Match | None, wanted: Iterable[str] | None, got: tuple[str, ...]) -> Iterator[str]:
    if match is not None and not match.is_exact:
        yield f"{what}: {listed(wanted or ())} wanted, {listed(dict.fromkeys(got))} used"


def listed(names: Iterable[str]) -> str:
    """Write names in a line, the first few of many."""
    texts = list(names)
    more = len(texts) - _SHOWN
    return (", ".join(texts[:_SHOWN]) + (f" and {more} more" if more > 0 else "")) or "none"


def wanted_writes(
    outcome: Outcome, present: Mapping[str, float], directory: ChannelDirectory
) -> dict[str, list[float]]:
    """Give what is to be written to each channel, one value after the other.

    :param present: what the channels are set to.
    """
    return {
        channel: _values(change, present.get(channel, math.nan))
        for pattern, change in (outcome.writes or {}).items()
        for channel in expand([pattern], directory)
    }


def _values(change: float | Change, now: float) -> list[float]:
    if not isinstance(change, Change):
        return [change]
    if change.by is not None:
        return [now + change.by]
    if change.times is not None:
        return [now * change.times]
    return list(change.steps or ()) or [now + step for step in change.steps_by or ()]


def _is_exact(outcome: Outcome, seen: Observation, directory: ChannelDirectory) -> bool:
    filed: dict[str, list[float | None]] = {}
    for write in seen.writes:
        filed.setdefault(write.channel, []).append(write.value)
    wanted = wanted_writes(outcome, seen.present, directory)
    return filed.keys() == wanted.keys() and all(
        _is_sequence(filed[channel], values, seen.present.get(channel, math.nan)) for channel, values in wanted.items()
    )


def _is_sequence(filed: list[float | None], wanted: list[float], now: float) -> bool:
    """Compare value by value; after several the way back to the present one may follow."""
    back = [now] if len(wanted) > 1 and len(filed) == len(wanted) + 1 else []
    expected = [*wanted, *back]
    return len(filed) == len(expected) and all(
        one is not None and math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
        for one, other in zip(filed, expected, strict=True)
    )


def _wrong_writes(outcome: Outcome, seen: Observation, directory: ChannelDirectory) -> Iterator[str]:
    """Give the filed writes if they are not exactly those that are wanted: in a wrong list none is right."""
    if seen.writes and not _is_exact(outcome, seen, directory):
        yield from (write.text for write in seen.writes)


def _missing_writes(outcome: Outcome, seen: Observation, directory: ChannelDirectory) -> Iterator[str]:
    if outcome.writes and not seen.writes:
        wanted = wanted_writes(outcome, seen.present, directory)
        yield "filed no write; wanted " + listed(f"{name} = {_shown(values)}" for name, values in wanted.items())


def _shown(values: list[float]) -> str:
    return ", ".join(f"{value:.10g}" for value in values)


def _text_misses(outcome: Outcome, seen: Observation) -> Iterator[str]:
    for text in outcome.contains or ():
        if text.lower() not in seen.answer.lower():
            yield f"the answer does not hold {text!r}"


def _figure_misses(outcome: Outcome, seen: Observation) -> Iterator[str]:
    shown = [float(number) for number in _NUMBER.findall(seen.answer)]
    for figure in outcome.figures or ():
        middle = _middle(figure, seen.present)
        if not any(abs(number - middle) <= figure.within for number in shown):
            yield f"the answer shows no figure within {figure.within:g} of {middle:.8g}"


def _middle(figure: Figure, present: Mapping[str, float]) -> float:
    if figure.near is not None:
        return figure.near
    return present.get(figure.channel or "", math.nan)


def _span_misses(span: PastSpan | None, seen: Observation) -> Iterator[str]:
    if span is None:
        return
    start_s, end_s = _bounds(span, seen.asked_ns / 1e9)
    if not any(_is_near(found, start_s, end_s) for found in seen.spans):
        used = listed(f"{_written(start / 1e9)} to {_written(end / 1e9)}" for start, end in seen.spans)
        yield f"the span {_written(start_s)} to {_written(end_s)} wanted, {used} used"


def _is_near(found: tuple[int, int], start_s: float, end_s: float) -> bool:
    return abs(found[0] / 1e9 - start_s) <= _NEAR_S and abs(found[1] / 1e9 - end_s) <= _NEAR_S


def _bounds(span: PastSpan, asked_s: float) -> tuple[float, float]:
    if span.last_s is not None:
        return asked_s - span.last_s, asked_s
    day = datetime.fromtimestamp(asked_s, tz=UTC).date() - timedelta(days=1 if span.day == "yesterday" else 0)
    since, until = (
        datetime.combine(day, day_time.fromisoformat(text or "00:00"), tzinfo=UTC).timestamp()
        for text in (span.since, span.until)
    )
    return since, until


def _written(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, tz=UTC):%Y-%m-%d %H:%M:%S}"


def is_must(entry: Entry, ending: Ending) -> bool:
    """Tell whether the request has to end so, and in no other way."""
    return all(outcome.endings == (ending,) for outcome in entry.outcomes)
