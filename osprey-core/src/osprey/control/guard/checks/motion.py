"""How far and how fast: one step, the rate, the pause between writes, the travel within a window, a group's rate.

Times come from the ledger, so every process counts the others' writes too. Within a batch the only time
that is sure to pass between two groups is its `settle_s`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from osprey.control.comparison import change_between, rounding_of
from osprey.control.guard.checks.case import Case, PastWrite, Scene, refuse
from osprey.control.limits.group_rate import GroupRate
from osprey.control.limits.limit_entry import LimitRule
from osprey.control.values import Severity


def check_motion(case: Case, scene: Scene) -> Case:
    """Refuse a step that is too large for one write."""
    del scene
    if case.rule is None or case.rule.max_step is None:
        return case
    step = travel_of(case)
    if not _is_within(step, case.rule.max_step, case):
        refuse(
            "limits.max_step",
            f"{case.channel}: a step of {step:g} from {case.old_value} is more than {case.rule.max_step:g}",
        )
    _check_measured_step(case, case.rule.max_step)
    return case


def _check_measured_step(case: Case, max_step: float) -> None:
    """Refuse a step that is small on paper only: a server that just started may tell a set value that it never set."""
    if case.measured is None:
        return
    step = change_between(case.measured, case.typed_value)
    if step is None or not _is_within(step, max_step, case):
        refuse(
            "limits.max_step",
            f"{case.channel} is set to {case.old_value} but reads {case.measured}, from where the step is more than "
            f"{max_step:g}; wait until it has arrived, or bring both together by the control system's own means",
        )


def check_history(case: Case, scene: Scene) -> Case:
    """Refuse what earlier writes leave no room or no time for."""
    rule = case.rule
    if rule is None or not rule.needs_history:
        return case
    if rule.needs_own_history:
        past = list(_earlier(case, scene))
        _check_pause(case, rule, past, scene.now_ns)
        _check_travel(case, rule, past, scene.now_ns)
    for rate in rule.group_rates:
        _check_group(case, rate, scene)
    return case


def travel_of(case: Case) -> float:
    """Give how far the write moves the channel; refuse if it cannot be told."""
    if case.before is None:
        return refuse("limits.no_fresh_value", f"{case.channel} is a command without a present value to step from")
    change = change_between(case.old_value, case.typed_value)
    if change is None:
        return refuse("limits.no_distance", f"{case.channel} has no distance between its values to limit")
    if case.before.severity is Severity.INVALID or math.isnan(change):
        return refuse("limits.no_fresh_value", f"{case.channel} has no valid value now, so the step cannot be judged")
    return change


def _earlier(case: Case, scene: Scene) -> Iterator[PastWrite]:
    yield from scene.history.get(case.channel, ())
    for group, travel in scene.moves_of(case.channel):
        pause_ns = int((case.group - group) * scene.settle_s * 1e9)
        yield PastWrite(at_ns=scene.now_ns - pause_ns, travel=travel)


def _check_pause(case: Case, rule: LimitRule, past: list[PastWrite], now_ns: int) -> None:
    waited_s = min(((now_ns - write.at_ns) / 1e9 for write in past), default=math.inf)
    if rule.min_interval_s is not None and not waited_s >= rule.min_interval_s:
        refuse(
            "limits.min_interval",
            f"{case.channel}: {waited_s:.3g} s after the last write, {rule.min_interval_s:g} s are needed",
        )
    if rule.max_rate is None:
        return
    travel = travel_of(case)
    needed_s = max(0.0, travel - _rounding(case)) / rule.max_rate
    if not waited_s >= needed_s:
        refuse(
            "limits.max_rate",
            f"{case.channel}: a change of {travel:g} needs {needed_s:.3g} s at {rule.max_rate:g} per second, "
            f"the last write was {waited_s:.3g} s ago; wait, or give the batch a longer `settle_s`",
        )


def _check_travel(case: Case, rule: LimitRule, past: list[PastWrite], now_ns: int) -> None:
    if rule.max_travel is None:
        return
    travel = travel_of(case)
    begin_ns = now_ns - int(rule.travel_window_s * 1e9)
    total = travel + sum(write.travel for write in past if write.at_ns >= begin_ns)
    if not _is_within(total, rule.max_travel, case):
        refuse(
            "limits.max_travel",
            f"{case.channel}: with this write it would travel {total:g} within {rule.travel_window_s:g} s, "
            f"more than {rule.max_travel:g}",
        )


def _check_group(case: Case, rate: GroupRate, scene: Scene) -> None:
    """Refuse more writes, or more travel, than the channels of a group may have together."""
    count, total = scene.group_past_of(rate)
    for group, (moves, travel) in scene.group_moves_of(rate.group).items():
        if int((case.group - group) * scene.settle_s * 1e9) <= int(rate.window_s * 1e9):
            count, total = count + moves, total + travel
    if rate.max_writes is not None and not count + 1 <= rate.max_writes:
        refuse(
            "limits.group_rate",
            f"{case.channel}: group {rate.group!r} has had {count} writes within {rate.window_s:g} s, "
            f"of at most {rate.max_writes}; wait, or give the batch a longer `settle_s`",
        )
    if rate.max_travel is None:
        return
    total += travel_of(case)
    if not _is_within(total, rate.max_travel, case):
        refuse(
            "limits.group_travel",
            f"{case.channel}: with this write group {rate.group!r} would travel {total:g} within "
            f"{rate.window_s:g} s, more than {rate.max_travel:g}",
        )


def _is_within(distance: float, most: float, case: Case) -> bool:
    """Tell whether a distance is at most so much, up to the rounding of its ends; a NaN never is."""
    return distance <= most or distance <= most + _rounding(case)


def _rounding(case: Case) -> float:
    return rounding_of(case.old_value, case.typed_value)
