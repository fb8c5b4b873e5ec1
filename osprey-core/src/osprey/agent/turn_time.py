"""How long a turn has worked, and how long it still may."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import TYPE_CHECKING, TypeVar

from osprey.agent.state import TurnState

if TYPE_CHECKING:
    from osprey.project import Project

N = TypeVar("N")


def timed(node: Callable[[N, TurnState], Awaitable[TurnState]]) -> Callable[[N, TurnState], Awaitable[TurnState]]:
    """Have the state know how long the turn has worked; the time in which it waits for people is none of it."""

    @wraps(node)
    async def measured(nodes: N, state: TurnState) -> TurnState:
        begun = time.monotonic()
        changed = await node(nodes, state)
        return {**changed, "spent_s": state.get("spent_s", 0.0) + time.monotonic() - begun}

    return measured


def left_s(project: Project, state: TurnState) -> float:
    """Give how long a turn may still work."""
    return max(0.0, project.config.turn_limits.max_execution_time_seconds - state.get("spent_s", 0.0))
