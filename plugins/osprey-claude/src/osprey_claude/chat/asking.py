"""What a question is in Anthropic's dialect. LangChain is imported here: import it when a model is first asked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from osprey.api import ChatMessage, ChatRequest, ModelAddress, ModelError, ModelErrorKind, Speaker, ToolCall, ToolSpec
from osprey_claude.chat.endpoint import MAX_TOKENS
from osprey_claude.chat.forms import Hold, hold_of, tool_name


def wire_messages(messages: Iterable[ChatMessage]) -> list[BaseMessage]:
    """Say a conversation in LangChain's values. The dialect has one system text, which stands before all."""
    given = list(messages)
    system = "\n\n".join(message.text for message in given if message.speaker is Speaker.SYSTEM and message.text)
    told = [_wire_message(message) for message in given if message.speaker is not Speaker.SYSTEM]
    return [SystemMessage(system), *told] if system else told


def _wire_message(message: ChatMessage) -> BaseMessage:
    if message.speaker is Speaker.ASSISTANT:
        return AIMessage(message.text, tool_calls=[_wire_call(call) for call in message.tool_calls])
    if message.speaker is Speaker.TOOL:
        return ToolMessage(message.text, tool_call_id=message.tool_call_id)
    return HumanMessage(message.text)


def _wire_call(call: ToolCall) -> Any:
    # The dialect takes nothing but an object.
    arguments = {"unreadable": call.text} if call.arguments is None else dict(call.arguments)
    return {"type": "tool_call", "id": call.id, "name": call.name, "args": arguments}


def wire_options(request: ChatRequest, address: ModelAddress) -> dict[str, Any]:
    """Give all that goes with a conversation.

    :raises ModelError: the question needs what the endpoint cannot do.
    """
    max_tokens = address.max_tokens if request.max_tokens is None else request.max_tokens
    temperature = address.temperature if request.temperature is None else request.temperature
    options: dict[str, Any] = {"max_tokens": MAX_TOKENS if max_tokens is None else max_tokens}
    if temperature is not None:
        # There it reaches the endpoint as it is: LangChain drops or refuses it by the model's name.
        options["extra_body"] = {"temperature": temperature}
    if request.tools:
        _require_tools(address)
        options["tools"] = [_wire_tool(tool) for tool in request.tools]
    return options | _wire_form(request, address, options.get("tools", []))


def _wire_form(request: ChatRequest, address: ModelAddress, tools: list[dict[str, Any]]) -> dict[str, Any]:
    hold = hold_of(request, address)
    if request.form is None or hold is Hold.NOTHING:
        return {}
    if hold is Hold.ENDPOINT:
        return {"output_config": {"format": {"type": "json_schema", "schema": dict(request.form.schema)}}}
    name = tool_name(request.form, request)
    tool = {"name": name, "description": "Give the answer.", "input_schema": dict(request.form.schema)}
    # With tools of the question, the model chooses between those and the answer.
    choice = {"type": "any"} if tools else {"type": "tool", "name": name}
    return {"tools": [*tools, tool], "tool_choice": choice}


def _wire_tool(tool: ToolSpec) -> dict[str, Any]:
    return {"name": tool.name, "description": tool.description, "input_schema": dict(tool.parameters)}


def _require_tools(address: ModelAddress) -> None:
    if not address.abilities.tools:
        msg = (
            f"{address.provider}, model {address.model_id!r}: it cannot call tools, says the configuration;"
            " ask another model, or correct the provider's abilities"
        )
        raise ModelError(msg, kind=ModelErrorKind.INVALID)
