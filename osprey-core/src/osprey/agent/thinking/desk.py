"""The way in: a message and what was said before it become a plan, a question back, or a sentence on why neither."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from attrs import evolve, field, frozen

from osprey.agent.thinking.asking import PlanningModels, planning_models
from osprey.agent.thinking.by_model import Mind, can_plan, plan_by_model, writes
from osprey.agent.thinking.by_phrasebook import plan_by_phrasebook
from osprey.agent.thinking.conversation import PastTurn
from osprey.agent.thinking.drafting import shown
from osprey.agent.thinking.extraction import MOST_TASK, Background
from osprey.agent.thinking.offers import offered
from osprey.agent.thinking.orchestration import Order
from osprey.agent.thinking.outcome import Considered, Outcome
from osprey.agent.thinking.tracing import OnThought, Stage, Thought, ignore
from osprey.agent.thinking.undoing import is_undo, plan_undo
from osprey.base import ExecutionPlan
from osprey.control import targets_of
from osprey.errors import ModelError, UsageError
from osprey.models.phrasebook import Clarification, NotUnderstood
from osprey.prompts.library import prompts_of

if TYPE_CHECKING:
    from osprey.control.channels.directory import ChannelDirectory
    from osprey.models.chat.account import Account
    from osprey.project import Project
    from osprey.registrations import Capability

_NEEDS_A_WRITER: Final = "python"
_PHRASEBOOK: Final = "phrasebook"


@frozen(kw_only=True)
class Ask:
    """A message, and what is known beside it."""

    text: str
    target: str
    history: tuple[PastTurn, ...] = ()
    """Earlier turns of the thread, the oldest first."""
    notes: tuple[str, ...] = ()
    """What the person had remembered, as far as it may matter."""
    provided: Mapping[str, str] = field(factory=dict[str, str])
    """What data sources gave before planning, by their names."""
    earlier: Mapping[str, str] = field(factory=dict[str, str])
    """Results of earlier turns that steps may take as inputs: context key -> type."""
    capabilities: tuple[str, ...] | None = None
    """The kinds of steps that may be planned with; None: all."""
    is_chosen: bool = False
    """True if `capabilities` are what the task needs, so that no model chooses among them."""
    may_ask_model: bool = True
    """False to plan by the phrasebook alone."""


async def plan_turn(
    project: Project,
    ask: Ask,
    *,
    account: Account | None = None,
    on_thought: OnThought = ignore,
    models: PlanningModels | None = None,
    now_ns: int | None = None,
) -> ExecutionPlan | Clarification | NotUnderstood:
    """Plan what a message asks for, as `consider` does, and give what came of it alone."""
    found = await consider(project, ask, account=account, on_thought=on_thought, models=models, now_ns=now_ns)
    return found.outcome


async def consider(
    project: Project,
    ask: Ask,
    *,
    account: Account | None = None,
    on_thought: OnThought = ignore,
    models: PlanningModels | None = None,
    now_ns: int | None = None,
) -> Considered:
    """Plan what a message asks for, and say what it was taken to mean. Nothing is run, filed or written.

    `undo it` is read without a model, since the old values have to be exact. Else the models that the configuration
    names plan; where there are none, or one fails, the phrasebook does, and the plan says so.

    :param account: of the turn; every question to a model is entered there.
    :param on_thought: called with what came of each stage, for a trace.
    :param models: others than the project's own, for tests and evaluations.
    :raises ConnectorError: the target cannot be reached for its channels.
    :raises ConfigError, PluginError: a model, a prompt or the target cannot be used as it is configured.
    :raises UsageError: the message is too long, or `capabilities` names one that does not exist.
    """
    if len(ask.text) > MOST_TASK:
        msg = f"the message has {len(ask.text)} characters: at most {MOST_TASK} are taken; say it shorter"
        raise UsageError(msg)
    offers = offered(project.registry, ask.capabilities)
    if is_undo(ask.text):
        outcome = plan_undo(ask.text, ask.history, ask.target)
        on_thought(Thought(stage=Stage.UNDOING, summary=type(outcome).__name__))
        return _permitted(Considered(outcome=outcome, task=ask.text), ask, offers)
    directory = await (await targets_of(project).get(ask.target)).directory()
    order = order_of(project, ask, directory, time.time_ns() if now_ns is None else now_ns)
    asked = (models or planning_models(project)) if ask.may_ask_model else None
    if asked is None or not can_plan(asked):
        return _read(order, ask, offers, on_thought)
    mind = Mind(
        models=asked,
        prompts=prompts_of(project),
        offers=offered_to_models(project, offers),
        reclassifications=project.config.turn_limits.max_reclassifications,
        account=account,
        on_thought=on_thought,
    )
    return await _with_models(order, ask, mind, offers)


async def _with_models(order: Order, ask: Ask, mind: Mind, offers: tuple[Capability, ...]) -> Considered:
    """Have models plan; after a failure of theirs the phrasebook may, and what failed is said."""
    background = Background(history=ask.history, notes=ask.notes, provided=ask.provided)
    chosen = ask.capabilities if ask.is_chosen else None
    try:
        planned = await plan_by_model(order, background, mind, chosen=chosen)
    except ModelError as exc:
        mind.on_thought(Thought(stage=Stage.PHRASEBOOK, summary="no model gave a plan", problems=(str(exc),)))
        found = _read(order, ask, offers, mind.on_thought)
        return evolve(found, outcome=_after_failure(found.outcome, exc), is_replaced=True)
    if not isinstance(planned.outcome, NotUnderstood):
        return planned
    found = _read(order, ask, offers, mind.on_thought)
    # Plots are such a case: without a generator of its own a model is not offered what they are drawn with.
    if isinstance(found.outcome, ExecutionPlan) and not writes(found.outcome, order.registry):
        plan = evolve(found.outcome, assumptions=(_READ_BY_PHRASEBOOK, *found.outcome.assumptions))
        return evolve(found, outcome=plan, is_replaced=True)
    return planned


_READ_BY_PHRASEBOOK: Final = "the model had no plan for this, and the built-in phrasebook understood it"


def _read(order: Order, ask: Ask, offers: tuple[Capability, ...], on_thought: OnThought) -> Considered:
    return _permitted(plan_by_phrasebook(ask.text, ask.history, order.reading, on_thought), ask, offers)


def _after_failure(found: Outcome, failure: ModelError) -> Outcome:
    """Say with what the phrasebook gave why no model did."""
    why = shown(str(failure))
    match found:
        case ExecutionPlan():
            note = f"no model gave a plan ({failure.kind}): the built-in phrasebook read the request. {why}"
            return evolve(found, assumptions=(note, *found.assumptions))
        case Clarification():
            return evolve(found, question=f"{found.question} (No model gave a plan, {failure.kind}: {why})")
        case NotUnderstood():
            message = f"No model gave a plan ({failure.kind}): {why}\nThe built-in phrasebook says: {found.message}"
            return evolve(found, message=message)


def with_reason(found: Outcome, reason: str) -> Outcome:
    """Say with what the phrasebook gave why it was the one that read the message."""
    match found:
        case ExecutionPlan():
            return evolve(found, assumptions=(reason, *found.assumptions))
        case Clarification():
            return evolve(found, question=f"{found.question} ({reason})")
        case NotUnderstood():
            return evolve(
                found, message=f"{reason[:1].upper()}{reason[1:]}\nThe built-in phrasebook says: {found.message}"
            )


def _permitted(found: Considered, ask: Ask, offers: tuple[Capability, ...]) -> Considered:
    """Hold a plan of the phrasebook to the kinds of steps that were narrowed to."""
    outcome = found.outcome
    if ask.capabilities is None or not isinstance(outcome, ExecutionPlan):
        return found
    names = {each.name for each in offers}
    strange = next((step.capability for step in outcome.steps if step.capability not in names), None)
    if strange is None:
        return found
    message = f"That needs the kind of step '{strange}', and only {', '.join(sorted(names))} may be used now."
    return evolve(found, outcome=NotUnderstood(text=ask.text, message=message))


def order_of(project: Project, ask: Ask, directory: ChannelDirectory, now_ns: int) -> Order:
    """Give what a plan for a message is made of, and judged by."""
    remembered = {"remembered notes": "\n".join(ask.notes)} if ask.notes else {}
    left = "\n".join(f"{key}: {kind}" for key, kind in ask.earlier.items())
    results = {"results of earlier turns that a step may name in its inputs, with their types": left} if left else {}
    return Order(
        text=ask.text,
        task=ask.text,
        target=ask.target,
        directory=directory,
        registry=project.registry,
        now_ns=now_ns,
        time_zone=project.config.facility.time_zone,
        attempts=project.config.turn_limits.max_planning_attempts,
        targets=(ask.target,),
        earlier=ask.earlier,
        provided={**ask.provided, **remembered, **results},
    )


def offered_to_models(project: Project, offers: tuple[Capability, ...]) -> tuple[Capability, ...]:
    """Leave free Python out where no generator could write it: the phrasebook's fills in its own templates only."""
    if project.config.execution.code_generator != _PHRASEBOOK:
        return offers
    return tuple(each for each in offers if each.name != _NEEDS_A_WRITER)
