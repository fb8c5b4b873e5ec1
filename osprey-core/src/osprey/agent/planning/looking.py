"""Plans of what changes nothing: read, compare, plot, statistics, search, memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from attrs import frozen

from osprey.agent.planning.outcome import not_understood
from osprey.agent.planning.profiles import labels_of, profiles_of, unit_of
from osprey.agent.planning.resolution import Found, Resolver
from osprey.agent.planning.steps import planned, python_step
from osprey.base.planning import ExecutionPlan, PlannedStep
from osprey.control.channels.directory import ChannelDirectory
from osprey.models.phrasebook import (
    Compare,
    CompareThen,
    History,
    Plot,
    Read,
    ReadThen,
    Recall,
    Remember,
    Role,
    Search,
    Span,
    Statistic,
    Statistics,
    Subject,
)

_HOUR_NS = 3600 * 10**9
_MOST_FOUND = 100


@frozen
class PlanContext:
    """What a plan depends on beside the phrase."""

    directory: ChannelDirectory
    now_ns: int
    zone: str


def plan_read(phrase: Read, context: PlanContext) -> ExecutionPlan:
    """Plan a read of the present values."""
    found = Resolver(phrase.text, context.directory).readable(phrase.subjects, both_sides=True)
    names = list(dict.fromkeys(name for each in found for name in each.names))
    step = PlannedStep(
        context_key="reading",
        capability="channel_read",
        task_objective=f"Read {_labels(found)}",
        success_criteria="Every channel gives a value",
        expected_output="CHANNEL_VALUES",
        parameters={"channels": names},
    )
    return planned([step], _notes(found))


def plan_plot(phrase: Plot, context: PlanContext) -> ExecutionPlan:
    """Plan a plot of present values; of a single channel, one of its last hour."""
    found = Resolver(phrase.text, context.directory).readable(phrase.subjects)
    if all(len(each.records) == 1 for each in found):
        return _plan_history(found, None, context, kinds=_FIGURES)
    title = _labels(found)
    params: dict[str, Any] = {"title": title, "profiles": profiles_of(found)}
    return planned([python_step("plot", f"Plot {title}", "plot_profile", params)], _notes(found))


def plan_history(phrase: History, context: PlanContext) -> ExecutionPlan:
    """Plan a look at past values: a plot, or their summary as the archive capability gives it."""
    found = Resolver(phrase.text, context.directory).readable(phrase.subjects)
    if phrase.is_plotted:
        return _plan_history(found, phrase.span, context, kinds=_FIGURES)
    start_ns, end_ns, notes = _bounds(phrase.span, context)
    step = PlannedStep(
        context_key="history",
        capability="archive_read",
        task_objective=f"Fetch past values of {_labels(found)}",
        success_criteria="The archive has samples in the span",
        expected_output="ARCHIVER_DATA",
        parameters={
            "channels": list(labels_of(found)),
            "start_ns": start_ns,
            "end_ns": end_ns,
        },
    )
    return planned([step], [*_notes(found), *notes])


def plan_statistics(phrase: Statistics, context: PlanContext) -> ExecutionPlan:
    """Plan figures over a span; without a span, of many channels as they are now."""
    found = Resolver(phrase.text, context.directory).readable(phrase.subjects)
    is_many = any(len(each.records) > 1 for each in found)
    if phrase.span is not None or not is_many:
        return _plan_history(found, phrase.span, context, kinds=phrase.kinds, is_plotted=phrase.is_plotted)
    kinds = [kind.value for kind in phrase.kinds if kind is not Statistic.TREND]
    title = _labels(found)
    params: dict[str, Any] = {
        "title": title,
        "profiles": profiles_of(found),
        "kinds": kinds or ["mean"],
        "is_plotted": phrase.is_plotted,
    }
    notes = [*_notes(found), "no span of time was named: the figures are over the channels, as they are now"]
    return planned([python_step("figures", f"Sum up {title}", "profile_statistics", params)], notes)


def plan_compare(phrase: Compare, context: PlanContext) -> ExecutionPlan:
    """Plan a comparison of present values."""
    resolver = Resolver(phrase.text, context.directory)
    found = resolver.readable(phrase.sides)
    title = " and ".join(each.label for each in found)
    if len(found) == 1:
        found = _split_by_role(phrase.sides[0], found[0])
    sides: list[dict[str, Any]] = [
        {"label": label, "unit": unit_of(each.records), "channels": each.names}
        for each, label in zip(found, _distinct(found), strict=True)
    ]
    if len({side["unit"] for side in sides}) > 1:
        units = ", ".join(f"{side['label']} in {side['unit'] or 'no unit'}" for side in sides)
        raise not_understood(phrase.text, None, f"Different units do not compare: {units}.")
    params: dict[str, Any] = {"title": title, "sides": sides}
    return planned([python_step("comparison", f"Compare {title}", "read_compare", params)], _notes(found))


def plan_compare_then(phrase: CompareThen, context: PlanContext) -> ExecutionPlan:
    """Plan a comparison of the present with a past moment."""
    found = Resolver(phrase.text, context.directory).readable(phrase.subjects)
    title = f"{_labels(found)}, now and {phrase.moment.text}"
    params: dict[str, Any] = {
        "title": title,
        "then": phrase.moment.text,
        "moment_ns": phrase.moment.ns,
        "profiles": profiles_of(found),
    }
    notes = [*_notes(found), _moment_note(phrase.moment.text, phrase.moment.ns, context)]
    return planned([python_step("comparison", f"Compare {title}", "compare_now_then", params)], notes)


def plan_read_then(phrase: ReadThen, context: PlanContext) -> ExecutionPlan:
    """Plan a look at the values of a past moment."""
    found = Resolver(phrase.text, context.directory).readable(phrase.subjects)
    params: dict[str, Any] = {
        "title": f"{_labels(found)}, {phrase.moment.text}",
        "moment_ns": phrase.moment.ns,
        "channels": labels_of(found),
    }
    objective = f"Look up {_labels(found)} {phrase.moment.text}"
    notes = [*_notes(found), _moment_note(phrase.moment.text, phrase.moment.ns, context)]
    return planned([python_step("figures", objective, "value_then", params)], notes)


def plan_search(phrase: Search, context: PlanContext) -> ExecutionPlan:
    """Plan a search of the directory."""
    where = f" sector {' and '.join(map(str, phrase.sectors))}" if phrase.sectors else ""
    query = f"{phrase.query}{where}".strip()
    step = PlannedStep(
        context_key="channels",
        capability="channel_find",
        task_objective=f"Find channels for '{query}'",
        success_criteria="At least one channel fits",
        expected_output="CHANNEL_ADDRESSES",
        parameters={"query": query, "limit": _MOST_FOUND},
    )
    return planned([step])


def plan_memory(phrase: Remember | Recall, context: PlanContext) -> ExecutionPlan:
    """Plan to keep a sentence, or to say what was kept."""
    if isinstance(phrase, Remember):
        objective, parameters = "Remember a sentence", {"op": "save", "text": phrase.note}
    else:
        objective, parameters = "Say what is remembered", {"op": "search", "text": phrase.about}
    step = PlannedStep(
        context_key="memory",
        capability="memory",
        task_objective=objective,
        expected_output="MEMORY_CONTEXT",
        parameters=parameters,
    )
    return planned([step])


_FIGURES = (Statistic.MEAN, Statistic.STD, Statistic.MIN, Statistic.MAX)


def _plan_history(
    found: Sequence[Found],
    span: Span | None,
    context: PlanContext,
    *,
    kinds: Sequence[Statistic],
    is_plotted: bool = True,
) -> ExecutionPlan:
    start_ns, end_ns, notes = _bounds(span, context)
    title = _labels(found)
    params: dict[str, Any] = {
        "title": title,
        "channels": labels_of(found),
        "start_ns": start_ns,
        "end_ns": end_ns,
        "kinds": [kind.value for kind in kinds],
        "is_plotted": is_plotted,
        "time_zone": context.zone,
    }
    when = span.text if span else "last hour"
    objective = f"{'Plot' if is_plotted else 'Sum up'} {title}, {when}"
    step = python_step("figures", objective, "archive_statistics", params)
    return planned([step], [*_notes(found), *notes])


def _bounds(span: Span | None, context: PlanContext) -> tuple[int, int, list[str]]:
    if span is None:
        start_ns, end_ns = context.now_ns - _HOUR_NS, context.now_ns
        words = "no span of time was named: the last hour is taken"
    else:
        start_ns, end_ns, words = span.start_ns, span.end_ns, f"'{span.text}' is"
    begin, end = _written(start_ns, context), _written(end_ns, context)
    return start_ns, end_ns, [f"{words}, {begin} to {end}" if span is None else f"{words} {begin} to {end}"]


def _moment_note(words: str, ns: int, context: PlanContext) -> str:
    return f"'{words}' is {_written(ns, context)}"


def _written(ns: int, context: PlanContext) -> str:
    moment = datetime.fromtimestamp(ns // 10**9, tz=ZoneInfo(context.zone))
    return f"{moment:%Y-%m-%d %H:%M:%S %Z}"


def _split_by_role(subject: Subject, found: Found) -> list[Found]:
    sides: list[Found] = []
    for role in subject.roles:
        wanted = {role.value, "computed"} if role is Role.READBACK else {role.value}
        records = tuple(record for record in found.records if record.role in wanted)
        sides.append(Found(label=role.value, records=records, notes=found.notes))
    return sides


def _distinct(found: Sequence[Found]) -> list[str]:
    labels = [each.label for each in found]
    return [label if labels.count(label) == 1 else f"{label} ({place})" for place, label in enumerate(labels, 1)]


def _labels(found: Sequence[Found]) -> str:
    return " and ".join(dict.fromkeys(each.label for each in found))


def _notes(found: Sequence[Found]) -> list[str]:
    return [note for each in found for note in each.notes]
