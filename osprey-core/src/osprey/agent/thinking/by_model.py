"""A message planned by models: what it means, what it needs, and a plan that is judged before anybody sees it.

A plain request costs two questions: the kinds of steps, and the plan. One that leans on earlier turns costs two as
well: what it means and the kinds of steps are one answer.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from attrs import evolve, frozen

from osprey.agent.plan_approval.kind import expected_writes
from osprey.agent.thinking.asking import PlanningModels
from osprey.agent.thinking.classification import Choice, Classification, Intent, classify
from osprey.agent.thinking.drafting import shown, shown_list
from osprey.agent.thinking.extraction import Background, extract_task, needs_extraction
from osprey.agent.thinking.follow_ups import resolve_follow_up
from osprey.agent.thinking.offers import closed_over
from osprey.agent.thinking.orchestration import Missing, Order, orchestrate
from osprey.agent.thinking.outcome import Considered, Outcome
from osprey.agent.thinking.tracing import OnThought, Stage, Thought, ignore
from osprey.base import ExecutionPlan
from osprey.config import ModelRole
from osprey.errors import ModelError, ModelErrorKind
from osprey.models.phrasebook import Change, Clarification, NotUnderstood, parse

if TYPE_CHECKING:
    from osprey.models.chat.account import Account
    from osprey.plugins import Registry
    from osprey.prompts.library import Prompts
    from osprey.registrations import Capability

WRITES_UNASKED: Final = (
    "WARNING: the request was taken as one that only looks, yet this plan changes something: look closely before you "
    "agree to any of it"
)
WRITE_RESULTS: Final = "CHANNEL_WRITE_RESULTS"
_NOTHING_FITS: Final = (
    "No kind of step that there is here does that. Channels can be found, read, plotted and changed, and their past "
    "looked up."
)
_STILL_MISSING: Final = (
    "the planner needs other kinds of steps than were chosen for the task: say the task in other words, "
    "or raise execution_control.limits.max_reclassifications"
)
NEEDED: Final = (ModelRole.CLASSIFIER, ModelRole.ORCHESTRATOR)
"""The roles without which no model plans; `task_extraction` is asked where it is served."""


@frozen(kw_only=True)
class Mind:
    """What a message is planned with."""

    models: PlanningModels
    prompts: Prompts
    offers: tuple[Capability, ...]
    """The kinds of steps that may be planned with at all."""
    reclassifications: int
    """How often the kinds are chosen again."""
    account: Account | None = None
    on_thought: OnThought = ignore


@frozen(kw_only=True)
class _Understood:
    task: str
    classification: Classification
    notes: tuple[str, ...] = ()


def can_plan(models: PlanningModels) -> bool:
    """Say if the models that planning needs are configured."""
    return all(models.serves(role) for role in NEEDED)


async def plan_by_model(
    order: Order, background: Background, mind: Mind, *, chosen: Collection[str] | None = None
) -> Considered:
    """Plan a message by models.

    :param chosen: the kinds of steps, where somebody has said them; no model chooses then.
    :raises ModelError: a model could not be asked, or nothing that it answered can be used.
    """
    understood = await _understand(order, background, mind, chosen)
    if isinstance(understood, Clarification):
        return Considered(outcome=understood, task=order.text, by_model=True)
    outcome = await _planned(evolve(order, task=understood.task), understood, mind, may_choose=chosen is None)
    return Considered(outcome=outcome, task=understood.task, by_model=True)


async def _planned(order: Order, understood: _Understood, mind: Mind, *, may_choose: bool) -> Outcome:
    """Have the task planned, with the kinds of steps chosen again as often as that may be."""
    kinds = understood.classification
    for left in range(mind.reclassifications if may_choose else 0, -1, -1):
        if not kinds.names:
            return NotUnderstood(text=order.text, message=_NOTHING_FITS)
        active = closed_over(kinds.names, mind.offers)
        model = mind.models.of(ModelRole.ORCHESTRATOR)
        outcome = await orchestrate(
            order, active, model, mind.prompts, account=mind.account, on_thought=mind.on_thought
        )
        if isinstance(outcome, ExecutionPlan):
            return _with_notes(outcome, understood, kinds, order)
        if not isinstance(outcome, Missing):
            return outcome
        if closed := [name for name in outcome.names if name not in {each.name for each in mind.offers}]:
            message = f"That needs the kind of step '{closed[0]}', which cannot be used here."
            return NotUnderstood(text=order.text, message=message)
        if left:
            kinds = await _classify_again(order, outcome, kinds, mind)
    raise ModelError(_STILL_MISSING, kind=ModelErrorKind.MALFORMED)


async def _understand(
    order: Order, background: Background, mind: Mind, chosen: Collection[str] | None
) -> _Understood | Clarification:
    if needs_extraction(order.text, background) and mind.models.serves(ModelRole.TASK_EXTRACTION):
        model = mind.models.of(ModelRole.TASK_EXTRACTION)
        found = await extract_task(order.text, background, mind.offers, model, mind.prompts, account=mind.account)
        mind.on_thought(Thought(stage=Stage.EXTRACTION, summary=f"task: {shown(found.task or found.question)}"))
        if chosen is None:
            kinds = found.classification
            mind.on_thought(Thought(stage=Stage.CLASSIFICATION, summary=shown(kinds.told()), names=tuple(kinds.names)))
        if found.question.strip():
            return Clarification(text=order.text, question=shown(found.question))
        notes = (f"understood as: {shown(found.task)}",) if found.task.strip() != order.text.strip() else ()
        if found.refers_to:
            notes = (*notes, f"taken from earlier turns: {', '.join(shown_list(found.refers_to))}")
        kinds = found.classification if chosen is None else _said(chosen, found.intent)
        return _Understood(task=found.task, classification=kinds, notes=notes)
    resolved = resolve_follow_up(order.text, background.history, order.reading)
    if isinstance(resolved, Clarification):
        return resolved
    task, notes = (order.task, ()) if resolved is None else (resolved.text, resolved.notes)
    if chosen is not None:
        return _Understood(task=task, classification=_said(chosen, Intent.CHANGE), notes=notes)
    model = mind.models.of(ModelRole.CLASSIFIER)
    kinds = await classify(task, mind.offers, model, mind.prompts, account=mind.account)
    mind.on_thought(Thought(stage=Stage.CLASSIFICATION, summary=shown(kinds.told()), names=tuple(kinds.names)))
    return _Understood(task=task, classification=kinds, notes=notes)


def _said(chosen: Collection[str], intent: Intent) -> Classification:
    choices = tuple(Choice(capability=name, reason="chosen by the person") for name in chosen)
    return Classification(capabilities=choices, intent=intent)


async def _classify_again(order: Order, missing: Missing, before: Classification, mind: Mind) -> Classification:
    """Choose the kinds once more; those of the first choice stay, so that the planner is never offered less."""
    needed, had = ", ".join(missing.names), ", ".join(before.names)
    reason = f"the planner had {had}, and says that it needs {needed}"
    model = mind.models.of(ModelRole.CLASSIFIER)
    found = await classify(order.task, mind.offers, model, mind.prompts, reason=reason, account=mind.account)
    mind.on_thought(
        Thought(
            stage=Stage.CLASSIFICATION, summary=f"again, for {reason}: {shown(found.told())}", names=tuple(found.names)
        )
    )
    return Classification(capabilities=(*before.capabilities, *found.capabilities), intent=before.intent)


def _with_notes(plan: ExecutionPlan, understood: _Understood, kinds: Classification, order: Order) -> ExecutionPlan:
    """Say what the message was taken to mean; and loudly, if a plan writes where only a look was asked for."""
    notes = understood.notes
    if writes(plan, order.registry):
        notes = (*notes, f"the request was taken as {shown(kinds.told())}")
        if kinds.intent is Intent.LOOK or is_look(order):
            notes = (WRITES_UNASKED, *notes)
    return evolve(plan, assumptions=(*notes, *plan.assumptions))


def writes(plan: ExecutionPlan, registry: Registry) -> bool:
    """Say if a plan is meant to change something on the machine; what code does, its rehearsal shows."""
    return any(
        WRITE_RESULTS in registry.entry("capabilities", step.capability).registration.provides or expected_writes(step)
        for step in plan.steps
    )


def is_look(order: Order) -> bool:
    """Say if the phrasebook, which never guesses, reads the message, or what it was taken to mean, as a mere look.

    The message counts by itself as well: what it was taken to mean comes from a model, and from text that it has read.
    """
    phrases = [parse(text, now_ns=order.now_ns, time_zone=order.time_zone) for text in (order.text, order.task)]
    return any(not isinstance(phrase, NotUnderstood | Clarification | Change) for phrase in phrases)
