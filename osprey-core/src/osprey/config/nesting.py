"""Makes one tree of the spellings that people's files use.

A section may stand at the top, under `osprey:` or under `framework:`; a few keys have an older place. The
same key given twice with different values is an error, because nobody can say which one was meant.
"""

from __future__ import annotations

from typing import Final

from attrs import evolve

from osprey.config.nodes import Entry, Items, Node, Path_, Scalar, Table, find, is_empty
from osprey.config.problems import Problem

PREFIXES: Final = ("osprey", "framework")

MOVED: Final[dict[Path_, Path_]] = {
    ("execution", "python_env_path"): ("execution", "local", "python_env_path"),
    ("execution_control", "epics", "writes_enabled"): ("control_system", "writes_enabled"),
    ("system", "timezone"): ("facility", "time_zone"),
}
"""Older places of keys, each with the place that is read."""


def unify(table: Table) -> tuple[Table, list[Problem]]:
    """Bring every section to the top and every key to its place; report what contradicts itself."""
    problems: list[Problem] = []
    unified = table
    for prefix in PREFIXES:
        entry = table.entries.get(prefix)
        if entry is None:
            continue
        unified = unified.without(prefix)
        if isinstance(entry.node, Table):
            unified = _join(unified, entry.node, (), problems)
        elif not is_empty(entry.node):
            message = "expected sections below it, each as 'name:' with indented keys"
            problems.append(Problem(message=message, path=prefix, mark=entry.node.mark))
    for old, new in MOVED.items():
        unified = _move(unified, old, new, problems)
    return unified, problems


def _join(first: Table, second: Table, path: Path_, problems: list[Problem]) -> Table:
    """Add the keys of `second` to `first`."""
    joined = first
    for key, entry in second.entries.items():
        there = first.entries.get(key)
        if there is None or is_empty(there.node):
            joined = joined.with_entry(key, entry)
        elif isinstance(there.node, Table) and isinstance(entry.node, Table):
            node = _join(there.node, entry.node, (*path, key), problems)
            joined = joined.with_entry(key, evolve(there, node=node))
        elif not is_empty(entry.node) and not _same(there.node, entry.node):
            problems.append(_contradiction((*path, key), there, entry))
    return joined


def _contradiction(path: Path_, one: Entry, other: Entry) -> Problem:
    lines = sorted((one.key_mark.line, other.key_mark.line))
    message = f"is given twice with different values, on line {lines[0]} and on line {lines[1]}: keep one"
    return Problem(message=message, path=".".join(path), mark=other.key_mark)


def _same(one: Node, other: Node) -> bool:
    if isinstance(one, Scalar) and isinstance(other, Scalar):
        return type(one.value) is type(other.value) and (one.value, one.source) == (other.value, other.source)
    if isinstance(one, Items) and isinstance(other, Items):
        return len(one.nodes) == len(other.nodes) and all(map(_same, one.nodes, other.nodes))
    if isinstance(one, Table) and isinstance(other, Table):
        return one.entries.keys() == other.entries.keys() and all(
            _same(entry.node, other.entries[key].node) for key, entry in one.entries.items()
        )
    return False


def _move(table: Table, old: Path_, new: Path_, problems: list[Problem]) -> Table:
    entry = find(table, old)
    if entry is None:
        return table
    there = find(table, new)
    if there is not None and not _same(there.node, entry.node):
        problems.append(_contradiction(new, there, entry))
    kept = remove(table, old)
    if there is not None:
        return kept
    moved, clashes = _placed(kept, new, entry), find(kept, new[:-1])
    if clashes is not None and not isinstance(clashes.node, Table) and not is_empty(clashes.node):
        return kept  # the section itself is no mapping, which is reported where it is structured
    return moved


def remove(table: Table, path: Path_) -> Table:
    """Give `table` without the key at `path`, and without the tables that this leaves empty."""
    entry = table.entries.get(path[0])
    if entry is None:
        return table
    if len(path) == 1:
        return table.without(path[0])
    if not isinstance(entry.node, Table):
        return table
    node = remove(entry.node, path[1:])
    return table.with_entry(path[0], evolve(entry, node=node)) if node.entries else table.without(path[0])


def _placed(table: Table, path: Path_, entry: Entry) -> Table:
    if len(path) == 1:
        return table.with_entry(path[0], entry)
    there = table.entries.get(path[0])
    below = there.node if there is not None and isinstance(there.node, Table) else None
    node = _placed(below or Table(entries={}, mark=entry.key_mark), path[1:], entry)
    key_mark = entry.key_mark if there is None else there.key_mark
    return table.with_entry(path[0], Entry(key_mark=key_mark, node=node))
