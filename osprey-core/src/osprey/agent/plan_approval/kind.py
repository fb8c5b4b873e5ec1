"""The kinds `orchestrator_plan` and `reactive_orchestrator_step`: a plan as a person sees it, and an edited one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from osprey.agent._serialization import to_plain
from osprey.agent.plan_approval.flow import draw_flow
from osprey.agent.plan_approval.validation import read_plan, require_valid
from osprey.agent.plan_validity.checks import Surroundings, plan_problems
from osprey.approval import Card, CardSection, Facts, SectionForm
from osprey.approval.card import base_card
from osprey.approval.kinds import Revision
from osprey.approval.kinds.document import read_content, write_content
from osprey.approval.rules import ItemFacts
from osprey.base import ExecutionPlan, PlannedStep
from osprey.errors import UsageError

if TYPE_CHECKING:
    from osprey.approval.people import Identity
    from osprey.journal import RequestRow
    from osprey.project import Project

PLAN = "orchestrator_plan"
REACTIVE_STEP = "reactive_orchestrator_step"
_LONG = 8
"""Entries; longer lists are counted on the card."""


class PlanKind:
    """A plan before its first step. Approving it lets its steps begin; each write in it is asked for by itself."""

    def card(self, row: RequestRow) -> Card:
        content = read_content(row.kind, row.document)
        plan = read_plan(content["plan"])
        steps = [_section(number, step, plan) for number, step in enumerate(plan.steps, start=1)]
        flow = CardSection(title="the flow", text=draw_flow(plan.steps), form=SectionForm.FLOW)
        if plan.explain:
            steps.append(CardSection(title="the answer", text=f"a model says in words: {plan.explain}"))
        return base_card(row, sections=(flow, *steps), target=str(content.get("target", "")))

    def editable(self, row: RequestRow) -> dict[str, Any]:
        return read_content(row.kind, row.document)["plan"]

    async def revise(self, project: Project, row: RequestRow, edited: Any, identity: Identity) -> Revision:
        content = read_content(row.kind, row.document)
        plan = read_plan(edited)
        require_valid(plan, project.registry)
        document = plan_document(plan, question=str(content.get("question", "")), target=str(content.get("target", "")))
        return Revision(
            document=document,
            title=row.title,
            risk=plan_risk(plan),
            facts=plan_facts(plan, str(content.get("target", ""))),
            shown={"assumptions": list(plan.assumptions)},
        )


class ReactiveStepKind:
    """The next step of work that is planned as it goes. Approving it lets it begin; a write is asked for by itself."""

    def card(self, row: RequestRow) -> Card:
        content = read_content(row.kind, row.document)
        step = read_plan({"steps": [content["step"]]}).steps[0]
        number = int(content.get("step_number", 1))
        so_far = _steps_before(content, step)
        section = _section(number, step, ExecutionPlan(steps=(*so_far, step)))
        return base_card(row, sections=(section,), target=str(content.get("target", "")))

    def editable(self, row: RequestRow) -> dict[str, Any]:
        return read_content(row.kind, row.document)["step"]

    async def revise(self, project: Project, row: RequestRow, edited: Any, identity: Identity) -> Revision:
        content = read_content(row.kind, row.document)
        before = read_plan({"steps": [content["step"]]}).steps[0]
        plan = read_plan({"steps": [edited]})
        if plan.steps[0].context_key != before.context_key:
            msg = f"the step's context_key stays {before.context_key!r}: what comes after it names its result by that"
            raise UsageError(msg)
        taken = {key: kind for named in before.inputs for kind, key in named.items()}
        if wrong := plan_problems(plan, project.registry, Surroundings(earlier=taken)):
            raise UsageError("\n".join(wrong))
        target = str(content.get("target", ""))
        return Revision(
            document=write_content(REACTIVE_STEP, {**content, "step": to_plain(plan.steps[0])}),
            title=row.title,
            risk=plan_risk(plan),
            facts=plan_facts(plan, target, kind=REACTIVE_STEP),
        )


def plan_document(plan: ExecutionPlan, *, question: str, target: str) -> str:
    """Give the document of a plan's request: what is approved, and what is executed."""
    return write_content(PLAN, {"plan": to_plain(plan), "question": question, "target": target})


def step_document(step: PlannedStep, *, number: int, plan: ExecutionPlan, question: str, target: str) -> str:
    """Give the document of one step's request: what is approved and executed, and the plan so far around it."""
    content = {"step": to_plain(step), "step_number": number, "plan": to_plain(plan)}
    return write_content(REACTIVE_STEP, {**content, "question": question, "target": target})


def plan_facts(plan: ExecutionPlan, target: str, *, kind: str = PLAN) -> Facts:
    """Give a plan as the rules see it: the channels that it says it would write."""
    channels = dict.fromkeys(channel for step in plan.steps for channel, _ in expected_writes(step))
    return Facts(kind=kind, target=target, items=tuple(ItemFacts(channel=name, share=None) for name in channels))


def plan_risk(plan: ExecutionPlan) -> str:
    """Say what the plan as a whole would do to the machine, as far as it is known before its steps run."""
    channels = {channel for step in plan.steps for channel, _ in expected_writes(step)}
    scripts = sum(step.capability == "python" for step in plan.steps)
    words = [f"{len(plan.steps)} step{'s' if len(plan.steps) != 1 else ''}"]
    count = f"{len(channels)} channel{'s' if len(channels) != 1 else ''}"
    words.append(f"would change {count}, asked for again before it is done" if channels else "names no write")
    if scripts:
        words.append(f"{scripts} with Python, whose writes its rehearsal shows")
    return "; ".join(words)


def expected_writes(step: PlannedStep) -> list[tuple[str, str]]:
    """Give the channels that a step says it writes, each with what would become of it.

    An edited plan may hold anything there: what is no list of writes is shown as it stands, among the parameters.
    """
    found: list[tuple[str, str]] = []
    for write in (write for group in _list(step.parameters.get("groups")) for write in _list(group)):
        about = _mapping(write)
        change = f"by {about['delta']!r}" if "delta" in about else f"to {about.get('value')!r}"
        found.append((str(about.get("channel")), _with_unit(change, about)))
    scan = _mapping(step.parameters.get("scan"))
    if scan:
        told = f"from {scan.get('start')!r} to {scan.get('stop')!r}"
        found.append((str(scan.get("channel")), f"{_with_unit(told, scan)} in {scan.get('steps')!r} steps"))
    found += [_write_of_axis(_mapping(axis)) for axis in _list(step.parameters.get("axes"))]
    return found + _writes_of_template(_mapping(step.parameters.get("params")))


def _write_of_axis(axis: Mapping[str, Any]) -> tuple[str, str]:
    """Give where an axis of a scan goes."""
    told = f"from {axis.get('start')!r} to {axis.get('stop')!r} in {axis.get('steps')!r} steps"
    if "values" in axis:
        told = f"over {_compact(axis['values'])!r}"
    beside = ", counted from what it is set to" if axis.get("relative") else ""
    return str(axis.get("channel")), f"{_with_unit(told, axis)}{beside}"


def _steps_before(content: Mapping[str, Any], step: PlannedStep) -> tuple[PlannedStep, ...]:
    """Give the steps that were planned before this one, for the numbers of what it takes."""
    steps = _list(_mapping(content.get("plan")).get("steps"))
    before = read_plan({"steps": list(steps)}).steps if steps else ()
    keys = [one.context_key for one in before]
    return before[: keys.index(step.context_key)] if step.context_key in keys else ()


def _writes_of_template(params: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Give what a template of the phrasebook would write, as its parameters say; its rehearsal tells exactly."""
    steps, values = _mapping(params.get("steps")), _mapping(params.get("values"))
    changes = [(str(name), _with_unit(f"by {step!r}", params)) for name, step in steps.items()]
    return changes + [(str(name), _with_unit(f"to {value!r}", params)) for name, value in values.items()]


def _with_unit(change: str, about: Mapping[str, Any]) -> str:
    return f"{change} {about['unit']}" if about.get("unit") else change


def _mapping(value: Any) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def _list(value: Any) -> Sequence[Any]:
    return cast("Sequence[Any]", value) if isinstance(value, list | tuple) else ()


def _compact(value: Any) -> Any:
    """Count what would fill the screen; the whole of it stands in the plan's file and in the document."""
    if isinstance(value, Mapping):
        given = cast("Mapping[str, Any]", value)
        if len(given) > _LONG:
            return f"({len(given)} entries)"
        return {name: _compact(one) for name, one in given.items()}
    if isinstance(value, list | tuple):
        listed = list(cast("Sequence[Any]", value))
        return f"({len(listed)} entries)" if len(listed) > _LONG else [_compact(one) for one in listed]
    return value


def _section(number: int, step: PlannedStep, plan: ExecutionPlan) -> CardSection:
    lines = [step.task_objective]
    number_of = {one.context_key: place for place, one in enumerate(plan.steps, start=1)}
    for kind, key in (pair for named in step.inputs for pair in named.items()):
        lines.append(f"takes {kind} from step {number_of.get(key, '?')} ({key})")
    lines += [f"writes {channel} {change}" for channel, change in expected_writes(step)]
    if step.capability == "python":
        lines.append("runs Python in the sandbox; what it would write is rehearsed and asked for by itself")
    told = {
        name
        for name, read in (("groups", _list), ("scan", _mapping), ("axes", _list))
        if read(step.parameters.get(name))
    }
    rest = {name: value for name, value in step.parameters.items() if name not in told}
    if rest:
        lines.append(f"with {json.dumps(_compact(rest), ensure_ascii=False, sort_keys=True)}")
    if step.expected_output:
        lines.append(f"leaves {step.expected_output}")
    return CardSection(title=f"{number}. {step.context_key} ({step.capability})", text="\n".join(lines))
