"""The answer of a turn: what was done, what was not, the figures, and what was assumed."""

from __future__ import annotations

from typing import Any

from osprey.agent.state import TurnState


def compose_answer(state: TurnState, *, simulated: bool) -> str:
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
    if simulated:
        parts.append(f"(Simulation: target {state.get('target')} reaches no real machine.)")
    return "\n".join(parts)
