"""How far and how fast: one step, the rate, the pause between writes, and the travel within a window.

Times come from the ledger, so every process counts the others' writes too. Within a batch the only time
that is sure to pass between two groups is its `settle_s`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from osprey.control.comparison import change_between, rounding_of
from osprey.control.guard.checks.case import Case, PastWrite, Scene, refuse
from osprey.control.limits.limit_entry import LimitRule
from osprey.control.values import Severity


def check_motion(case: Case, scene: Scene) -> Case:
    """Refuse a step that is too large for one write."""
    del scene
    if case.rule is None or case.rule.max_step is None:
        return case
    step = travel_of(case)
    if not step <= case.rule.max_step + _rounding(case):
        refuse(
            "limits.max_step",
            f"{case.channel}: a step of {step:g} from {case.old_value} is more than {case.rule.max_step:g}",
        )
    return case


def check_history(case: Case, scene: Scene) -> Case:
    """Refuse what earlier writes leave no room or no time for."""
    if case.rule is None or not case.rule.needs_history:
        return case
    past = list(_earlier(case, scene))
    _check_pause(case, case.rule, past, scene.now_ns)
    _check_travel(case, case.rule, past, scene.now_ns)
    return case


def travel_of(case: Case) -> float:
    """Give how far the write moves the channel; refuse if it cannot be told."""
    change = change_between(case.old_value, case.typed_value)
    if change is None:
        return refuse("limits.no_distance", f"{case.channel} has no distance between its values to limit")
    invalid = case.before is not None and case.before.severity is Severity.INVALID
    if invalid or math.isnan(change):
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
    if not total <= rule.max_travel + _rounding(case):
        refuse(
            "limits.max_travel",
            f"{case.channel}: with this write it would travel {total:g} within {rule.travel_window_s:g} s, "
            f"more than {rule.max_travel:g}",
        )


def _rounding(case: Case) -> float:
    return rounding_of(case.old_value, case.typed_value)
