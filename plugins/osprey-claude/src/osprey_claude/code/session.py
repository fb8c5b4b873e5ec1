"""One conversation with Claude Code, phase after phase."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any, Final

import anyio
from attrs import define, field
from claude_agent_sdk import (
    ClaudeAgentOptions,
    ClaudeSDKClient,
    ClaudeSDKError,
    HookMatcher,
    ProcessError,
    ResultMessage,
)

from osprey.api import ModelAddress, ModelError, ModelErrorKind
from osprey_claude.code.environment import environment_of
from osprey_claude.code.gate import READING_TOOLS, Gate
from osprey_claude.code.scratch import Scratch
from osprey_claude.code.settings import Way

_LONGEST_ANSWER: Final = 256 * 1024
_TOLD: Final = 400
_TIRED: Final = {
    "error_max_turns": "it did not come to an end within max_turns: raise it, or ask for less",
    "error_max_budget_usd": "it used up max_budget_usd: raise it, or ask for less",
}
_STATUSES: Final = {
    400: ModelErrorKind.INVALID,
    401: ModelErrorKind.DENIED,
    403: ModelErrorKind.DENIED,
    404: ModelErrorKind.INVALID,
    429: ModelErrorKind.RATE_LIMITED,
    529: ModelErrorKind.OVERLOADED,
}


@define
class Session:
    """The conversation, as the generator uses it."""

    client: ClaudeSDKClient
    address: ModelAddress
    gate: Gate
    cost_usd: float = 0.0
    turns: int = 0
    tokens: dict[str, int] = field(factory=dict[str, int])

    async def ask(self, text: str) -> str:
        """Say something, and give the whole answer.

        :raises ModelError: there was none; the message says why, and never holds the key.
        """
        try:
            await self.client.query(text)
            result = await self._result()
        except ClaudeSDKError as exc:
            raise self._error(_reason_of(exc), ModelErrorKind.UNREACHABLE) from exc
        self._count(result)
        if result.is_error or result.subtype != "success":
            raise self._failure(result)
        return (result.result or "")[:_LONGEST_ANSWER]

    async def _result(self) -> ResultMessage:
        async with aclosing(self.client.receive_response()) as messages:  # pyright: ignore[reportArgumentType]
            async for message in messages:
                if isinstance(message, ResultMessage):
                    return message
        raise self._error("it ended without an answer", ModelErrorKind.MALFORMED)

    def _count(self, result: ResultMessage) -> None:
        self.cost_usd = result.total_cost_usd or self.cost_usd
        self.turns += result.num_turns
        for name in ("input_tokens", "output_tokens"):
            self.tokens[name] = self.tokens.get(name, 0) + int((result.usage or {}).get(name, 0))

    def _failure(self, result: ResultMessage) -> ModelError:
        if result.subtype in _TIRED:
            return self._error(_TIRED[result.subtype], ModelErrorKind.EXHAUSTED)
        kind = _STATUSES.get(result.api_error_status or 0, ModelErrorKind.SERVER)
        return self._error(str(result.result or result.subtype), kind)

    def _error(self, message: str, kind: ModelErrorKind) -> ModelError:
        line = " ".join(message.split())[:_TOLD]
        for secret in (self.address.api_key, *self.address.headers.values()):
            line = line.replace(secret, "***") if secret else line
        return ModelError(f"Claude Code ({self.address.provider}/{self.address.model_id}): {line}", kind=kind)


@asynccontextmanager
async def open_session(
    way: Way, address: ModelAddress, scratch: Scratch, system_prompt: str
) -> AsyncGenerator[Session]:
    """Start Claude Code; it is gone at the end, whatever happens in between.

    :raises ModelError: it does not start.
    """
    gate = Gate(scratch.work)
    client = ClaudeSDKClient(_options(way, address, scratch, system_prompt, gate))
    session = Session(client, address, gate)
    try:
        await client.connect()
    except (ClaudeSDKError, OSError) as exc:
        raise session._error(f"it does not start: {_reason_of(exc)}", ModelErrorKind.UNREACHABLE) from exc  # noqa: SLF001
    try:
        yield session
    finally:
        with anyio.CancelScope(shield=True):
            await client.disconnect()


def _options(way: Way, address: ModelAddress, scratch: Scratch, system_prompt: str, gate: Gate) -> ClaudeAgentOptions:
    async def look(given: Any, _tool_use_id: str | None, _context: Any) -> Any:
        reason = gate.reason_against(str(given["tool_name"]), given["tool_input"])
        decision = {"hookEventName": "PreToolUse", "permissionDecision": "deny" if reason else "allow"}
        return {"hookSpecificOutput": {**decision, "permissionDecisionReason": reason or "it reads its own folder"}}

    return ClaudeAgentOptions(
        tools=list(READING_TOOLS),
        system_prompt=system_prompt,
        setting_sources=[],
        strict_mcp_config=True,
        permission_mode="default",
        # Whatever fails in the hook blocks the call: nothing is allowed by accident.
        hooks={"PreToolUse": [HookMatcher(matcher=None, hooks=[look], on_failure="block")]},
        cwd=scratch.work,
        model=way.model_id,
        max_turns=way.profile.max_turns,
        max_budget_usd=way.profile.max_budget_usd,
        env=environment_of(address, scratch.home, _environ(), experimental_betas=way.experimental_betas),
        stderr=_drop,
    )


def _environ() -> Mapping[str, str]:
    return dict(os.environ)


def _drop(_line: str) -> None:
    """Let nothing of its own log reach the terminal; what failed stands in its result."""


def _reason_of(exc: Exception) -> str:
    return exc.stderr or str(exc) if isinstance(exc, ProcessError) else str(exc)
