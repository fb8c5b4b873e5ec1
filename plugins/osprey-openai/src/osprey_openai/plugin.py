"""Endpoints of chat models that speak OpenAI's dialect.

This module is imported by listings: it declares, and imports nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable

from osprey.api import Model, hookimpl
from osprey_openai.endpoints import KNOWN


@hookimpl
def osprey_models() -> Iterable[Model]:
    """Declare every known endpoint; they share one driver."""
    for name, endpoint in KNOWN.items():
        yield Model(
            name=name,
            summary=endpoint.summary,
            implementation="osprey_openai.driver:OpenAIChatModel",
            requires=("langchain_openai",),
            base_url=endpoint.base_url,
            key_variable=endpoint.key_variable,
            json_schema=endpoint.json_schema,
            tools=endpoint.tools,
        )
