"""What a model and Osprey have said to each other in one turn, as plain values that the turn's state keeps."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import cattrs
from attrs import field, frozen

from osprey.config.turns import OrchestrationMode

if TYPE_CHECKING:
    from osprey.agent.state import TurnState


@frozen(kw_only=True)
class Call:
    """One step that the model has asked for."""

    id: str
    """Ours: what a model calls its calls need not be unique, or a name."""
    name: str
    parameters: Mapping[str, Any] = field(factory=dict[str, Any])
    objective: str = ""
    uses: tuple[str, ...] = ()
    text: str = ""
    """The arguments as they were written, where they are no JSON object."""
    key: str = ""
    """The context key of the step that it became; empty: it became none."""
    problem: str = ""
    """Why it became none."""

    @property
    def signature(self) -> str:
        """What it asks for, without the words around it; two calls of one signature ask for the same."""
        return json.dumps([self.name, self.parameters, sorted(self.uses), self.text], sort_keys=True)


@frozen(kw_only=True)
class Round:
    """One answer of the model."""

    said: str = ""
    calls: tuple[Call, ...] = ()
    problem: str = ""
    """What was wrong with an answer that asks for nothing."""
    unshown: str = ""
    """What a final answer said and no step has shown; it was thrown away then."""

    @property
    def is_good(self) -> bool:
        """Whether it led to a step."""
        return any(call.key for call in self.calls)

    @property
    def problems(self) -> tuple[str, ...]:
        """Everything that was wrong with it."""
        told = [self.problem, *(f"{call.name}: {call.problem}" for call in self.calls if call.problem)]
        return tuple(text for text in told if text)


@frozen(kw_only=True)
class Exchange:
    """The answers of one turn so far, and when it began."""

    now_ns: int
    """The time that the model is told throughout, so that its words for times keep their meaning."""
    rounds: tuple[Round, ...] = ()

    @property
    def calls(self) -> tuple[Call, ...]:
        """Every call so far."""
        return tuple(call for one in self.rounds for call in one.calls)

    @property
    def failed_in_a_row(self) -> int:
        """How many of the latest answers led to no step."""
        count = 0
        for one in reversed(self.rounds):
            if one.is_good:
                break
            count += 1
        return count


def exchange_in(state: TurnState, *, now_ns: int) -> Exchange:
    """Give the exchange that a turn's state keeps, or a new one."""
    plain = state.get("exchange")
    return cattrs.structure(plain, Exchange) if plain else Exchange(now_ns=now_ns)


def is_reactive(state: TurnState) -> bool:
    """Say whether a turn is planned as it goes."""
    return state.get("orchestration") == OrchestrationMode.REACT


def needs_more(state: TurnState) -> bool:
    """Say whether a turn that goes on has no planned step left, so that the model is asked."""
    steps: list[Any] = state.get("plan", {}).get("steps", [])
    return is_reactive(state) and state.get("cursor", 0) >= len(steps)
