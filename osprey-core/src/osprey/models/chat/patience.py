"""When a model that gave no answer is asked again, and after which pause."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from math import isfinite
from random import SystemRandom
from typing import Final

import anyio
from attrs import frozen

from osprey.errors import ModelError, ModelErrorKind

PASSING: Final = frozenset(
    {
        ModelErrorKind.UNREACHABLE,
        ModelErrorKind.TIMEOUT,
        ModelErrorKind.RATE_LIMITED,
        ModelErrorKind.OVERLOADED,
        ModelErrorKind.SERVER,
    }
)
"""Failures after which the same question may be answered."""


@frozen(kw_only=True)
class Patience:
    """Pauses that double, each drawn from all of its range: many who failed at once do not come back at once."""

    first_s: float = 0.5
    most_s: float = 30.0
    most_asked_s: float = 60.0
    """The longest pause that an endpoint may ask for; one that wants to be left alone for longer is given up."""
    draw: Callable[[], float] = SystemRandom().random
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep

    def pause_s(self, error: ModelError, failed_before: int) -> float | None:
        """Give the pause before the next attempt; None: there is none.

        :param failed_before: attempts that failed before this one.
        """
        if error.kind not in PASSING:
            return None
        asked = _asked_s(error)
        if asked > self.most_asked_s:
            return None
        drawn = self.draw() * min(self.most_s, self.first_s * 2.0 ** min(failed_before, 30))
        return max(asked, drawn)


def _asked_s(error: ModelError) -> float:
    asked = error.retry_after_s
    return asked if asked is not None and isfinite(asked) and asked > 0 else 0.0
