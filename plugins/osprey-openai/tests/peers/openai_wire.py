"""OpenAI's wire format, as endpoints send it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from osprey.testing.wire_server import Answering
from osprey_openai.driver import OpenAIChatModel

CANARY = "sk-canary-0123456789abcdef"
"""The key of every question; it may stand in no error, no text of one, and no log."""

Driver = Callable[..., OpenAIChatModel]


def answer(message: dict[str, Any], finish: str | None = "stop", **more: Any) -> dict[str, Any]:
    """Give a whole answer."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "model-7-2026",
        "choices": [{"index": 0, "finish_reason": finish, "message": {"role": "assistant", **message}}],
        "usage": {
            "prompt_tokens": 20,
            "completion_tokens": 5,
            "total_tokens": 25,
            "prompt_tokens_details": {"cached_tokens": 12},
        },
        **more,
    }


def call(name: str, arguments: Any, identity: str = "call_a", **more: Any) -> dict[str, Any]:
    """Give a call of a tool."""
    return {"id": identity, "type": "function", "function": {"name": name, "arguments": arguments}, **more}


def chunk(delta: dict[str, Any] | None, finish: str | None = None, **more: Any) -> dict[str, Any]:
    """Give a chunk of a stream."""
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    return {"id": "c", "object": "chat.completion.chunk", "model": "model-7-2026", "choices": choices, **more}


async def stream(answering: Answering, *chunks: Any) -> None:
    """Send a stream to its proper end."""
    await answering.begin_events()
    for one in chunks:
        await answering.event(one)
    await answering.event("[DONE]")
    await answering.end()
