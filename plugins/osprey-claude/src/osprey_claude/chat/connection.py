"""The connections to one model of Anthropic's. It imports LangChain: import it when a model is first asked."""

from __future__ import annotations

import ssl
from contextlib import AbstractAsyncContextManager
from functools import cache
from typing import Any, Final

import anthropic
import httpx2
from langchain_anthropic import ChatAnthropic

from osprey.api import ChatRequest, ModelAddress, ModelWire
from osprey_claude.chat.asking import wire_messages, wire_options

_LIMITS: Final = httpx2.Limits(max_connections=1000, max_keepalive_connections=50)
_WHOLE: Final = {"Accept": "application/json"}
_EVENTS: Final = {"Accept": "text/event-stream"}
"""Stated with each question: what stands there goes before what the environment would have the library send."""
_NO_KEY: Final = "unused"
"""The wire sets the header. With a key stated, the library looks for none in the environment or on the disk."""


class _Questions(ChatAnthropic):
    """LangChain's view of the endpoint, used for what it makes of a question."""

    def question(self, request: ChatRequest, options: dict[str, Any]) -> dict[str, Any]:
        return self._get_request_payload(wire_messages(request.messages), **options)


class Connection:
    """Asks one model, through connections that are kept."""

    def __init__(self, address: ModelAddress, wire: ModelWire) -> None:
        self._address = address
        self._client = httpx2.AsyncClient(
            # Deadlines are set above, over all of an attempt.
            timeout=None,
            limits=_LIMITS,
            verify=_trust(),
            # A redirect would carry the key elsewhere.
            follow_redirects=False,
            event_hooks={"request": [wire.prepare], "response": [wire.check, _mark_unread]},
        )
        self._endpoint = anthropic.AsyncAnthropic(
            api_key=_NO_KEY,
            base_url=wire.base_url,
            max_retries=0,
            timeout=None,
            http_client=self._client,
            open_telemetry=False,
        )
        self._questions = _Questions(
            model_name=address.model_id,
            api_key=_NO_KEY,
            base_url=wire.base_url,
            max_retries=0,
            timeout=None,
            anthropic_proxy=None,
        )

    def ask(self, request: ChatRequest) -> AbstractAsyncContextManager[Any]:
        """Ask for an answer in one piece; the response is open as long as the context."""
        return self._sent(request, extra_headers=_WHOLE)

    def ask_for_stream(self, request: ChatRequest) -> AbstractAsyncContextManager[Any]:
        """Ask for an answer as a stream of events; the response is open as long as the context."""
        return self._sent(request, stream=True, extra_headers=_EVENTS)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def _sent(self, request: ChatRequest, **more: Any) -> AbstractAsyncContextManager[Any]:
        question = self._questions.question(request, wire_options(request, self._address))
        return self._endpoint.messages.with_streaming_response.create(**question, **more)


@cache
def _trust() -> ssl.SSLContext:
    # Read from the disk once: a project has a driver for each of its models.
    return httpx2.create_ssl_context()


async def _mark_unread(response: httpx2.Response) -> None:
    # The library looks here for what it was asked to leave unread; nothing of the mark is sent.
    response.request.headers["x-stainless-raw-response"] = "stream"
