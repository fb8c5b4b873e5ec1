"""How values of a turn's state stand in its checkpoints: as plain data, whatever size their numbers have."""

from __future__ import annotations

import json
from typing import Any, Final

from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

_JSON: Final = "osprey-json"


class PlainSerializer(JsonPlusSerializer):
    """LangGraph's own, which knows whole numbers of 64 bits; what it cannot write is written as JSON.

    A script may well come to a larger number, and its turn must not end in an error for that.
    """

    def __init__(self) -> None:
        """Let only plain data come back: no class is imported by its name."""
        super().__init__(allowed_msgpack_modules=None)

    def dumps_typed(self, obj: Any) -> tuple[str, bytes]:
        """Write a value.

        :raises TypeError: it is no plain data.
        """
        try:
            return super().dumps_typed(obj)
        except TypeError:
            return _JSON, json.dumps(obj).encode()

    def loads_typed(self, data: tuple[str, bytes]) -> Any:
        """Read what `dumps_typed` wrote, or an earlier version."""
        kind, content = data
        return json.loads(content) if kind == _JSON else super().loads_typed(data)
