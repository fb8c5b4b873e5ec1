"""A chat model behind an endpoint that speaks Anthropic's dialect."""

from __future__ import annotations

from importlib import import_module

from osprey.api import ChatRequest, ModelAddress, ModelWire, WireConnection, WireDriver
from osprey_claude.chat.answers import GatheredAnswer
from osprey_claude.chat.endpoint import BASE_URL, DIALECT_VERSION
from osprey_claude.chat.forms import Hold, hold_of, tool_name


class ClaudeChatModel(WireDriver):
    """Asks one model; see `osprey.api.ChatModel`. LangChain is imported when it is first asked."""

    def wire(self, address: ModelAddress) -> ModelWire:
        """Say how the endpoint is spoken to."""
        known = BASE_URL if address.provider == "anthropic" else ""
        # The library adds "/v1" itself, and people copy it from other endpoints.
        base_url = (address.base_url or known).rstrip("/").removesuffix("/v1")
        key = {"x-api-key": address.api_key} if address.api_key else {}
        return ModelWire.to(address, base_url=base_url, headers={"anthropic-version": DIALECT_VERSION, **key})

    def connect(self, address: ModelAddress, wire: ModelWire) -> WireConnection:
        """Make the connections."""
        return import_module("osprey_claude.chat.connection").Connection(address, wire)

    def begin(self, request: ChatRequest) -> GatheredAnswer:
        """Make an answer of which nothing has come yet."""
        if request.form is not None and hold_of(request, self.address) is Hold.TOOL:
            return GatheredAnswer(form_tool=tool_name(request.form, request))
        return GatheredAnswer()
