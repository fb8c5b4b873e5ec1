"""Where each value of the configuration comes from."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from attrs import frozen

from osprey.config.nodes import Entry, Node, Path_, Scalar, find, scalars
from osprey.config.schema import Config


class OriginKind(StrEnum):
    """What gave a value."""

    DEFAULT = "default"
    FILE = "file"
    ENVIRONMENT = "environment"


@frozen(kw_only=True)
class Origin:
    """What gave one value, and where."""

    kind: OriginKind
    file: Path | None = None
    line: int | None = None
    variables: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.kind is OriginKind.ENVIRONMENT:
            noun = "variable" if len(self.variables) == 1 else "variables"
            return f"environment {noun} {', '.join(self.variables)}"
        return "default" if self.file is None else f"{self.file.name}:{self.line}"


def origin_of(config: Config, path: Path_) -> Origin:
    """Say where the value at `path` of `config_to_plain` comes from."""
    for place in places_of(config, path):
        entry = find(config.document.node, place)
        if entry is not None:
            return _of(entry)
    return Origin(kind=OriginKind.DEFAULT)


def _of(entry: Entry) -> Origin:
    mark = entry.key_mark
    used = _variables(entry.node)
    kind = OriginKind.ENVIRONMENT if used else OriginKind.FILE
    return Origin(kind=kind, file=mark.file, line=mark.line, variables=used)


def _variables(node: Node) -> tuple[str, ...]:
    if isinstance(node, Scalar):
        return node.variables
    return tuple(dict.fromkeys(name for _, scalar in scalars(node) for name in scalar.variables))


def places_of(config: Config, path: Path_) -> Iterator[Path_]:
    """Give where the value may stand in the file, the strongest place first."""
    yield path
    if path[:2] == ("control_system", "default_target"):
        yield ("control_system", "type")
    if len(path) < 4 or path[:2] != ("control_system", "targets"):
        return
    target, key, rest = config.control_system.targets[path[2]], path[3], path[4:]
    if key == "settings":
        yield ("control_system", "connector", target.connector, *rest)
    elif key == "archiver_settings" and target.archiver:
        yield ("archiver", target.archiver, *rest)
    elif key == "archiver":
        yield ("archiver", "type")
    elif key == "limits":
        older = {"file": "database_path", "unlisted": "allow_unlisted_channels"}
        yield ("control_system", "limits_checking", *(older.get(step, step) for step in rest))
    elif key in ("posture", "writes_enabled"):
        yield ("control_system", "writes_enabled")
    elif key == "connector":
        yield ("control_system", "type")
