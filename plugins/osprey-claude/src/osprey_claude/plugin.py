"""The chat models of Anthropic.

This module is imported by listings: it declares, and imports nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable

from osprey.api import Model, hookimpl
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
