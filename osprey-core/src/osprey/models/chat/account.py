"""What the models of one turn were asked, what it cost, and when it is enough."""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen

from osprey.config import Config, ModelRole
from osprey.errors import ModelError, ModelErrorKind
from osprey.models.chat.messages import NO_USAGE, Usage


class Outcome(StrEnum):
    """How an attempt ended that was no failure of the model."""

    OK = "ok"
    CANCELLED = "cancelled"
    """Whoever asked did not wait for the answer."""


@frozen(kw_only=True)
class Attempt:
    """One question to one model."""

    role: ModelRole
    provider: str
    model: str
    """As the configuration names it."""
    begun_ns: int
    seconds: float
    outcome: Outcome | ModelErrorKind
    usage: Usage = NO_USAGE
    """Of an answer; what a failed attempt used, no endpoint says."""
    cost: float | None = None
    """By the prices of the configuration, what was read from a cache at the full price; None: it states none."""
    message: str = ""
    """Of a failure."""


@frozen(kw_only=True)
class Carried:
    """What a turn has used before: its account was closed, because the turn waited or its process ended."""

    calls: int = 0
    usage: Usage = NO_USAGE
    seconds: float = 0.0
    cost: float | None = 0.0
    """None: the configuration did not state the price of every answer."""
    discarded: int = 0


class Account:
    """Every attempt of one turn in order, with a bound on tokens and cost.

    The bound is looked at before each attempt: the attempt that passes it is the last one, and attempts that run at the
    same time may each be.
    """

    def __init__(
        self, *, max_tokens: int | None = None, max_cost: float | None = None, carried: Carried | None = None
    ) -> None:
        """Open it.

        :param carried: counts towards the bounds, and is part of every sum; it has no attempts any more.
        """
        self._carried = carried or Carried()
        self.max_tokens = max_tokens
        self.max_cost = max_cost
        self._attempts: list[Attempt] = []
        self._discarded = 0

    @classmethod
    def of(cls, config: Config, carried: Carried | None = None) -> Account:
        """Open the account of a turn, with the bounds of `execution_control.limits`."""
        limits = config.turn_limits
        return cls(max_tokens=limits.max_turn_tokens, max_cost=limits.max_turn_cost, carried=carried)

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """All of them, in the order of their ends."""
        return tuple(self._attempts)

    @property
    def calls(self) -> int:
        """How many attempts there were, those that were carried over among them."""
        return self._carried.calls + len(self._attempts)

    @property
    def usage(self) -> Usage:
        """The tokens of all answers."""
        return sum((attempt.usage for attempt in self._attempts), self._carried.usage)

    @property
    def tokens(self) -> int:
        """Those of questions and answers together, which is what `max_tokens` bounds."""
        return self.usage.input_tokens + self.usage.output_tokens

    @property
    def cost(self) -> float:
        """The cost of all answers whose price is known; see `is_priced`."""
        return (self._carried.cost or 0.0) + sum(one.cost for one in self._attempts if one.cost is not None)

    @property
    def is_priced(self) -> bool:
        """Whether the configuration states the price of every answer, so that `cost` is all of it."""
        own = all(attempt.cost is not None for attempt in self._attempts if attempt.outcome is Outcome.OK)
        return own and self._carried.cost is not None

    @property
    def seconds(self) -> float:
        """The time of all attempts, which may have run at once."""
        return self._carried.seconds + sum(attempt.seconds for attempt in self._attempts)

    @property
    def discarded(self) -> int:
        """How many answers were paid for and thrown away, because what they say is shown by nothing."""
        return self._carried.discarded + self._discarded

    def add(self, attempt: Attempt) -> None:
        """Enter one attempt."""
        self._attempts.append(attempt)

    def discard(self) -> None:
        """Count an answer that is thrown away."""
        self._discarded += 1

    def take(self, other: Account) -> None:
        """Enter what another account holds beside what was carried over to it."""
        self._attempts += other._attempts
        self._discarded += other._discarded

    def require_room(self) -> None:
        """Go on only if a further attempt is within the bounds.

        :raises ModelError: they are reached; its kind is EXHAUSTED.
        """
        if self.max_tokens is not None and self.tokens >= self.max_tokens:
            used = f"{self.tokens} tokens, and max_turn_tokens is {self.max_tokens}"
        elif self.max_cost is not None and self.cost >= self.max_cost:
            used = f"what costs {self.cost:.6g}, and max_turn_cost is {self.max_cost:g}"
        else:
            return
        msg = (
            f"this turn has used {used}: no model is asked again; raise it in execution_control.limits, or ask for less"
        )
        raise ModelError(msg, kind=ModelErrorKind.EXHAUSTED)
