"""Plans of what would change something: set, step, scan. Each still passes the guard and a person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import frozen

from osprey.agent.planning.amounts import ChannelAmount, in_unit_of, said
from osprey.agent.planning.looking import PlanContext
from osprey.agent.planning.outcome import not_understood
from osprey.agent.planning.points import count_points
from osprey.agent.planning.profiles import profiles_of
from osprey.agent.planning.resolution import Found, Resolver
from osprey.agent.planning.steps import planned, python_step
from osprey.base.planning import ExecutionPlan, PlannedStep
from osprey.control import ChannelRecord
from osprey.models.phrasebook import Amount, Assignment, Scan, Set, Step, Subject

SETTLE_S = 2.0
"""How long a change is given to settle before something is measured, unless the request says."""


@frozen(kw_only=True)
class _Change:
    """One channel of a change."""

    record: ChannelRecord
    value: float | str | list[float]
    unit: str | None
    is_relative: bool
    is_share: bool = False
    """Relative, and in per cent of what the channel is set to."""
    is_plain: bool
    """True for a number in the channel's own unit: what a template can write. The guard judges all others."""

    def parameters(self) -> dict[str, Any]:
        way = "percent" if self.is_share else "delta" if self.is_relative else "value"
        return {"channel": self.record.name, way: self.value, "unit": self.unit}


def plan_set(phrase: Set, context: PlanContext) -> ExecutionPlan:
    """Plan to put values: one list of writes, or code that shows something before and after."""
    notes = list(phrase.notes)
    resolver = Resolver(phrase.text, context.directory)
    groups: list[list[_Change]] = []
    words: list[str] = []
    for group in phrase.groups:
        changes: list[_Change] = []
        for assignment in group:
            found = resolver.settable(assignment.subjects)
            words.append(f"{found.label} to {_said_value(assignment.value)}")
            changes += _assigned(phrase.text, assignment, found, notes)
        _refuse_twice(phrase.text, changes)
        groups.append(changes)
    return _plan_change(phrase, f"Set {', '.join(words)}", groups, context, notes)


def plan_step(phrase: Step, context: PlanContext) -> ExecutionPlan:
    """Plan to change by an amount, all channels as one group."""
    notes: list[str] = []
    found = Resolver(phrase.text, context.directory).settable(phrase.subjects)
    changes: list[_Change] = []
    for record in found.records:
        if phrase.delta.unit == "%" and record.unit not in {"", "%"}:
            changes.append(_share(record, phrase.delta, notes))
            continue
        amount = in_unit_of(phrase.text, record, phrase.delta, notes)
        changes.append(_change(record, amount, is_relative=True))
    title = f"Change {found.label} by {said(phrase.delta)}"
    return _plan_change(phrase, title, [changes], context, notes)


def plan_scan(phrase: Scan, context: PlanContext) -> ExecutionPlan:
    """Plan a scan as one list of writes, and a plot of what was measured on the way."""
    notes: list[str] = []
    resolver = Resolver(phrase.text, context.directory)
    found = resolver.settable((phrase.subject,))
    if len(found.records) != 1:
        message = f"A scan moves one channel; '{phrase.subject.text}' is {len(found.records)}."
        raise not_understood(phrase.text, phrase.subject, message, found.names[:3])
    record = found.records[0]
    start = in_unit_of(phrase.text, record, phrase.start, notes)
    stop = in_unit_of(phrase.text, record, phrase.stop, notes)
    steps = count_points(phrase.text, phrase, record, (start, stop), notes)
    notes.append(f"{steps} points, both ends included; {found.label} then goes back to its present value")
    measured = resolver.readable(phrase.measure) if phrase.measure else []
    scan = {
        "channel": record.name,
        "start": start.value,
        "stop": stop.value,
        "steps": steps,
        "unit": start.unit if not start.is_own else stop.unit,
        "restore": True,
    }
    title = f"Scan {found.label} from {said(phrase.start)} to {said(phrase.stop)} in {steps} steps"
    parameters: dict[str, Any] = {"scan": scan}
    if measured:
        names = list(dict.fromkeys(name for each in measured for name in each.names))
        parameters["observe"] = {"channels": names, "settle_s": settling(phrase.settle_s, notes)}
    writing = _write_step("scan", title, parameters)
    if not measured:
        return planned([writing], notes)
    params: dict[str, Any] = {
        "title": title,
        "scan": writing.context_key,
        "steps": steps,
        "setpoint": found.label,
        "unit": record.unit,
        "profiles": profiles_of(measured),
    }
    inputs = ({"CHANNEL_WRITE_RESULTS": writing.context_key},)
    plotting = python_step("plot", "Plot what the scan measured", "scan_plot", params, inputs)
    return planned([writing, plotting], [*notes, *(note for each in measured for note in each.notes)])


def _plan_change(
    phrase: Set | Step,
    title: str,
    groups: Sequence[Sequence[_Change]],
    context: PlanContext,
    notes: list[str],
) -> ExecutionPlan:
    is_plain = len(groups) == 1 and all(change.is_plain for change in groups[0])
    if phrase.show and is_plain:
        return _plan_shown(phrase.text, phrase.show, title, groups[0], context, notes)
    parameters = {"groups": [[change.parameters() for change in group] for group in groups]}
    steps = [_write_step("change", title, parameters)]
    if phrase.show:
        found = Resolver(phrase.text, context.directory).readable(phrase.show)
        steps.append(_show_after(found))
        notes += [note for each in found for note in each.notes]
    return planned(steps, notes)


def _plan_shown(
    text: str,
    show: Sequence[Subject],
    title: str,
    changes: Sequence[_Change],
    context: PlanContext,
    notes: list[str],
) -> ExecutionPlan:
    found = Resolver(text, context.directory).readable(show)
    kind = "steps" if changes[0].is_relative else "values"
    params: dict[str, Any] = {
        "title": title,
        kind: {change.record.name: change.value for change in changes},
        "unit": changes[0].unit or "",
        "profiles": profiles_of(found),
        "settle_s": settling(None, notes),
    }
    notes += [note for each in found for note in each.notes]
    shown = " and ".join(each.label for each in found)
    step = python_step("change", f"{title} and show {shown} before and after", "step_and_show", params)
    return planned([step], notes)


def _show_after(found: Sequence[Found]) -> PlannedStep:
    """Read what was to be shown, after a change that the code of a template cannot make."""
    return PlannedStep(
        context_key="reading",
        capability="channel_read",
        task_objective="Read " + " and ".join(each.label for each in found),
        expected_output="CHANNEL_VALUES",
        parameters={"channels": list(dict.fromkeys(name for each in found for name in each.names))},
    )


def _write_step(key: str, title: str, parameters: dict[str, Any]) -> PlannedStep:
    return PlannedStep(
        context_key=key,
        capability="channel_write",
        task_objective=title,
        success_criteria="Every write is confirmed by its read-back",
        expected_output="CHANNEL_WRITE_RESULTS",
        parameters=parameters,
    )


def _assigned(text: str, assignment: Assignment, found: Found, notes: list[str]) -> list[_Change]:
    value = assignment.value
    changes: list[_Change] = []
    for record in found.records:
        if isinstance(value, Amount):
            changes.append(_change(record, in_unit_of(text, record, value, notes), is_relative=False))
        else:
            changes.append(_odd_change(text, record, value, notes))
    return changes


def _change(record: ChannelRecord, amount: ChannelAmount, *, is_relative: bool) -> _Change:
    is_finite = abs(amount.value) < float("inf")
    return _Change(
        record=record,
        value=amount.value,
        unit=amount.unit,
        is_relative=is_relative,
        is_plain=amount.is_own and is_finite,
    )


def _share(record: ChannelRecord, share: Amount, notes: list[str]) -> _Change:
    note = f"{share.text} % are taken of what each channel is set to now"
    if note not in notes:
        notes.append(note)
    unit = record.unit or None
    return _Change(record=record, value=share.value, unit=unit, is_relative=True, is_share=True, is_plain=False)


def _odd_change(text: str, record: ChannelRecord, value: str | tuple[Amount, ...], notes: list[str]) -> _Change:
    """A text or a list: for a label or a waveform it is right, else the guard says what is wrong."""
    if isinstance(value, str):
        return _Change(record=record, value=value, unit=None, is_relative=False, is_plain=False)
    amounts = [in_unit_of(text, record, each, notes) for each in value]
    unit = next((amount.unit for amount in amounts if not amount.is_own), record.unit or None)
    numbers = [amount.value for amount in amounts]
    return _Change(record=record, value=numbers, unit=unit, is_relative=False, is_plain=False)


def _refuse_twice(text: str, changes: Sequence[_Change]) -> None:
    names = [change.record.name for change in changes]
    for name in names:
        if names.count(name) > 1:
            raise not_understood(text, None, f"{name} is named twice in one step; say 'then' for a sequence.")


def settling(said_s: float | None, notes: list[str]) -> float:
    if said_s is None:
        notes.append(f"{SETTLE_S:g} s to settle before measuring")
        return SETTLE_S
    return said_s


def _said_value(value: Amount | str | tuple[Amount, ...]) -> str:
    if isinstance(value, Amount):
        return said(value)
    if isinstance(value, str):
        return f"'{value}'"
    return f"[{', '.join(map(said, value))}]"
