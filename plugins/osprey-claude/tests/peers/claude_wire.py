"""Anthropic's wire format, as endpoints send it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from osprey.testing.wire_server import Answering
from osprey_claude.chat.driver import ClaudeChatModel

CANARY = "sk-ant-canary-0123456789abcdef"
"""The key of every question; it may stand in no error, no text of one, and no log."""

Driver = Callable[..., ClaudeChatModel]

USAGE = {
    "input_tokens": 8,
    "cache_creation_input_tokens": 3,
    "cache_read_input_tokens": 12,
    "output_tokens": 5,
    "service_tier": "standard",
}


def text(words: str) -> dict[str, Any]:
    """Give a block of text."""
    return {"type": "text", "text": words}


def call(name: str, arguments: Any, identity: str = "toolu_a") -> dict[str, Any]:
    """Give a call of a tool."""
    return {"type": "tool_use", "id": identity, "name": name, "input": arguments}


def answer(*blocks: dict[str, Any], stop: str | None = "end_turn", **more: Any) -> dict[str, Any]:
    """Give a whole answer."""
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "model-7-2026",
        "content": list(blocks),
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": USAGE,
        **more,
    }


def start(**more: Any) -> dict[str, Any]:
    """Give the event that begins a stream."""
    usage = {"input_tokens": 8, "cache_read_input_tokens": 12, "cache_creation_input_tokens": 3, "output_tokens": 1}
    return {"type": "message_start", "message": answer(stop=None) | {"usage": usage} | more}


def block(index: int, begin: dict[str, Any], *deltas: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the events of one block."""
    return [
        {"type": "content_block_start", "index": index, "content_block": begin},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def text_block(index: int, *words: str) -> list[dict[str, Any]]:
    """Give the events of a block of text."""
    return block(index, text(""), *({"type": "text_delta", "text": piece} for piece in words))


def call_block(index: int, name: str, *pieces: str, identity: str = "toolu_a") -> list[dict[str, Any]]:
    """Give the events of a call of a tool."""
    deltas = ({"type": "input_json_delta", "partial_json": piece} for piece in pieces)
    return block(index, call(name, {}, identity), *deltas)


def end(stop: str | None = "end_turn") -> list[dict[str, Any]]:
    """Give the events that end a stream."""
    delta = {"stop_reason": stop, "stop_sequence": None}
    return [{"type": "message_delta", "delta": delta, "usage": {"output_tokens": 5}}, {"type": "message_stop"}]


async def stream(answering: Answering, *events: dict[str, Any]) -> None:
    """Send a stream to its proper end."""
    await answering.begin_events()
    for one in events:
        await answering.event(one, one["type"])
    await answering.end()


def dumped(value: Any) -> str:
    """Write arguments as the driver does."""
    return json.dumps(value, ensure_ascii=False)
