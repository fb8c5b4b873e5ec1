"""What a channel holds before the write: a fresh reading, or what the items before leave."""

from __future__ import annotations

from attrs import evolve

from osprey.control.comparison import shape_of, to_plain
from osprey.control.guard.checks.case import Case, Scene, refuse
from osprey.control.values import ErrorKind, Fault


def settle_before(case: Case, scene: Scene) -> Case:
    """Settle the value before; a channel that cannot be read now is not written."""
    state = scene.state_of(case.channel)
    if state is None:
        return refuse("guard.error", f"{case.channel} was not read; nothing is judged on a guess")
    if isinstance(state, Fault):
        rule = "name.not_found" if state.kind is ErrorKind.NOT_FOUND else "target.unreachable"
        return refuse(rule, f"{case.channel} cannot be read now: {state.message}")
    reading = evolve(state, value=to_plain(state.value))
    if shape_of(reading.value) != case.info.shape:
        return refuse("value.shape", f"{case.channel} gave a value of another shape than it describes")
    return evolve(case, before=reading, is_left_by_batch=scene.is_left_by_batch(case.channel))
