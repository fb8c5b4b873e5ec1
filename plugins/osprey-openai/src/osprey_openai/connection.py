"""The connections to one model of an endpoint. It imports LangChain: import it when a model is first asked."""

from __future__ import annotations

import ssl
from contextlib import AbstractAsyncContextManager
from functools import cache
from typing import Any, Final

import httpx2
from langchain_openai import ChatOpenAI

from osprey.api import ChatRequest, ModelAddress, ModelWire
from osprey_openai.asking import wire_messages, wire_options

_LIMITS: Final = httpx2.Limits(max_connections=1000, max_keepalive_connections=50)
_WHOLE: Final = {"Accept": "application/json"}
_EVENTS: Final = {"Accept": "text/event-stream"}
"""Stated with each question: what stands there goes before what the environment would have the library send."""


class _Questions(ChatOpenAI):
    """LangChain's view of the endpoint, used for what it makes of a question."""

    def question(self, request: ChatRequest, options: dict[str, Any]) -> dict[str, Any]:
        return self._get_request_payload(wire_messages(request.messages), **options)


class Connection:
    """Asks one model, through connections that are kept."""

    def __init__(self, address: ModelAddress, wire: ModelWire) -> None:
        self._address = address
        self._wire = wire
        self._client = httpx2.AsyncClient(
            # Deadlines are set above, over all of an attempt.
            timeout=None,
            limits=_LIMITS,
            verify=_trust(),
            # A redirect would carry the key elsewhere.
            follow_redirects=False,
            event_hooks={"request": [wire.prepare], "response": [wire.check, _mark_unread]},
        )
        self._questions = _questions(address, wire, self._client)

    def ask(self, request: ChatRequest) -> AbstractAsyncContextManager[Any]:
        """Ask for an answer in one piece; the response is open as long as the context."""
        return self._sent(self._question(request) | {"extra_headers": _WHOLE})

    def ask_for_stream(self, request: ChatRequest) -> AbstractAsyncContextManager[Any]:
        """Ask for an answer as a stream of events; the response is open as long as the context."""
        question = self._question(request)
        question |= {"stream": True, "stream_options": {"include_usage": True}, "extra_headers": _EVENTS}
        return self._sent(question)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def _question(self, request: ChatRequest) -> dict[str, Any]:
        options = wire_options(request, self._address, self._wire.base_url)
        return self._questions.question(request, options)

    def _sent(self, question: dict[str, Any]) -> AbstractAsyncContextManager[Any]:
        return self._questions.async_client.with_streaming_response.create(**question)


@cache
def _trust() -> ssl.SSLContext:
    # Read from the disk once: a project has a driver for each of its models.
    return httpx2.create_ssl_context()


async def _mark_unread(response: httpx2.Response) -> None:
    # The library looks here for what it was asked to leave unread; nothing of the mark is sent.
    response.request.headers["x-stainless-raw-response"] = "stream"


def _questions(address: ModelAddress, wire: ModelWire, client: httpx2.AsyncClient) -> _Questions:
    async def give_no_key() -> str:
        # The wire sets the header. A key that has to be awaited is also one that no variable replaces.
        return "unused"

    return _Questions(
        model=address.model_id,
        api_key=give_no_key,
        base_url=wire.base_url,
        http_async_client=client,
        max_retries=0,
        timeout=None,
        # Each of these would else be read from the environment.
        openai_proxy=None,
        http_socket_options=(),
        stream_chunk_timeout=None,
        output_version="v0",
        use_responses_api=False,
        temperature=None,
    )
