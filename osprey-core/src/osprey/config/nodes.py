"""The tree that a YAML file is read into: plain values, each with its place in the file.

Nothing here knows what a key means.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeAlias

from attrs import evolve, field, frozen

from osprey.config.problems import Mark

Plain: TypeAlias = "bool | int | float | str | None"
Path_: TypeAlias = tuple[str, ...]


class FromVariable(str):
    """Text that is the whole value of one environment variable.

    Such text may stand for a number or a truth value, which text written in the file may not.
    """

    __slots__ = ("source",)
    source: str
    """The reference as it stands in the file, such as ``${PORT:-5064}``."""

    def __new__(cls, text: str, source: str) -> FromVariable:
        """Keep `source` beside the text; a value is never shown in a message, its source is."""
        made = super().__new__(cls, text)
        made.source = source
        return made

    def __reduce__(self) -> tuple[type[FromVariable], tuple[str, str]]:
        return FromVariable, (str(self), self.source)


@frozen(kw_only=True)
class Scalar:
    """One value."""

    value: Plain
    mark: Mark
    source: str
    """The text as it stands in the file, variables unexpanded."""
    variables: tuple[str, ...] = ()
    """The environment variables that gave part of the value."""
    missing: tuple[str, ...] = ()
    """Variables that are not set and have no default: the value does not exist."""


@frozen(kw_only=True)
class Items:
    """A list."""

    nodes: tuple[Node, ...]
    mark: Mark


@frozen(kw_only=True)
class Entry:
    """A key with its value."""

    key_mark: Mark
    node: Node


@frozen(kw_only=True)
class Table:
    """A mapping; keys are text."""

    entries: Mapping[str, Entry] = field(converter=MappingProxyType[str, Entry])
    mark: Mark

    def without(self, key: str) -> Table:
        """Give the table without `key`."""
        return evolve(self, entries={name: entry for name, entry in self.entries.items() if name != key})

    def with_entry(self, key: str, entry: Entry) -> Table:
        """Give the table with `key` set to `entry`."""
        return evolve(self, entries={**self.entries, key: entry})


Node: TypeAlias = "Scalar | Items | Table"


def find(node: Node, path: Path_) -> Entry | None:
    """Give the entry at `path` under `node`; a number in the path counts into a list."""
    entry: Entry | None = None
    for step in path:
        if isinstance(node, Table) and step in node.entries:
            entry = node.entries[step]
        elif isinstance(node, Items) and step.isdigit() and int(step) < len(node.nodes):
            child = node.nodes[int(step)]
            entry = Entry(key_mark=child.mark, node=child)
        else:
            return None
        node = entry.node
    return entry


def is_empty(node: Node) -> bool:
    """Say whether the key has no value at all, as `approval:` with everything below it commented out."""
    return isinstance(node, Scalar) and node.value is None and not node.missing


def scalars(node: Node, path: Path_ = ()) -> list[tuple[Path_, Scalar]]:
    """List every scalar below `node` with its path."""
    if isinstance(node, Scalar):
        return [(path, node)]
    if isinstance(node, Items):
        children = [(str(index), child) for index, child in enumerate(node.nodes)]
    else:
        children = [(key, entry.node) for key, entry in node.entries.items()]
    return [found for step, child in children for found in scalars(child, (*path, step))]


def merge(under: Table, over: Table) -> Table:
    """Lay `over` on `under`: tables are merged key by key, anything else is replaced."""
    merged = under
    for key, entry in over.entries.items():
        below = under.entries.get(key)
        if below is not None and isinstance(below.node, Table) and isinstance(entry.node, Table):
            entry = evolve(entry, node=merge(below.node, entry.node))
        merged = merged.with_entry(key, entry)
    return merged
