"""One question to the model that works step by step, with tools where its endpoint has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from osprey.agent.reacting.calls import MOST_CALLS, call_of_step, call_of_tool
from osprey.agent.reacting.exchange import Call, Round
from osprey.agent.reacting.tools import NextMove, tool_of
from osprey.errors import ModelError, ModelErrorKind
from osprey.models.chat.messages import ChatMessage, ChatReply, ChatRequest, Finish
from osprey.printable import printable_lines

if TYPE_CHECKING:
    from osprey.models.chat.account import Account
    from osprey.models.chat.asking import RoleModel
    from osprey.plugins import Registry
    from osprey.registrations import Capability

_EMPTY: Final = "Your answer was empty. Ask for the next steps, or give the final answer as text."
_CUT: Final = "Your answer was cut off at its greatest length. Give a shorter one, or ask for fewer steps at once."
_MOST_SAID: Final = 8_000
"""Characters of what it says; the rest is cut."""


async def ask_round(
    model: RoleModel,
    messages: Sequence[ChatMessage],
    offers: Sequence[Capability],
    registry: Registry,
    *,
    account: Account,
    calls_before: int,
) -> Round:
    """Ask once for the next steps or the final answer; nothing of what is called is judged yet.

    :param calls_before: how many calls there were in this turn; the new ones are numbered after them.
    :raises ModelError: there is no answer, or the model declined to give one.
    """
    if not model.has_tools:
        move = await model.ask_for(NextMove, messages, account=account)
        wanted = move.steps[:MOST_CALLS]
        calls = tuple(call_of_step(one, calls_before + place) for place, one in enumerate(wanted, start=1))
        return _round(move.answer, calls, is_cut=False)
    tools = tuple(tool_of(each, registry) for each in offers)
    reply = await model.ask(ChatRequest(messages=tuple(messages), tools=tools), account=account)
    _require_answer(reply)
    called = reply.tool_calls[:MOST_CALLS]
    calls = tuple(call_of_tool(one, calls_before + place, registry) for place, one in enumerate(called, start=1))
    return _round(reply.text, calls, is_cut=reply.finish is Finish.LENGTH)


def _round(text: str, calls: tuple[Call, ...], *, is_cut: bool) -> Round:
    said = printable_lines(text[:_MOST_SAID]).strip()
    if calls:
        return Round(said=said, calls=calls)
    return Round(said=said, problem=_CUT if is_cut else "" if said else _EMPTY)


def _require_answer(reply: ChatReply) -> None:
    if reply.finish is Finish.REFUSAL:
        msg = "the model declined to go on"
        raise ModelError(msg, kind=ModelErrorKind.INVALID)
