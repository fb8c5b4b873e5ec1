"""What is known of endpoints that speak OpenAI's dialect: data, and nothing else.

A base URL stands here where those who run the endpoint publish it; where they do not, or have moved it, the
configuration has to say it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from attrs import frozen


@frozen(kw_only=True)
class KnownEndpoint:
    """An endpoint that many people use."""

    summary: str
    base_url: str = ""
    """Empty: the configuration has to say it."""
    key_variable: str = ""
    json_schema: bool = True
    tools: bool = True


KNOWN: Final[Mapping[str, KnownEndpoint]] = {
    "openai": KnownEndpoint(
        summary="OpenAI, and any endpoint that speaks its dialect (api.providers.openai.base_url)",
        base_url="https://api.openai.com/v1",
        key_variable="OPENAI_API_KEY",
    ),
    "ollama": KnownEndpoint(summary="Models on this machine, served by Ollama", base_url="http://localhost:11434/v1"),
    "vllm": KnownEndpoint(summary="Models served by vLLM", base_url="http://localhost:8000/v1"),
    "lm-studio": KnownEndpoint(
        summary="Models on this machine, served by LM Studio", base_url="http://localhost:1234/v1"
    ),
    "cborg": KnownEndpoint(
        summary="CBORG, the gateway of Lawrence Berkeley National Laboratory",
        base_url="https://api.cborg.lbl.gov",
        key_variable="CBORG_API_KEY",
    ),
    "argo": KnownEndpoint(
        summary="Argo, the gateway of Argonne National Laboratory (base_url: your own argo-proxy, or the site's)",
        key_variable="ARGO_API_KEY",
        json_schema=False,
    ),
    "stanford": KnownEndpoint(
        summary="The AI API Gateway of Stanford University",
        base_url="https://aiapi-prod.stanford.edu/v1",
        key_variable="STANFORD_API_KEY",
    ),
    "amsc": KnownEndpoint(
        summary="The American Science Cloud (base_url: as your project was told)", key_variable="AMSC_I2_API_KEY"
    ),
    "asksage": KnownEndpoint(
        summary="Ask Sage",
        base_url="https://api.asksage.ai/server/openai/v1",
        key_variable="ASKSAGE_API_KEY",
        json_schema=False,
    ),
    "google": KnownEndpoint(
        summary="Google's Gemini, through its OpenAI-compatible endpoint",
        base_url="https://generativelanguage.googleapis.com/v1beta/openai",
        key_variable="GOOGLE_API_KEY",
    ),
}
