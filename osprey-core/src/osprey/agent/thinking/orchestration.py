"""A task as a plan by a model: asked, judged in full, sent back with all that is wrong, and given up after that."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from attrs import field, frozen

from osprey.agent._serialization import to_plain
from osprey.agent.plan_validity.checks import MOST_STEPS, Surroundings, plan_problems
from osprey.agent.thinking.asking import StructuredModel, answered, said, told
from osprey.agent.thinking.drafting import Answer, DraftPlan, shown, shown_list
from osprey.agent.thinking.extraction import provided_text
from osprey.agent.thinking.follow_ups import Reading
from osprey.agent.thinking.offers import manual
from osprey.agent.thinking.tracing import OnThought, Stage, Thought, ignore
from osprey.base import ExecutionPlan
from osprey.control.channels.grounding import channel_list
from osprey.errors import ModelError, ModelErrorKind
from osprey.models.phrasebook import Clarification, NotUnderstood

if TYPE_CHECKING:
    from osprey.control.channels.directory import ChannelDirectory
    from osprey.models.chat.account import Account
    from osprey.plugins import Registry
    from osprey.prompts.library import Prompts
    from osprey.registrations import Capability

_MOST_REPEATED: Final = 20_000
_MOST_TOLD: Final = 20


@frozen
class Missing:
    """The planner needs kinds of steps that it was not offered."""

    names: tuple[str, ...]
    """Of capabilities that exist."""


@frozen(kw_only=True)
class Order:
    """What a plan is made of, and judged by."""

    text: str
    """What the person typed."""
    task: str
    """What it means, in itself."""
    target: str
    directory: ChannelDirectory
    registry: Registry
    now_ns: int
    time_zone: str
    attempts: int
    """How often a plan is asked for."""
    targets: tuple[str, ...] = ()
    earlier: Mapping[str, str] = field(factory=dict[str, str])
    """Results of earlier turns that steps may take: context key -> type."""
    provided: Mapping[str, str] = field(factory=dict[str, str])

    @property
    def reading(self) -> Reading:
        """What the words of a message are read with, without a model."""
        return Reading(target=self.target, directory=self.directory, now_ns=self.now_ns, time_zone=self.time_zone)


async def orchestrate(
    order: Order,
    offers: Sequence[Capability],
    model: StructuredModel,
    prompts: Prompts,
    *,
    account: Account | None = None,
    on_thought: OnThought = ignore,
) -> ExecutionPlan | Clarification | NotUnderstood | Missing:
    """Have a model plan a task with the offered kinds of steps.

    :raises ModelError: it gave no answer, or no attempt gave a plan that can run: then of kind MALFORMED, with all
        that is wrong with the last one.
    """
    messages = [told(_prompt(order, offers, prompts)), said(order.task)]
    problems: tuple[str, ...] = ()
    for attempt in range(1, order.attempts + 1):
        draft = await model.ask_for(DraftPlan, messages, account=account)
        on_thought(Thought(stage=Stage.ORCHESTRATION, summary=f"attempt {attempt}: {_summary(draft)}"))
        outcome = _outcome(draft, order, offers)
        if not isinstance(outcome, tuple):
            return outcome
        problems = outcome
        on_thought(Thought(stage=Stage.VALIDATION, summary=f"attempt {attempt} gave no good plan", problems=problems))
        repair = prompts.render("repair-plan", problems="\n".join(f"- {one}" for one in problems[:_MOST_TOLD]))
        messages = [*messages[:2], answered(_repeated(draft)), said(repair)]
    raise _gave_up(order.attempts, problems)


def _prompt(order: Order, offers: Sequence[Capability], prompts: Prompts) -> str:
    now = datetime.fromtimestamp(order.now_ns / 1e9, tz=UTC).astimezone(ZoneInfo(order.time_zone))
    return prompts.render(
        "plan",
        capabilities=manual(offers, order.registry),
        channels=channel_list(order.task, order.directory),
        target=order.target,
        now=f"{now:%A %Y-%m-%d %H:%M:%S %Z} ({order.now_ns} ns)",
        time_zone=order.time_zone,
        provided=provided_text(order.provided),
        most_steps=MOST_STEPS,
    )


def _outcome(
    draft: DraftPlan, order: Order, offers: Sequence[Capability]
) -> ExecutionPlan | Clarification | NotUnderstood | Missing | tuple[str, ...]:
    """Take an answer as what it is; a tuple says what is wrong with it."""
    if draft.steps:
        return _judged(draft, order, offers)
    if draft.question.strip():
        choices = shown_list(draft.choices)
        return Clarification(text=order.text, question=shown(draft.question), choices=choices)
    existing = order.registry.names("capabilities")
    names = [each.name for each in offers]
    if wanted := tuple(dict.fromkeys(name for name in draft.missing if name in existing and name not in names)):
        return Missing(wanted)
    if draft.impossible.strip():
        return NotUnderstood(text=order.text, message=shown(draft.impossible))
    return ("the plan has no step, and neither 'question' nor 'impossible' says why",)


def _judged(draft: DraftPlan, order: Order, offers: Sequence[Capability]) -> ExecutionPlan | Missing | tuple[str, ...]:
    plan = draft.plan(order.task)
    names = tuple(each.name for each in offers)
    existing = order.registry.names("capabilities")
    unoffered = (step.capability for step in plan.steps if step.capability not in names)
    if wanted := tuple(dict.fromkeys(name for name in unoffered if name in existing)):
        return Missing(wanted)
    around = Surroundings(
        allowed=names, earlier=order.earlier, targets=order.targets or (order.target,), directory=order.directory
    )
    return plan_problems(plan, order.registry, around) or plan


def _repeated(draft: DraftPlan) -> str:
    text = json.dumps(to_plain(draft), ensure_ascii=False)
    return text if len(text) <= _MOST_REPEATED else f"{text[:_MOST_REPEATED]}..."


def _summary(draft: DraftPlan) -> str:
    if draft.steps:
        named = ", ".join(shown(step.capability)[:40] for step in draft.steps[:10])
        words = f", then words: {shown(draft.explain)}" if draft.answer is Answer.WORDS else ""
        return f"{len(draft.steps)} steps ({named}{', ...' if len(draft.steps) > 10 else ''}){words}"
    for name in ("question", "impossible"):
        if text := getattr(draft, name).strip():
            return f"{name}: {shown(text)}"
    return f"missing: {', '.join(shown_list(draft.missing))}" if draft.missing else "nothing"


def _gave_up(attempts: int, problems: tuple[str, ...]) -> ModelError:
    lines = [f"no plan that can run was made in {attempts} attempt{'s' if attempts > 1 else ''}:"]
    lines += [f"- {shown(one)}" for one in problems[:_MOST_TOLD]]
    if len(problems) > _MOST_TOLD:
        lines.append(f"- and {len(problems) - _MOST_TOLD} more")
    lines.append("ask for less at once, or raise execution_control.limits.max_planning_attempts")
    return ModelError("\n".join(lines), kind=ModelErrorKind.MALFORMED)
