"""The expressions of a channel's limits, on fresh and valid values of every channel they read."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Final

from osprey.control.comparison import elements_of, shape_of, to_plain
from osprey.control.guard.checks.case import Case, Scene, refuse
from osprey.control.limits.expressions import Expression
from osprey.control.values import Fault, ReadResult, Severity, Value

_MOST_STATES: Final = 256


def check_condition(case: Case, scene: Scene) -> Case:
    """Refuse unless every expression is true of every element, in whatever order its group is put."""
    for expression in case.rule.expressions if case.rule else ():
        for channels in _possible(expression, case, scene):
            _check_elements(case, expression, channels)
    return case


def _possible(expression: Expression, case: Case, scene: Scene) -> Iterator[Mapping[str, float]]:
    """Give the numbers that the expression may find: another item of the group has been put by then, or not."""
    names = sorted(expression.channels)
    states = [scene.states_beside(case, scene.canonical.get(name, name)) for name in names]
    if math.prod(map(len, states)) > _MOST_STATES:
        refuse("limits.expression", f"{case.channel}: {expression.text!r} reads too many channels of its own group")
    for chosen in itertools.product(*states):
        found = zip(names, chosen, strict=True)
        yield {name: _number_of(name, state, expression, case) for name, state in found}


def _check_elements(case: Case, expression: Expression, channels: Mapping[str, float]) -> None:
    values, currents = elements_of(case.typed_value), _currents(case)
    for value, current in zip(values, currents, strict=True):
        try:
            holds = expression.holds(value=_plain_number(value), current=current, channels=channels)
        except (ArithmeticError, LookupError, TypeError, ValueError) as exc:
            refuse("limits.expression", f"{case.channel}: {expression.text!r} cannot be judged: {exc}")
            return
        if holds is not True:
            refuse(
                "limits.expression", f"{case.channel}: {expression.text!r} does not hold for {value}{_beside(channels)}"
            )


def _beside(channels: Mapping[str, float]) -> str:
    told = ", ".join(f"{name} at {number:g}" for name, number in channels.items())
    return f" with {told}" if told else ""


def _currents(case: Case) -> list[float | None]:
    """Give the present value of each element, None where there is no valid one: an expression that asks refuses."""
    before, wanted = case.before, len(elements_of(case.typed_value))
    if before is None or before.severity is Severity.INVALID:
        return [None] * wanted
    held = [None if isinstance(element, str) else _plain_number(element) for element in elements_of(before.value)]
    return [*held[:wanted], *[None] * (wanted - len(held))]


def _plain_number(element: object) -> float:
    if not isinstance(element, (bool, int, float)):
        msg = f"{element!r} is not a number"
        raise TypeError(msg)
    return int(element) if isinstance(element, bool) else element


def _number_of(name: str, state: ReadResult | None, expression: Expression, case: Case) -> float:
    where = f"{case.channel}: {expression.text!r} reads {name}, which"
    if state is None or isinstance(state, Fault):
        why = state.message if state else "was not read"
        return refuse("limits.expression", f"{where} has no fresh value: {why}")
    if state.severity is Severity.INVALID:
        return refuse("limits.expression", f"{where} is invalid ({state.alarm or state.severity})")
    value: Value = to_plain(state.value)
    if shape_of(value) or isinstance(value, str):
        return refuse("limits.expression", f"{where} is not one number")
    return _plain_number(value)
