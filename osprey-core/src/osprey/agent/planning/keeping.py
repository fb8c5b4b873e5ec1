"""Plans of snapshots, and of how things stand in the project."""

from __future__ import annotations

from typing import Any

import attrs

from osprey.agent.planning.looking import PlanContext
from osprey.agent.planning.outcome import NotPlanned
from osprey.agent.planning.resolution import Resolver
from osprey.agent.planning.steps import planned
from osprey.base.planning import ExecutionPlan, PlannedStep
from osprey.models.phrasebook import RestoreSnapshot, Role, SaveSnapshot, Standing, Subject


def plan_save_snapshot(phrase: SaveSnapshot, context: PlanContext) -> ExecutionPlan:
    """Plan to keep what channels are set to; where no side was named, that of the set points."""
    resolver = Resolver(phrase.text, context.directory)
    notes: list[str] = []
    try:
        subjects = [each if each.roles else _set_side(each) for each in phrase.subjects]
        found = resolver.readable(subjects)
        if subjects != list(phrase.subjects):
            notes.append("set points are kept: read-backs could not be brought back")
    except NotPlanned:
        # Some of it has no set point: what was named is then kept as it reads.
        found = resolver.readable(phrase.subjects)
    channels = list(dict.fromkeys(name for each in found for name in each.names))
    parameters: dict[str, Any] = {"channels": channels, **({"name": phrase.name} if phrase.name else {})}
    step = PlannedStep(
        context_key="snapshot",
        capability="snapshot_save",
        task_objective=f"Keep a snapshot of {' and '.join(each.label for each in found)}",
        success_criteria="Every channel gives a value",
        expected_output="SNAPSHOT",
        parameters=parameters,
    )
    return planned([step], [*notes, *(note for each in found for note in each.notes)])


def plan_restore_snapshot(phrase: RestoreSnapshot) -> ExecutionPlan:
    """Plan to bring a snapshot back: what differs is one list of writes, for a person to decide."""
    step = PlannedStep(
        context_key="restore",
        capability="snapshot_restore",
        task_objective=f"Bring back the snapshot '{phrase.name}'",
        success_criteria="Every write is confirmed by its read-back",
        expected_output="CHANNEL_WRITE_RESULTS",
        parameters={"name": phrase.name},
    )
    return planned([step])


def plan_standing(phrase: Standing) -> ExecutionPlan:
    """Plan to say what waits, whether writes are halted, or which targets there are."""
    step = PlannedStep(
        context_key="status",
        capability="status",
        task_objective="Say how things stand",
        parameters={"about": phrase.about},
    )
    return planned([step])


def _set_side(subject: Subject) -> Subject:
    return attrs.evolve(subject, roles=(Role.SETPOINT,))
