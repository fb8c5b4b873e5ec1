"""The planner: a phrase and a target's channels become a plan, or a sentence on why they do not."""

from __future__ import annotations

from datetime import tzinfo

from osprey.agent.planning.changing import plan_scan, plan_set, plan_step
from osprey.agent.planning.grids import plan_grid
from osprey.agent.planning.keeping import plan_restore_snapshot, plan_save_snapshot, plan_standing
from osprey.agent.planning.looking import (
    PlanContext,
    plan_compare,
    plan_compare_then,
    plan_history,
    plan_memory,
    plan_plot,
    plan_read,
    plan_read_then,
    plan_search,
    plan_statistics,
)
from osprey.agent.planning.outcome import NotPlanned
from osprey.base.planning import ExecutionPlan
from osprey.control.channels.directory import ChannelDirectory
from osprey.models.phrasebook import (
    Clarification,
    Compare,
    CompareThen,
    GridScan,
    History,
    NotUnderstood,
    Phrase,
    Plot,
    Read,
    ReadThen,
    Recall,
    Remember,
    RestoreSnapshot,
    SaveSnapshot,
    Scan,
    Search,
    Set,
    Standing,
    Statistics,
    Step,
)

__all__ = ["Clarification", "NotUnderstood", "plan_request"]


def plan_request(
    phrase: Phrase | NotUnderstood | Clarification,
    directory: ChannelDirectory,
    *,
    now_ns: int,
    time_zone: str | tzinfo,
) -> ExecutionPlan | NotUnderstood | Clarification:
    """Plan what a phrase asks for, with every channel resolved and every amount in its channel's unit.

    What the planner took for granted stands in the plan's assumptions. What would change something is
    never guessed: it is asked. An answer of the parser that is no phrase is given back as it is.
    """
    if isinstance(phrase, NotUnderstood | Clarification):
        return phrase
    try:
        return _plan(phrase, PlanContext(directory, now_ns, str(time_zone)))
    except NotPlanned as ended:
        return ended.outcome


def _plan(phrase: Phrase, context: PlanContext) -> ExecutionPlan:
    match phrase:
        case Read():
            return plan_read(phrase, context)
        case ReadThen():
            return plan_read_then(phrase, context)
        case Compare():
            return plan_compare(phrase, context)
        case CompareThen():
            return plan_compare_then(phrase, context)
        case Plot():
            return plan_plot(phrase, context)
        case History():
            return plan_history(phrase, context)
        case Statistics():
            return plan_statistics(phrase, context)
        case Set():
            return plan_set(phrase, context)
        case Step():
            return plan_step(phrase, context)
        case Scan():
            return plan_scan(phrase, context)
        case GridScan():
            return plan_grid(phrase, context)
        case SaveSnapshot():
            return plan_save_snapshot(phrase, context)
        case RestoreSnapshot():
            return plan_restore_snapshot(phrase)
        case Standing():
            return plan_standing(phrase)
        case Search():
            return plan_search(phrase, context)
        case Remember() | Recall():
            return plan_memory(phrase, context)
