"""How a turn comes to its plan: from a given one, from the capability that is talked to, or from the words and what was
said before them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import cattrs
from attrs import evolve, field, frozen

from osprey.agent.accounting import carried_from, enter_attempts, tell_thought, usage_of
from osprey.agent.events import TaskExtracted
from osprey.agent.state import Unplanned
from osprey.agent.telling import tell
from osprey.agent.thinking.asking import planning_models
from osprey.agent.thinking.by_model import can_plan
from osprey.agent.thinking.conversation import MOST_TURNS, PastTurn
from osprey.agent.thinking.desk import Ask, consider, with_reason
from osprey.base import BaseCapability, ExecutionPlan, PlannedStep
from osprey.models.chat.account import Account
from osprey.models.phrasebook import Clarification
from osprey.services.memory_storage import notes_of
from osprey.sessions import TurnRow, threads_of

if TYPE_CHECKING:
    from osprey.agent.state import TurnState
    from osprey.project import Project


_READ_WITHOUT: Final = "no model gave a plan, and the built-in phrasebook read the request; osprey trace show says why"


_MOST_NOTES: Final = 8
_SHORT: Final = 3
"""Letters of words that say nothing of what a note is about."""


@frozen(kw_only=True)
class Planned:
    """What planning came to."""

    plan: ExecutionPlan | None = None
    unplanned: Unplanned | None = None
    """Why there is no plan."""
    answer: str = ""
    """What is said instead of a plan."""
    task: str = ""
    usage: dict[str, Any] = field(factory=dict[str, Any])
    warnings: tuple[str, ...] = ()
    is_by_model: bool = False


async def plan_turn(project: Project, state: TurnState, *, no_model: str = "") -> Planned:
    """Plan what a turn asks for, or say what was not understood or has to be asked.

    :param no_model: why no model is asked; the phrasebook plans then, and this is said with what it gives.
    :raises OspreyError: the target, whose channels the plan needs, cannot be asked; or what the configuration names
        cannot be used.
    """
    question = state.get("user_query", "")
    if given := state.get("given_plan"):
        return Planned(plan=cattrs.structure(given, ExecutionPlan), task=question)
    if name := state.get("chat"):
        return Planned(plan=_chat(project, name, question), task=question)
    account = Account.of(project.config, carried_from(state.get("usage", {})))
    ask = evolve(await ask_of(project, state), may_ask_model=not no_model)
    try:
        found = await consider(project, ask, account=account, on_thought=tell_thought)
    finally:
        enter_attempts(account)
    if no_model:
        found = evolve(found, outcome=with_reason(found.outcome, no_model))
    if found.task and found.task != question:
        tell(TaskExtracted(task=found.task))
    usage = usage_of(account)
    if isinstance(found.outcome, ExecutionPlan):
        return Planned(
            plan=found.outcome,
            task=found.task,
            usage=usage,
            warnings=(_READ_WITHOUT,) if found.is_replaced else (),
            is_by_model=found.by_model,
        )
    why = Unplanned.ASKS if isinstance(found.outcome, Clarification) else Unplanned.NOT_UNDERSTOOD
    return Planned(unplanned=why, answer=str(found.outcome), task=found.task, usage=usage)


async def ask_of(project: Project, state: TurnState) -> Ask:
    """Give what a turn asks, with what is known beside it."""
    past = await threads_of(project).turns(state.get("thread", ""), last=MOST_TURNS + 1)
    earlier = [row for row in past if row.turn != state.get("turn")] if state.get("extracts_tasks", True) else []
    narrowed = None if state.get("selects_capabilities", True) else project.registry.names("capabilities")
    return Ask(
        text=state.get("user_query", ""),
        target=state.get("target", ""),
        history=tuple(_past(row) for row in earlier),
        notes=await _notes(project, state),
        provided={"what went wrong with the plan before": why} if (why := state.get("replan")) else {},
        capabilities=narrowed,
        is_chosen=narrowed is not None,
    )


async def _notes(project: Project, state: TurnState) -> tuple[str, ...]:
    """Give what the person had remembered that shares a word with the question, the newest first; for models alone."""
    if not state.get("extracts_tasks", True) or not can_plan(planning_models(project)):
        return ()
    words = set(_words(state.get("user_query", "")))
    found = await notes_of(project).search(state.get("user_id", ""))
    return tuple(note.text for note in found if words & set(_words(note.text)))[:_MOST_NOTES]


def _words(text: str) -> list[str]:
    return [word for word in re.findall(r"\w+", text.casefold()) if len(word) > _SHORT]


def _past(row: TurnRow) -> PastTurn:
    return PastTurn(
        question=row.asked,
        target=row.target,
        task=row.end.task,
        plan=cattrs.structure(row.end.plan, ExecutionPlan) if row.end.plan else None,
        contexts=row.end.contexts,
        answer=row.end.answer,
    )


def _chat(project: Project, name: str, text: str) -> ExecutionPlan:
    """Have one capability answer one message of a direct chat."""
    implementation: type[BaseCapability] = project.registry.resolve("capabilities", name)
    parameters = implementation.chat_parameters(text)
    return ExecutionPlan(
        steps=(PlannedStep(context_key="chat", capability=name, task_objective=text, parameters=parameters),)
    )
