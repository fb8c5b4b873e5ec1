"""The answer of a turn: what was done, what was not, the figures, and what was assumed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from osprey.agent.saying.words import Words, words_for
from osprey.agent.state import TurnState
from osprey.agent.stepping import may_have_changed
from osprey.control import targets_of
from osprey.errors import OspreyError

if TYPE_CHECKING:
    from osprey.project import Project


async def give_answer(project: Project, state: TurnState, *, left_s: float) -> str:
    """Give the answer of a turn whose steps have ended, with a model's words where its plan wants them.

    :param left_s: how long the turn may still work; a model is asked for no longer.
    """
    words = await words_for(project, state, left_s=left_s)
    simulated, changes = await _is_simulated(project, state), _may_have_changed(project, state)
    return compose_answer(state, simulated=simulated, words=words, changes=changes)


def compose_answer(state: TurnState, *, simulated: bool, words: Words | None = None, changes: bool = True) -> str:
    """Put the record together, and what a model said of it ahead of it, marked as what it is.

    :param changes: whether a step may have changed something.
    """
    record = _record(state, words, simulated=simulated)
    if words is None or not words.text:
        return record
    changed = "what was changed stands in the record" if changes else "nothing was changed"
    return f"In words, by {words.by} ({changed}, and the record counts):\n{words.text}\n\nThe record:\n{record}"


def _record(state: TurnState, words: Words | None, *, simulated: bool) -> str:
    """Put the texts of the finished steps together, name the steps that did not run, and a simulation as such."""
    plan: dict[str, Any] = state.get("plan", {})
    results: list[dict[str, Any]] = state.get("results", [])
    parts = [str(result["text"]) for result in results if result["text"]]
    parts.extend(f"Assumed: {assumption}." for assumption in plan.get("assumptions", ()))
    left = plan.get("steps", [])[len(results) :]
    if left:
        names = "; ".join(str(step["task_objective"]) for step in left)
        parts.append(f"Not done: {names}.")
    if closing := state.get("closing"):
        parts.append(closing)
    if words is not None and words.problem:
        parts.append(f"Not put into words: {words.problem}.")
    if simulated:
        parts.append(f"(Simulation: target {state.get('target')} reaches no real machine.)")
    return "\n".join(parts)


async def _is_simulated(project: Project, state: TurnState) -> bool:
    """Say whether the turn's target reaches no real machine; of one that is gone by now nobody can tell."""
    try:
        return (await targets_of(project).get(state.get("target"))).simulated
    except OspreyError:
        return False


def _may_have_changed(project: Project, state: TurnState) -> bool:
    try:
        return may_have_changed(project, state, ended=len(state.get("results", [])))
    except OspreyError:  # a plugin that is gone by now
        return True
