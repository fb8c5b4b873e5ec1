"""The node that runs the first half of steps, which changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osprey.agent.gates import file_step
from osprey.agent.planning_anew import or_anew
from osprey.agent.reacting.gates import file_reactive_step, wants_step_approved
from osprey.agent.state import Stage, TurnState
from osprey.agent.stepping import capability_of, finished, first_half, run_at_once, steps_at_once
from osprey.agent.trying import failure, out_of_time
from osprey.agent.turn_time import left_s
from osprey.agent.waiting import wait_for
from osprey.base import ApprovalNeeded, PlannedStep
from osprey.errors import OspreyError

if TYPE_CHECKING:
    from osprey.project import Project


async def prepare_steps(project: Project, state: TurnState) -> TurnState:
    """Run the first half of the next steps, which changes nothing; or have a person agree to it first."""
    if left_s(project, state) <= 0:
        return finished(state, out_of_time())
    try:
        step, *others = steps_at_once(project, state)
    except OspreyError as exc:  # a plugin that is gone, or does not load
        return finished(state, failure(exc))
    if wants_step_approved(project, state):
        return await _asked(project, state, step)
    if others:
        together = await run_at_once(project, state, (step, *others), left_s=left_s(project, state))
        return or_anew(project, state, finished(state, *together))
    return await gate_step(project, state, step)


async def _asked(project: Project, state: TurnState, step: PlannedStep) -> TurnState:
    """Have a person agree to a step before anything of it runs."""
    try:
        needed = await file_reactive_step(project, state, step)
    except OspreyError as exc:
        return finished(state, failure(exc))
    return wait_for(state, needed, Stage.REACTIVE_STEP)


async def gate_step(project: Project, state: TurnState, step: PlannedStep) -> TurnState:
    """Run the first half of a step, unless its capability is asked for."""
    try:
        needed = await file_step(project, state, capability_of(project, state, step), step)
    except OspreyError as exc:
        return finished(state, failure(exc))
    return await prepare_step(project, state, step) if needed is None else wait_for(state, needed, Stage.STEP)


async def prepare_step(project: Project, state: TurnState, step: PlannedStep) -> TurnState:
    """Run the first half of a step that nobody is asked for any more."""
    capability = capability_of(project, state, step)
    outcome = await first_half(project, capability, step, left_s=left_s(project, state))
    if isinstance(outcome, ApprovalNeeded):
        return wait_for(state, outcome)
    return or_anew(project, state, finished(state, outcome))
