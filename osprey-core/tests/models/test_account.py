"""The account of a turn goes on where it was closed."""

from __future__ import annotations

import pytest

from osprey.agent.accounting import carried_from, usage_of
from osprey.config import ModelRole
from osprey.errors import ModelError
from osprey.models.chat.account import Account, Attempt, Outcome
from osprey.models.chat.messages import Usage


def attempt(cost: float | None) -> Attempt:
    usage = Usage(input_tokens=10, output_tokens=5, cached_tokens=2)
    return Attempt(
        role=ModelRole.REACT,
        provider="p",
        model="m",
        begun_ns=1,
        seconds=0.5,
        outcome=Outcome.OK,
        usage=usage,
        cost=cost,
    )


def test_what_was_used_before_is_part_of_every_sum() -> None:
    first = Account()
    first.add(attempt(0.25))
    second = Account(carried=carried_from(usage_of(first)))
    second.add(attempt(0.25))
    assert (second.calls, second.tokens, second.cost, second.seconds) == (2, 30, 0.5, 1.0)
    assert second.usage.cached_tokens == 4
    assert len(second.attempts) == 1


def test_what_was_used_before_counts_towards_the_bounds() -> None:
    carried = carried_from(
        {"calls": 1, "input_tokens": 9, "output_tokens": 1, "cached_tokens": 0, "seconds": 1, "cost": 2}
    )
    with pytest.raises(ModelError, match="max_turn_tokens is 10"):
        Account(max_tokens=10, carried=carried).require_room()
    with pytest.raises(ModelError, match="max_turn_cost is 2"):
        Account(max_cost=2, carried=carried).require_room()
    Account(max_tokens=11, carried=carried).require_room()


def test_a_price_that_was_not_known_before_is_not_known_after() -> None:
    first = Account()
    first.add(attempt(None))
    assert Account(carried=carried_from(usage_of(first))).is_priced is False


def test_nothing_used_is_nothing_carried() -> None:
    assert usage_of(Account(carried=carried_from({}))) == {}
