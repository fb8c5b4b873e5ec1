"""A chat model behind an endpoint that speaks OpenAI's dialect."""

from __future__ import annotations

from importlib import import_module

from osprey.api import ChatRequest, ModelAddress, ModelWire, WireConnection, WireDriver
from osprey_openai.answers import GatheredAnswer
from osprey_openai.endpoints import KNOWN


class OpenAIChatModel(WireDriver):
    """Asks one model; see `osprey.api.ChatModel`. LangChain is imported when it is first asked."""

    def wire(self, address: ModelAddress) -> ModelWire:
        """Say how the endpoint is spoken to."""
        known = KNOWN.get(address.provider)
        base_url = address.base_url or (known.base_url if known else "")
        headers = {"authorization": f"Bearer {address.api_key}"} if address.api_key else {}
        return ModelWire.to(address, base_url=base_url, headers=headers)

    def connect(self, address: ModelAddress, wire: ModelWire) -> WireConnection:
        """Make the connections."""
        return import_module("osprey_openai.connection").Connection(address, wire)

    def begin(self, request: ChatRequest) -> GatheredAnswer:
        """Make an answer of which nothing has come yet."""
        del request
        return GatheredAnswer()
