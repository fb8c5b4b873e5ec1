"""The exchange of a turn as messages to a model: what it called, and what came of it, fenced and bounded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from osprey.agent.reacting.calls import results_left
from osprey.agent.reacting.exchange import Call, Exchange, Round
from osprey.agent.reacting.tools import own_names, parameters_of
from osprey.agent.saying.turns import MOST_TEXT, told_context, told_text
from osprey.agent.thinking.asking import answered, said, told
from osprey.agent.thinking.conversation import conversation_text, recent
from osprey.agent.thinking.offers import manual
from osprey.control.channels.grounding import channel_list
from osprey.models.chat.messages import ChatMessage, Speaker, ToolCall
from osprey.prompts.fencing import Source, fence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from osprey.agent.state import TurnState
    from osprey.agent.thinking.conversation import PastTurn
    from osprey.agent.thinking.orchestration import Order
    from osprey.plugins import Registry
    from osprey.prompts.library import Prompts
    from osprey.registrations import Capability

_MOST_CONVERSATION: Final = 24_000
_NOT_RUN: Final = "not run: a step before it failed, and its answer was planned without knowing that"
_NOTHING: Final = "(nothing)"


def opening(
    order: Order,
    offers: Sequence[Capability],
    history: Sequence[PastTurn],
    prompts: Prompts,
    *,
    has_tools: bool,
    most_steps: int,
) -> list[ChatMessage]:
    """Give what a model is told before anything was called."""
    now = datetime.fromtimestamp(order.now_ns / 1e9, tz=UTC).astimezone(ZoneInfo(order.time_zone))
    earlier = conversation_text(recent(history))
    prompt = prompts.render(
        "react",
        capabilities="" if has_tools else manual(offers, order.registry),
        channels=channel_list(order.task, order.directory),
        target=order.target,
        now=f"{now:%A %Y-%m-%d %H:%M:%S %Z} ({order.now_ns} ns)",
        time_zone=order.time_zone,
        conversation=fence(earlier, Source.CONVERSATION, limit=_MOST_CONVERSATION) if earlier else "",
        most_steps=most_steps,
    )
    return [told(prompt), said(order.task)]


def spoken(exchange: Exchange, state: TurnState, registry: Registry, *, has_tools: bool) -> list[ChatMessage]:
    """Give the rounds of an exchange, each with what came of its calls."""
    found: list[ChatMessage] = []
    for one in exchange.rounds:
        if not one.calls:
            found += [answered(one.said or _NOTHING), said(one.problem)]
        elif has_tools:
            found += _with_tools(one, state, registry)
        else:
            found += _without_tools(one, state, registry)
    return found


def _with_tools(one: Round, state: TurnState, registry: Registry) -> list[ChatMessage]:
    calls = tuple(ToolCall(id=call.id, name=call.name, arguments=_arguments(call, registry)) for call in one.calls)
    outcomes = [
        ChatMessage(speaker=Speaker.TOOL, text=outcome_of(call, state, registry), tool_call_id=call.id)
        for call in one.calls
    ]
    return [ChatMessage(speaker=Speaker.ASSISTANT, text=one.said, tool_calls=calls), *outcomes]


def _without_tools(one: Round, state: TurnState, registry: Registry) -> list[ChatMessage]:
    steps = [
        {"capability": call.name, "objective": call.objective, "parameters": call.parameters, "uses": call.uses}
        for call in one.calls
    ]
    outcomes = "\n\n".join(f"{call.name}: {outcome_of(call, state, registry)}" for call in one.calls)
    return [answered(json.dumps({"steps": steps, "answer": ""}, ensure_ascii=False)), said(outcomes)]


def _arguments(call: Call, registry: Registry) -> Mapping[str, Any]:
    objective, uses = own_names(parameters_of(call.name, registry))
    return {objective: call.objective, **call.parameters, **({uses: list(call.uses)} if call.uses else {})}


def outcome_of(call: Call, state: TurnState, registry: Registry) -> str:
    """Say what came of a call: what was wrong with it, or how its step ended and what it left."""
    if call.problem:
        return f"not run: {call.problem}"
    steps: list[dict[str, Any]] = state.get("plan", {}).get("steps", [])
    for step, result in zip(steps, state.get("results", []), strict=False):
        if step["context_key"] == call.key:
            return "\n".join(_outcome(call, step, result, state, registry))
    return _NOT_RUN


def _outcome(
    call: Call, step: Mapping[str, Any], result: Mapping[str, Any], state: TurnState, registry: Registry
) -> list[str]:
    lines = [str(result["status"])]
    if step["parameters"] != call.parameters:
        changed = fence(json.dumps(step["parameters"], ensure_ascii=False), Source.RESULT, limit=MOST_TEXT)
        lines.append(f"A person changed the step before it ran; it ran with:\n{changed}")
    lines += told_text(result)
    if kinds := results_left(state, registry).get(call.key):
        lines += [f"It left {' or '.join(kinds)} under the key {call.key}:", *told_context(result)]
    return lines
