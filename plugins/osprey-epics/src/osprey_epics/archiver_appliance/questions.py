"""What to ask of the retrieval side, so that no more samples come back than the budget allows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from attrs import frozen

from osprey.api import ArchiveSpan
from osprey_epics.archiver_appliance.settings import Reduction

_SECOND_NS: Final = 10**9
_MILLISECOND_NS: Final = 10**6

_WORDS: Final = {
    Reduction.OPTIMIZED: "mean",
    Reduction.FIRST_SAMPLE: "first sample",
    Reduction.LAST_SAMPLE: "last sample",
}
# The variants that leave an empty bin empty; the plain operators repeat the value of the bin before it.
_OPERATORS: Final = {
    Reduction.OPTIMIZED: "optimizedSample",
    Reduction.MEAN: "meanSample",
    Reduction.MEDIAN: "medianSample",
    Reduction.MIN: "minSample",
    Reduction.MAX: "maxSample",
    Reduction.FIRST_SAMPLE: "firstSample",
    Reduction.LAST_SAMPLE: "lastSample",
}


@frozen(kw_only=True)
class Question:
    """One question for samples."""

    reduction: Reduction | None
    """None: all samples."""
    argument: int = 0
    """Of the operator: a number of points (`optimized`), else the width of a bin in seconds."""
    width_s: int = 0
    """The width of a bin, if the server bins."""

    def expression(self, channel: str) -> str:
        """Give it as the parameter ``pv``."""
        if self.reduction is None:
            return channel
        return f"{_OPERATORS[self.reduction]}_{self.argument}({channel})"

    @property
    def told(self) -> str:
        """How samples were reduced, in words."""
        if self.reduction is None:
            return ""
        return f"{_WORDS.get(self.reduction, self.reduction.value)} of {self.width_s} s"


ALL_SAMPLES: Final = Question(reduction=None)


def reduced(span: ArchiveSpan, points: int, reduction: Reduction) -> Question:
    """Ask for at most `points` bins of whole seconds, which the server counts from 1970 on.

    A span that begins inside a bin reaches into one more than its length says, so two are kept in reserve.
    """
    seconds = _whole_seconds(span)
    width_s = max(1, -(-seconds // max(1, points - 2)))
    if reduction is not Reduction.OPTIMIZED:
        return Question(reduction=reduction, argument=width_s, width_s=width_s)
    # The server divides the span by the argument and rounds the width down: with `points` itself there could be
    # twice as many bins.
    argument = points if seconds + 3 <= points else max(1, seconds // width_s)
    return Question(reduction=reduction, argument=argument, width_s=max(1, seconds // argument))


def bounds(span: ArchiveSpan) -> dict[str, Any]:
    """Give the parameters ``from`` and ``to``; the server takes both ends in, to the millisecond."""
    first_ms = span.start_ns // _MILLISECOND_NS
    last_ms = -(-span.end_ns // _MILLISECOND_NS)
    return {"from": _iso(first_ms), "to": _iso(last_ms)}


def _whole_seconds(span: ArchiveSpan) -> int:
    """Give the length of the span as the server computes it, out of the whole seconds of both ends."""
    first_ms = span.start_ns // _MILLISECOND_NS
    last_ms = -(-span.end_ns // _MILLISECOND_NS)
    return max(1, last_ms // 1000 - first_ms // 1000)


def _iso(time_ms: int) -> str:
    moment = datetime.fromtimestamp(time_ms // 1000, tz=UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{time_ms % 1000:03d}Z"
