"""A message planned without a model: by the phrasebook, with what it leans on put in its place."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve

from osprey.agent.planner import plan_request
from osprey.agent.thinking.answering import answered
from osprey.agent.thinking.conversation import PastTurn
from osprey.agent.thinking.follow_ups import Reading, Rewritten, leans_on_history, resolve_follow_up
from osprey.agent.thinking.outcome import Considered, Outcome
from osprey.agent.thinking.tracing import OnThought, Stage, Thought, ignore
from osprey.base import ExecutionPlan
from osprey.models.phrasebook import Clarification, NotUnderstood, parse


def plan_by_phrasebook(
    text: str, history: Sequence[PastTurn], reading: Reading, on_thought: OnThought = ignore
) -> Considered:
    """Plan a message by the documented grammar; what it does not understand wholly is not planned.

    A message that points at nothing before it is read by itself first: `it` may stand for something in the message.
    """
    answer = answered(text, history, reading)
    if answer is not None:
        return _rewritten(answer, reading, on_thought)
    if history and leans_on_history(text):
        found = _after_turns(text, history, reading, on_thought)
        return _alone(text, reading, on_thought) if found is None else found
    alone = _alone(text, reading, on_thought)
    if isinstance(alone.outcome, ExecutionPlan) or not history:
        return alone
    return _after_turns(text, history, reading, on_thought) or alone


def _alone(text: str, reading: Reading, on_thought: OnThought) -> Considered:
    zone = reading.time_zone
    phrase = parse(text, now_ns=reading.now_ns, time_zone=zone)
    outcome = plan_request(phrase, reading.directory, now_ns=reading.now_ns, time_zone=zone)
    on_thought(Thought(stage=Stage.PHRASEBOOK, summary=f"'{text[:200]}': {_came_of(outcome)}"))
    return Considered(outcome=outcome, task=text)


def _after_turns(text: str, history: Sequence[PastTurn], reading: Reading, on_thought: OnThought) -> Considered | None:
    resolved = resolve_follow_up(text, history, reading)
    if resolved is None:
        return None
    if not isinstance(resolved, Rewritten):
        return Considered(outcome=resolved, task=text)
    return _rewritten(resolved, reading, on_thought)


def _rewritten(resolved: Rewritten, reading: Reading, on_thought: OnThought) -> Considered:
    on_thought(Thought(stage=Stage.FOLLOW_UP, summary="; ".join(resolved.notes)))
    found = _alone(resolved.text, reading, on_thought)
    if isinstance(found.outcome, ExecutionPlan):
        plan = evolve(found.outcome, assumptions=(*resolved.notes, *found.outcome.assumptions))
        return evolve(found, outcome=plan)
    return found


def _came_of(outcome: Outcome) -> str:
    match outcome:
        case ExecutionPlan():
            return f"a plan of {len(outcome.steps)} step{'s' if len(outcome.steps) != 1 else ''}"
        case Clarification():
            return f"a question: {outcome.question}"
        case NotUnderstood():
            return outcome.message
