"""`undo it`: the old values of the last change as a plan of its own, which asks for an approval of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from attrs import frozen

from osprey.agent.plan_approval.kind import expected_writes
from osprey.agent.thinking.conversation import PastTurn, recent
from osprey.base import ExecutionPlan, PlannedStep
from osprey.models.phrasebook import Clarification, NotUnderstood

_WHAT: Final = r"(?:it|that|this|them|those|(?:the|my) (?:last )?(?:changes?|steps?|writes?)|the last one)"
_UNDO: Final = re.compile(
    rf"(?:please |now |can you |could you )*(?:"
    rf"(?:undo|revert|reverse|take back)(?: {_WHAT})?"
    rf"|(?:put|set|bring|change|take) (?:{_WHAT}|everything) back(?: to (?:what it was|the old values?|before))?"
    rf"|(?:restore|go back to) the (?:old|previous|former) (?:values?|settings?)"
    rf")(?: again)?(?:,? please)?[.!?]*",
    re.IGNORECASE,
)
_MOST_CHOSEN: Final = 6


@frozen(kw_only=True)
class _OldValue:
    channel: str
    value: Any


class _NotUndone(Exception):  # noqa: N818 - carries an answer to the border of this module
    pass


def is_undo(text: str) -> bool:
    """Say if a message asks to take back the last change, and nothing else."""
    return _UNDO.fullmatch(" ".join(text.split())) is not None


def plan_undo(text: str, history: Sequence[PastTurn], target: str) -> ExecutionPlan | Clarification | NotUnderstood:
    """Plan to write back the values from before the last change of the thread.

    Only the change of the turn just before is taken back without a question. The values are those that the change's
    own step has recorded; where one is missing or in doubt, nothing is planned.
    """
    for ago, turn in enumerate(reversed(recent(history)), start=1):
        if not _is_change(turn):
            continue
        try:
            old = _old_values(turn, target)
        except _NotUndone as why:
            return NotUnderstood(text=text, message=str(why))
        if ago > 1:
            return _ask(text, turn, old)
        return _plan(turn, old)
    return NotUnderstood(
        text=text, message="Nothing was changed in the last turns of this thread, so nothing is undone."
    )


def _is_change(turn: PastTurn) -> bool:
    return any(
        step.capability == "channel_write"
        or expected_writes(step)
        or "writes" in turn.contexts.get(step.context_key, {})
        for step in turn.steps
    )


def _old_values(turn: PastTurn, target: str) -> list[_OldValue]:
    """Give what each channel was before the turn, the last change first; every channel once."""
    if turn.target != target:
        msg = f"The last change was made on target '{turn.target}', and this turn is about '{target}': ask there."
        raise _NotUndone(msg)
    first: dict[str, Any] = {}
    last: dict[str, Any] = {}
    for step in turn.steps:
        for channel, value, before in _confirmed(step, turn):
            first.setdefault(channel, before)
            last[channel] = value
    if not last:
        msg = f"Nothing of '{turn.meaning}' was carried out, so there is nothing to undo."
        raise _NotUndone(msg)
    unknown = [channel for channel, before in first.items() if before is None]
    if unknown:
        msg = f"What {unknown[0]} was before is not known: say the value that it is to be set to."
        raise _NotUndone(msg)
    old = [
        _OldValue(channel=channel, value=first[channel])
        for channel in reversed(last)
        if first[channel] != last[channel]
    ]
    if not old:
        msg = f"'{turn.meaning}' left everything at its old value, so there is nothing to undo."
        raise _NotUndone(msg)
    return old


def _confirmed(step: PlannedStep, turn: PastTurn) -> list[tuple[str, Any, Any]]:
    context = turn.contexts.get(step.context_key, {})
    writes, outcomes = _listed(context.get("writes")), _listed(context.get("outcomes"))
    if not writes:
        if expected_writes(step) and step.capability != "channel_write" and context:
            msg = (
                f"The old values of step '{step.context_key}' are not kept with the conversation: "
                "`osprey ledger list` shows them, and `osprey ledger restore REQUEST` asks for them back."
            )
            raise _NotUndone(msg)
        return []
    done: list[tuple[str, Any, Any]] = []
    for write, outcome in zip(writes, outcomes, strict=False):
        about: Mapping[str, Any] = cast("Mapping[str, Any]", write) if isinstance(write, Mapping) else {}
        channel = about.get("channel")
        if outcome == "unconfirmed":
            msg = f"Whether the last change reached {channel} is in doubt: settle that first (`osprey ledger list`)."
            raise _NotUndone(msg)
        if outcome in ("confirmed", "mismatch") and isinstance(channel, str):
            done.append((channel, about.get("value"), about.get("before")))
    return done


def _plan(turn: PastTurn, old: Sequence[_OldValue]) -> ExecutionPlan:
    step = PlannedStep(
        context_key="undo",
        capability="channel_write",
        task_objective=f"Undo '{turn.meaning[:200]}': {_told(old)}",
        success_criteria="Every write is confirmed by its read-back",
        expected_output="CHANNEL_WRITE_RESULTS",
        parameters={"groups": [[{"channel": one.channel, "value": one.value, "unit": None}] for one in old]},
    )
    count = f"{len(old)} channel{'s' if len(old) > 1 else ''}"
    return ExecutionPlan(
        steps=(step,),
        assumptions=(f"the change of '{turn.meaning[:200]}' is undone: {count} back to what was read before it",),
    )


def _ask(text: str, turn: PastTurn, old: Sequence[_OldValue]) -> Clarification:
    which = f"the change of '{turn.meaning[:200]}'"
    question = f"The last turn changed nothing. Is {which} to be undone? That would be: {_told(old)}."
    are_plain = all(isinstance(one.value, int | float) and not isinstance(one.value, bool) for one in old)
    listed = " and ".join(f"{one.channel} to {one.value!r}" for one in old)
    choices = (f"set {listed}",) if are_plain and len(old) <= _MOST_CHOSEN else ()
    return Clarification(text=text, question=question, choices=choices)


def _told(old: Sequence[_OldValue]) -> str:
    shown = ", ".join(f"{one.channel} back to {one.value!r}" for one in old[:_MOST_CHOSEN])
    return f"{shown}, and {len(old) - _MOST_CHOSEN} more" if len(old) > _MOST_CHOSEN else shown


def _listed(value: Any) -> Sequence[Any]:
    return cast("Sequence[Any]", value) if isinstance(value, list | tuple) else ()
