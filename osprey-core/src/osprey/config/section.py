"""A mapping of the file, kept as it stands until someone who knows its keys reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from attrs import frozen

from osprey.config.nodes import FromVariable, Items, Node, Path_, Scalar, Table, find, scalars
from osprey.config.problems import InvalidConfigError, Mark, Problem
from osprey.config.secrets import MASK, is_secret, without_url_password

T = TypeVar("T")

_NOWHERE: Final = Table(entries={}, mark=Mark(Path(), 0, 0))


@frozen(kw_only=True)
class Unset:
    """A value that does not exist, because an environment variable is not set."""

    path: str
    scalar: Scalar

    def problem(self) -> Problem:
        """Say which variable is missing and what to do."""
        names = " and ".join(self.scalar.missing)
        verb = "is" if len(self.scalar.missing) == 1 else "are"
        first = self.scalar.missing[0]
        message = f"{names} {verb} not set in the environment: set it, or give a default as ${{{first}:-...}}"
        return Problem(message=message, path=self.path, mark=self.scalar.mark)

    def error(self) -> InvalidConfigError:
        """Give the error to raise where the value is read."""
        return InvalidConfigError([self.problem()])


def present(value: T | Unset) -> T:
    """Give a value of the configuration that is about to be used.

    :raises ConfigError: it does not exist, because an environment variable is not set.
    """
    if isinstance(value, Unset):
        raise value.error()
    return value


class Section(Mapping[str, Any]):
    """A mapping of the file as a read-only mapping; nested mappings are sections too, lists are lists.

    Reading a value whose environment variable is not set raises `ConfigError`. `repr` masks secrets.
    """

    __slots__ = ("node", "path")

    def __init__(self, node: Table = _NOWHERE, path: Path_ = ()) -> None:
        self.node = node
        self.path = path
        """Where the section stands in the file."""

    def __getitem__(self, key: str) -> Any:
        return _value(self.node.entries[key].node, (*self.path, key))

    def __iter__(self) -> Iterator[str]:
        return iter(self.node.entries)

    def __len__(self) -> int:
        return len(self.node.entries)

    def __contains__(self, key: object) -> bool:
        return key in self.node.entries

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Section):
            return self.revealed() == other.revealed()
        return isinstance(other, Mapping) and self.revealed() == other

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Section({'.'.join(self.path)}: {self.shown()!r})"

    def at(self, path: Path_) -> Any:
        """Give the value at `path`, the real one, however secret.

        :raises KeyError: there is none.
        :raises ConfigError: its environment variable is not set.
        """
        if not path:
            return self
        entry = find(self.node, path)
        if entry is None:
            raise KeyError(".".join(path))
        return _value(entry.node, (*self.path, *path))

    def tolerating(self, names: frozenset[str]) -> Section:
        """Give the same section, in which reading one of `names` gives an `Unset` rather than an error."""
        return _Tolerant(self, names)

    def unset(self) -> list[Unset]:
        """List the values below whose environment variables are not set."""
        found = scalars(self.node, self.path)
        return [Unset(path=".".join(path), scalar=scalar) for path, scalar in found if scalar.missing]

    def secrets(self) -> tuple[str, ...]:
        """Give the texts below that are never shown, the longest first, to be taken out of what others say."""
        found = [
            str(scalar.value)
            for path, scalar in scalars(self.node, self.path)
            if scalar.value is not None and is_secret(path, scalar.variables)
        ]
        return tuple(sorted(filter(None, found), key=len, reverse=True))

    def shown(self) -> dict[str, Any]:
        """Give it as plain JSON-able values, secrets masked, references to unset variables as written."""
        return {key: _shown(entry.node, (*self.path, key)) for key, entry in self.node.entries.items()}

    def revealed(self) -> dict[str, Any]:
        """Give it as plain values, with secrets; for the plugin whose section it is, and for nobody's screen.

        References to unset variables stand as written.
        """
        return {key: _revealed(entry.node) for key, entry in self.node.entries.items()}


class _Tolerant(Section):
    """A section some of whose values may not exist."""

    __slots__ = ("names",)

    def __init__(self, section: Section, names: frozenset[str]) -> None:
        super().__init__(section.node, section.path)
        self.names = names

    def __getitem__(self, key: str) -> Any:
        node = self.node.entries[key].node
        if key in self.names and isinstance(node, Scalar) and node.missing:
            return Unset(path=".".join((*self.path, key)), scalar=node)
        return super().__getitem__(key)


def _value(node: Node, path: Path_) -> Any:
    if isinstance(node, Table):
        return Section(node, path)
    if isinstance(node, Items):
        return [_value(child, (*path, str(index))) for index, child in enumerate(node.nodes)]
    if node.missing:
        raise Unset(path=".".join(path), scalar=node).error()
    return node.value


def _revealed(node: Node) -> Any:
    if isinstance(node, Table):
        return {key: _revealed(entry.node) for key, entry in node.entries.items()}
    if isinstance(node, Items):
        return [_revealed(child) for child in node.nodes]
    if node.missing:
        return node.source
    return str(node.value) if isinstance(node.value, FromVariable) else node.value


def _shown(node: Node, path: Path_) -> Any:
    if isinstance(node, Table):
        return {key: _shown(entry.node, (*path, key)) for key, entry in node.entries.items()}
    if isinstance(node, Items):
        return [_shown(child, (*path, str(index))) for index, child in enumerate(node.nodes)]
    if node.missing:
        return node.source
    return show_value(node.value, secret=is_secret(path, node.variables))


def show_value(value: Any, *, secret: bool) -> Any:
    """Give a scalar as it may be shown: a secret masked, a URL without its password, and JSON-able."""
    if value is None or isinstance(value, bool):
        return value
    if secret:
        return MASK
    if isinstance(value, str):
        return without_url_password(str(value))
    if isinstance(value, float) and value - value != 0:
        return str(value)  # an infinity or NaN has no place in JSON
    return value
