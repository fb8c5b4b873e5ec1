"""Claude: the chat models of Anthropic, and Python written by Claude Code.

This module is imported by listings: it declares, and imports nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable

from osprey.api import Command, Generator, Model, hookimpl
from osprey_claude.chat.endpoint import BASE_URL


@hookimpl
def osprey_models() -> Iterable[Model]:
    """Declare Anthropic, and any endpoint that speaks its dialect."""
    yield Model(
        name="anthropic",
        summary="Claude, from Anthropic or any endpoint that speaks its dialect (api.providers.anthropic.base_url)",
        implementation="osprey_claude.chat.driver:ClaudeChatModel",
        requires=("langchain_anthropic",),
        base_url=BASE_URL,
        key_variable="ANTHROPIC_API_KEY",
    )


@hookimpl
def osprey_generators() -> Iterable[Generator]:
    """Declare the generator; what it needs is the extra `code`."""
    yield Generator(
        name="claude_code",
        summary="Has Claude Code write the program, after it has read examples and guidance",
        implementation="osprey_claude.code.generator:ClaudeCodeGenerator",
        settings="osprey_claude.code.settings:ClaudeSettings",
        requires=("claude_agent_sdk",),
    )


@hookimpl
def osprey_commands() -> Iterable[Command]:
    """Declare `osprey generate claude-config`."""
    yield Command(
        name="generate-claude-config",
        summary="Write a file of settings for Claude Code",
        implementation="osprey_claude.code.command:claude_config",
    )
