"""What a channel is set to before the write: a fresh reading, or what the items before leave."""

from __future__ import annotations

import math

from attrs import evolve

from osprey.control.comparison import shape_of, to_plain
from osprey.control.guard.checks.case import Case, Scene, refuse
from osprey.control.values import ErrorKind, Fault, Reading, ReadResult, Value


def settle_before(case: Case, scene: Scene) -> Case:
    """Settle the value before; a channel that cannot be read now is not written.

    Where the system keeps a set value beside the read one, it is the set value that a write changes. A command
    has no value before: whatever limit needs one refuses it.
    """
    state = scene.state_of(case.channel)
    if case.info.is_command:
        return _settle_command(case, state)
    if state is None:
        return refuse("guard.error", f"{case.channel} was not read; nothing is judged on a guess")
    if isinstance(state, Fault):
        return _refuse_unreadable(case, state)
    case.is_measured = state.setpoint is not None
    case.before = _as_set(state)
    case.measured = None if state.setpoint is None else to_plain(state.value)
    if not _has_shape(case.before.value, case.info.shape):
        return refuse("value.shape", f"{case.channel} gave a value of another shape than it describes")
    case.is_left_by_batch = scene.is_left_by_batch(case.channel)
    return case


def _settle_command(case: Case, state: ReadResult | None) -> Case:
    """Let pass that a command cannot be read; whatever else keeps its device from answering refuses."""
    if isinstance(state, Fault) and state.kind is not ErrorKind.UNSUPPORTED:
        return _refuse_unreadable(case, state)
    case.before = None
    return case


def _refuse_unreadable(case: Case, fault: Fault) -> Case:
    rule = "name.not_found" if fault.kind is ErrorKind.NOT_FOUND else "target.unreachable"
    return refuse(rule, f"{case.channel} cannot be read now: {fault.message}")


def _as_set(state: Reading) -> Reading:
    value = state.value if state.setpoint is None else state.setpoint
    plain = to_plain(value)
    return state if plain is state.value else evolve(state, value=plain)


def _has_shape(value: Value, longest: tuple[int, ...]) -> bool:
    shape = shape_of(value)
    return shape == longest or (bool(longest) and len(shape) == 1 and shape[0] <= math.prod(longest))
