"""How a turn comes to its plan: from a given one, from the capability that is talked to, or from the words."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import cattrs

from osprey.agent.planner import Clarification, NotUnderstood, plan_request
from osprey.base import BaseCapability, ExecutionPlan, PlannedStep
from osprey.control import targets_of
from osprey.models.phrasebook import parse

if TYPE_CHECKING:
    from osprey.agent.state import TurnState
    from osprey.project import Project


async def plan_turn(project: Project, state: TurnState) -> ExecutionPlan | Clarification | NotUnderstood:
    """Plan what a turn asks for, or say what was not understood or has to be asked.

    :raises ConnectorError: the target, whose channels the plan needs, cannot be asked.
    """
    if given := state.get("given_plan"):
        return cattrs.structure(given, ExecutionPlan)
    if name := state.get("chat"):
        return _chat(project, name, state.get("user_query", ""))
    zone = project.config.facility.time_zone
    now_ns = time.time_ns()
    phrase = parse(state.get("user_query", ""), now_ns=now_ns, time_zone=zone)
    if isinstance(phrase, NotUnderstood):
        return phrase
    target = await targets_of(project).get(state.get("target"))
    return plan_request(phrase, await target.directory(), now_ns=now_ns, time_zone=zone)


def _chat(project: Project, name: str, text: str) -> ExecutionPlan:
    """Have one capability answer one message of a direct chat."""
    implementation: type[BaseCapability] = project.registry.resolve("capabilities", name)
    parameters = implementation.chat_parameters(text)
    return ExecutionPlan(
        steps=(PlannedStep(context_key="chat", capability=name, task_objective=text, parameters=parameters),)
    )
