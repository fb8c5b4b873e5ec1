"""What tests of capabilities share: a plan of steps, carried out in a real turn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osprey.agent.session import Agent
from osprey.base import ExecutionPlan, PlannedStep


def step(key: str, capability: str, *, inputs: Mapping[str, str] | None = None, **parameters: Any) -> PlannedStep:
    """A step whose objective is its key."""
    given = tuple({kind: name} for kind, name in (inputs or {}).items())
    return PlannedStep(
        context_key=key, capability=capability, task_objective=f"Do {key}", parameters=parameters, inputs=given
    )


def plan(*steps: PlannedStep) -> ExecutionPlan:
    """A plan of these steps."""
    return ExecutionPlan(steps=steps)


async def state_of(agent: Agent, thread: str) -> dict[str, Any]:
    """The state that the graph keeps of a thread."""
    snapshot = await agent._snapshot(thread)
    return dict(snapshot.values)
