"""An endpoint of Anthropic's dialect for Claude Code itself: scripted turns, streamed as the real one streams them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from attrs import define, field
from claude_wire import answer, call, call_block, end, start, text, text_block

from osprey.testing.wire_server import Answering, WireServer, serve_wire

Turn = list[Any]
"""Blocks: a text, or ``(tool, arguments)``; or one function that answers by itself."""


@define
class ClaudeApi:
    """What Claude Code is answered, and what it asked."""

    turns: list[Turn]
    server: WireServer | None = None
    asked: list[dict[str, Any]] = field(factory=list[dict[str, Any]])
    headers: list[dict[str, str]] = field(factory=list[dict[str, str]])

    @property
    def url(self) -> str:
        assert self.server is not None
        return self.server.url

    def said(self, place: int = -1) -> str:
        """Give everything that stands in one question."""
        return str(self.asked[place])

    async def script(self, answering: Answering) -> None:
        question = answering.question
        if "count_tokens" in question.path:
            await answering.json({"input_tokens": 10})
            return
        if "/v1/messages" not in question.path:
            await answering.json({})
            return
        self.asked.append(question.body)
        self.headers.append(dict(question.headers))
        turn = self.turns[min(len(self.asked), len(self.turns)) - 1]
        if len(turn) == 1 and callable(turn[0]):
            await turn[0](answering)
            return
        await _answer(answering, turn)


async def _answer(answering: Answering, turn: Turn) -> None:
    stop = "tool_use" if any(isinstance(part, tuple) for part in turn) else "end_turn"
    if not answering.question.body.get("stream"):
        blocks = [text(part) if isinstance(part, str) else call(*part) for part in turn]
        await answering.json(answer(*blocks, stop=stop))
        return
    events = [start()]
    for index, part in enumerate(turn):
        if isinstance(part, str):
            events += text_block(index, part[: len(part) // 2], part[len(part) // 2 :])
        else:
            import json

            events += call_block(index, part[0], json.dumps(part[1]), identity=f"toolu_{index}_{id(turn)}")
    events += end(stop)
    await answering.begin_events()
    for event in events:
        await answering.event(event, event["type"])
    await answering.end()


@asynccontextmanager
async def serve_claude(*turns: Turn) -> AsyncIterator[ClaudeApi]:
    """Serve until the end of the context; the last turn answers whatever comes after it."""
    api = ClaudeApi(list(turns))
    async with serve_wire(api.script) as server:
        api.server = server
        yield api


def failing(status: int, kind: str) -> Callable[[Answering], Any]:
    """Give a turn that fails as the endpoint fails."""

    async def fail(answering: Answering) -> None:
        await answering.json({"type": "error", "error": {"type": kind, "message": f"no: {kind}"}}, status=status)

    return fail


async def hanging(answering: Answering) -> None:
    """A turn that never comes."""
    await answering.hang()
