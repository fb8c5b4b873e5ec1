"""What a model calls, judged as the steps of any plan are: a call becomes a step, or a sentence on why it does not."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, cast

from attrs import evolve, frozen

from osprey.agent.plan_validity.checks import Surroundings, plan_problems
from osprey.agent.plan_validity.storable import why_not_storable
from osprey.agent.reacting.exchange import Call
from osprey.agent.reacting.tools import NextStep, own_names, parameters_of
from osprey.agent.thinking.drafting import shown
from osprey.base import ExecutionPlan, PlannedStep, StepStatus
from osprey.errors import OspreyError
from osprey.printable import printable_lines

if TYPE_CHECKING:
    from osprey.agent.state import TurnState
    from osprey.agent.thinking.orchestration import Order
    from osprey.models.chat.messages import ToolCall
    from osprey.plugins import Registry
    from osprey.registrations import Capability

MOST_CALLS: Final = 8
"""Of one answer; what is beyond is not looked at."""
_MOST_ARGUMENTS: Final = 20_000
"""Characters; the turn's state keeps them, and they are repeated to the model with each further question."""
_ID: Final = "call"
_MOST_KEPT: Final = 500
_MOST_TOLD: Final = 8
_NO_SUCH: Final = "there is no capability '{}': name one exactly as it is offered"
_NO_NAME: Final = re.compile(r"[^A-Za-z0-9_-]")


@frozen(kw_only=True)
class Judged:
    """A call, and the step that it became, if it became one."""

    call: Call
    step: PlannedStep | None = None


def call_of_tool(called: ToolCall, number: int, registry: Registry) -> Call:
    """Read the call of a tool, whatever it is."""
    call = Call(id=_id(number), name=_named(called.name))
    if called.arguments is None:
        told = "its arguments are no JSON object: call it again with one"
        return evolve(call, text=printable_lines(called.text[:_MOST_KEPT]), problem=told)
    if called.name != call.name:
        return _refused(call, _NO_SUCH.format(shown(called.name[:64])))
    given = dict(called.arguments)
    objective, uses = own_names(parameters_of(called.name, registry))
    return _read(call, given.pop(objective, ""), given.pop(uses, ()), given)


def call_of_step(wanted: NextStep, number: int) -> Call:
    """Read a step of an answer that was given without tools."""
    call = Call(id=_id(number), name=_named(wanted.capability))
    if wanted.capability != call.name:
        return _refused(call, _NO_SUCH.format(shown(wanted.capability[:64])))
    return _read(call, wanted.objective, wanted.uses, dict(wanted.parameters))


def judge(call: Call, order: Order, offers: Sequence[Capability], state: TurnState) -> Judged:
    """Make a step of a call, or say everything that keeps it from being one."""
    if call.problem:
        return Judged(call=call)
    left = results_left(state, order.registry)
    if strange := [key for key in call.uses if key not in left]:
        there = f"there are {', '.join(left)}" if left else "no step has left one yet"
        return Judged(call=_refused(call, f"there is no result {strange[0][:80]!r}; {there}"))
    takes = {key: _type_for(call.name, left[key], order.registry) for key in dict.fromkeys(call.uses)}
    step = PlannedStep(
        context_key=f"step_{int(call.id.removeprefix(_ID))}",
        capability=call.name,
        task_objective=shown(call.objective),
        parameters=call.parameters,
        inputs=tuple({kind: key} for key, kind in takes.items()),
    )
    around = Surroundings(
        allowed=tuple(each.name for each in offers),
        earlier=takes,
        targets=order.targets,
        directory=order.directory,
    )
    if problems := plan_problems(ExecutionPlan(steps=(step,)), order.registry, around):
        return Judged(call=_refused(call, "; ".join(shown(one) for one in problems[:_MOST_TOLD])))
    try:
        order.registry.resolve("capabilities", call.name)
    except OspreyError as exc:
        return Judged(call=_refused(call, f"it cannot be used: {shown(str(exc))}"))
    return Judged(call=evolve(call, key=step.context_key), step=step)


def results_left(state: TurnState, registry: Registry) -> dict[str, tuple[str, ...]]:
    """Give the results that finished steps have left behind, with the types that each may be."""
    steps: list[dict[str, Any]] = state.get("plan", {}).get("steps", [])
    found: dict[str, tuple[str, ...]] = {}
    for step, result in zip(steps, state.get("results", []), strict=False):
        provides = registry.entry("capabilities", str(step["capability"])).registration.provides
        if result["status"] == StepStatus.DONE and result["context"] and provides:
            found[str(step["context_key"])] = provides
    return found


def _type_for(capability: str, kinds: tuple[str, ...], registry: Registry) -> str:
    """Give the type by which a capability takes a result: one that it asks for, if the result may be that."""
    if capability in registry.names("capabilities"):
        wanted = registry.entry("capabilities", capability).registration.consumes
        return next((kind for kind in kinds if kind in wanted), kinds[0])
    return kinds[0]


def _read(call: Call, objective: Any, uses: Any, parameters: Mapping[str, Any]) -> Call:
    if why_not := why_not_storable([parameters, uses]):
        return _refused(call, f"its arguments cannot be kept: {why_not}")
    try:
        size = len(json.dumps(parameters, allow_nan=False)) + len(str(objective)) + len(str(uses))
    except (TypeError, ValueError, RecursionError) as exc:
        return _refused(call, f"its arguments are no JSON: {exc}")
    if size > _MOST_ARGUMENTS:
        told = f"its arguments have {size} characters: at most {_MOST_ARGUMENTS} are taken; ask for less at once"
        return _refused(call, told)
    if not isinstance(objective, str) or not _are_texts(uses):
        return _refused(call, "its objective is a sentence, and the results that it uses are a list of their keys")
    return evolve(call, objective=shown(objective), uses=tuple(uses), parameters=dict(parameters))


def _are_texts(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(one, str) for one in cast("list[Any]", value))


def _refused(call: Call, problem: str) -> Call:
    return evolve(call, problem=problem)


def _named(name: str) -> str:
    """Give a name as an endpoint takes it back; one that a capability has stays as it is."""
    return _NO_NAME.sub("_", name[:64]) or "nothing"


def _id(number: int) -> str:
    # Nine letters and digits: the one form that every endpoint takes for the id of a call.
    return f"{_ID}{number:05d}"
