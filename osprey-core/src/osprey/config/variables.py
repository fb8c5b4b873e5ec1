"""Environment variables in values: ``${NAME}``, ``${NAME:-default}``, and ``$${`` for a literal ``${``.

They are expanded after parsing, in values only, so that no variable can add a key or change the file's shape.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from attrs import evolve, frozen

from osprey.config.nodes import Entry, FromVariable, Items, Node, Path_, Scalar, Table
from osprey.config.problems import Problem

_REFERENCE: Final = re.compile(r"\$\$\{|\$\{(?P<inside>[^}]*)(?P<end>\}?)")
_INSIDE: Final = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<has_default>:-(?P<default>.*))?", re.DOTALL)


@frozen
class _Expansion:
    """The text after expansion, and which variables gave or lacked what."""

    text: str
    used: tuple[str, ...]
    missing: tuple[str, ...]


def expand_variables(table: Table, environ: Mapping[str, str]) -> tuple[Table, list[Problem]]:
    """Expand every value of `table`; a value whose variable is missing is marked as such, not refused."""
    problems: list[Problem] = []
    expanded = _expand_table(table, environ, (), problems)
    return expanded, problems


def _expand(node: Node, environ: Mapping[str, str], path: Path_, problems: list[Problem]) -> Node:
    if isinstance(node, Table):
        return _expand_table(node, environ, path, problems)
    if isinstance(node, Items):
        nodes = (_expand(child, environ, (*path, str(i)), problems) for i, child in enumerate(node.nodes))
        return evolve(node, nodes=tuple(nodes))
    if not isinstance(node.value, str) or "${" not in node.value:
        return node
    try:
        return _expand_scalar(node, node.value, environ)
    except ValueError as exc:
        problems.append(Problem(message=str(exc), path=".".join(path), mark=node.mark))
        return node


def _expand_table(table: Table, environ: Mapping[str, str], path: Path_, problems: list[Problem]) -> Table:
    entries = {
        key: Entry(key_mark=entry.key_mark, node=_expand(entry.node, environ, (*path, key), problems))
        for key, entry in table.entries.items()
    }
    return evolve(table, entries=entries)


def _expand_scalar(scalar: Scalar, text: str, environ: Mapping[str, str]) -> Scalar:
    found = _expand_text(text, environ)
    whole = _REFERENCE.fullmatch(text)
    # Only a value that is one reference and nothing more may stand for a number or a truth value.
    value = FromVariable(found.text, text) if whole and whole["inside"] is not None else found.text
    return evolve(scalar, value=value, variables=found.used, missing=found.missing)


def _expand_text(text: str, environ: Mapping[str, str]) -> _Expansion:
    used: list[str] = []
    missing: list[str] = []

    def replace(match: re.Match[str]) -> str:
        if match["inside"] is None:
            return "${"
        inside = _INSIDE.fullmatch(match["inside"])
        if inside is None or not match["end"]:
            how = "write ${NAME}, ${NAME:-default}, or $${ for a literal ${"
            msg = f"{match[0]!r} is no reference: {how}"
            raise ValueError(msg)
        name, default = inside["name"], inside["default"]
        given = environ.get(name)
        if given or (given is not None and default is None):
            used.append(name)
            return given
        if default is None:
            missing.append(name)
        return default or ""

    replaced = _REFERENCE.sub(replace, text)
    return _Expansion(replaced, tuple(dict.fromkeys(used)), tuple(dict.fromkeys(missing)))
