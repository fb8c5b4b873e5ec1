"""One call with what its arguments can be."""

from __future__ import annotations

import ast
from typing import Final

from osprey.services.python_executor.analysis.boxes import item_of
from osprey.services.python_executor.analysis.functions import joined
from osprey.services.python_executor.analysis.values import (
    NOTHING,
    Box,
    Handle,
    Value,
    join,
)

_CHANNEL_NAMES: Final = (
    "pvname",
    "channel",
    "pv",
    "pvnames",
    "names",
    "attr_name",
    "channel_name",
    "address",
    "read_pv",
    "write_pv",
    "prefix",
    "dev_name",
)


class Call:
    """One call with what its arguments can be."""

    __slots__ = ("args", "double_star", "keywords", "node", "star")

    def __init__(self, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> None:
        self.node = node
        self.args = args
        self.keywords = keywords
        self.star: Value = NOTHING
        self.double_star: Value = NOTHING

    def given(self, index: int, *names: str) -> Value:
        """Give an argument by position or name."""
        if index < len(self.args):
            return self.args[index]
        for name in names:
            if name in self.keywords:
                return self.keywords[name]
        if self.star:
            return joined([item_of(atom, None) for atom in self.star if isinstance(atom, Box)])
        return NOTHING

    def everything(self) -> list[Value]:
        """Give all arguments."""
        return [*self.args, *self.keywords.values(), self.star, self.double_star]

    def channels(self) -> Value:
        """Give what names channels among the arguments."""
        found = self.given(0)
        for name in _CHANNEL_NAMES:
            if not found and name in self.keywords:
                found = self.keywords[name]
        for atom in found:
            if isinstance(atom, Handle):
                found = join(found, atom.channels)
        return found
