"""What a question is in OpenAI's dialect. LangChain is imported here, so this module only when a model is asked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import urlsplit

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from osprey.api import ChatMessage, ChatRequest, ModelAddress, ModelError, ModelErrorKind, Speaker, ToolCall, ToolSpec
from osprey_openai.schemas import response_format

_OPENAI_ITSELF: Final = "api.openai.com"


def wire_messages(messages: Iterable[ChatMessage]) -> list[BaseMessage]:
    """Say a conversation in LangChain's values, in the same order."""
    return [_wire_message(message) for message in messages]


def _wire_message(message: ChatMessage) -> BaseMessage:
    match message.speaker:
        case Speaker.SYSTEM:
            return SystemMessage(message.text)
        case Speaker.USER:
            return HumanMessage(message.text)
        case Speaker.ASSISTANT:
            return AIMessage(message.text, tool_calls=[_wire_call(call) for call in message.tool_calls])
        case Speaker.TOOL:
            return ToolMessage(message.text, tool_call_id=message.tool_call_id)


def _wire_call(call: ToolCall) -> Any:
    # Servers read the arguments of earlier calls again and fail on what is no JSON object.
    arguments = {"unreadable": call.text} if call.arguments is None else dict(call.arguments)
    return {"type": "tool_call", "id": call.id, "name": call.name, "args": arguments}


def wire_options(request: ChatRequest, address: ModelAddress, base_url: str) -> dict[str, Any]:
    """Give all that goes with a conversation. What stands in `extra_body` reaches the endpoint as it is: LangChain
    changes some of it by the model's name.

    :raises ModelError: the question needs what the endpoint cannot do.
    """
    body: dict[str, Any] = {}
    max_tokens = address.max_tokens if request.max_tokens is None else request.max_tokens
    if max_tokens is not None:
        body[_limit_name(base_url)] = max_tokens
    temperature = address.temperature if request.temperature is None else request.temperature
    if temperature is not None:
        body["temperature"] = temperature
    if request.form is not None and address.abilities.json_schema:
        body["response_format"] = response_format(request.form)
    options: dict[str, Any] = {"extra_body": body}
    if request.tools:
        _require_tools(address)
        options["tools"] = [_wire_tool(tool) for tool in request.tools]
    return options


def _limit_name(base_url: str) -> str:
    # OpenAI's newer models refuse the old name; many servers of its dialect pass over the new one without a word.
    return "max_completion_tokens" if urlsplit(base_url).hostname == _OPENAI_ITSELF else "max_tokens"


def _wire_tool(tool: ToolSpec) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
    return {"type": "function", "function": function}


def _require_tools(address: ModelAddress) -> None:
    if not address.abilities.tools:
        msg = (
            f"{address.provider}, model {address.model_id!r}: it cannot call tools, says the configuration;"
            " ask another model, or correct the provider's abilities"
        )
        raise ModelError(msg, kind=ModelErrorKind.INVALID)
