"""What a turn's thinking and its models leave behind: in its trace, with whoever listens, and in its state.

The account of the node that runs is in a context variable, so that a step which asks a model counts for its turn
without being handed it.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from osprey.agent.events import CapabilitiesSelected, ModelAsked
from osprey.agent.telling import note_span, span, tell
from osprey.agent.thinking.tracing import Stage, Thought
from osprey.models.chat.account import Account, Carried
from osprey.models.chat.messages import Usage

if TYPE_CHECKING:
    from osprey.config import Config

_current: ContextVar[Account | None] = ContextVar("osprey_turn_account", default=None)


@contextmanager
def turn_account(config: Config, usage: Mapping[str, Any]) -> Generator[Account]:
    """Hold the account that the steps of a turn share which run inside.

    :param usage: what the turn has used before, as its state keeps it.
    """
    account = Account.of(config, carried_from(usage))
    token = _current.set(account)
    try:
        yield account
    finally:
        _current.reset(token)


@contextmanager
def asking_in_turn(config: Config) -> Generator[Account]:
    """Give an account to ask a model on, within what its turn may still use; what it holds counts for the turn.

    Each attempt stands in the trace at the end, whatever came of it. Outside of a turn it is an account of its own.
    """
    shared = _current.get()
    account = Account.of(config, None if shared is None else carried_from(usage_of(shared)))
    try:
        yield account
    finally:
        enter_attempts(account)
        if shared is not None:
            shared.take(account)


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
        "discarded": account.discarded,
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
        discarded=int(usage.get("discarded", 0)),  # a turn of an earlier version has none
    )
