"""What a turn's thinking and its models leave behind: in its trace, with whoever listens, and in its state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osprey.agent.events import CapabilitiesSelected, ModelAsked
from osprey.agent.telling import note_span, span, tell
from osprey.agent.thinking.tracing import Stage, Thought
from osprey.models.chat.account import Account, Carried
from osprey.models.chat.messages import Usage


def tell_thought(thought: Thought) -> None:
    """Have what came of a stage of thinking stand in the turn's trace, and be told."""
    with span("thought", stage=thought.stage.value, summary=thought.summary) as note:
        if thought.problems:
            note.status = "; ".join(thought.problems)
    if thought.stage is Stage.CLASSIFICATION:
        tell(CapabilitiesSelected(names=thought.names))


def enter_attempts(account: Account) -> None:
    """Have each question to a model stand in the turn's trace, and be told."""
    for attempt in account.attempts:
        tokens = attempt.usage.input_tokens + attempt.usage.output_tokens
        note_span(
            "model",
            begun_ns=attempt.begun_ns,
            ended_ns=attempt.begun_ns + int(attempt.seconds * 1e9),
            status=str(attempt.outcome),
            role=str(attempt.role),
            provider=attempt.provider,
            model=attempt.model,
            input_tokens=attempt.usage.input_tokens,
            output_tokens=attempt.usage.output_tokens,
            **({"failed": attempt.message} if attempt.message else {}),
        )
        tell(
            ModelAsked(
                role=str(attempt.role),
                provider=attempt.provider,
                model=attempt.model,
                outcome=str(attempt.outcome),
                seconds=attempt.seconds,
                tokens=tokens,
            )
        )


def usage_of(account: Account) -> dict[str, Any]:
    """Give what a turn has used of models, as its state keeps it."""
    if not account.calls:
        return {}
    return {
        "calls": account.calls,
        "input_tokens": account.usage.input_tokens,
        "output_tokens": account.usage.output_tokens,
        "cached_tokens": account.usage.cached_tokens,
        "seconds": round(account.seconds, 3),
        "cost": account.cost if account.is_priced else None,
    }


def carried_from(usage: Mapping[str, Any]) -> Carried:
    """Give what `usage_of` has kept of the models that the turn has asked before."""
    if not usage:
        return Carried()
    return Carried(
        calls=int(usage["calls"]),
        usage=Usage(
            input_tokens=int(usage["input_tokens"]),
            output_tokens=int(usage["output_tokens"]),
            cached_tokens=int(usage["cached_tokens"]),
        ),
        seconds=float(usage["seconds"]),
        cost=None if usage["cost"] is None else float(usage["cost"]),
    )
