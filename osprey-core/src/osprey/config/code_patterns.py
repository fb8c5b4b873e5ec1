"""`control_system.patterns`: regular expressions that count as reads or writes where they are found in code.

They stand by kind of control system, or flat for all. They only ever add to what the analyser finds by itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from attrs import evolve

from osprey.config.closest import did_you_mean
from osprey.config.nodes import Items, Node, Scalar, Table
from osprey.config.problems import Mark, Problem
from osprey.config.schema import CodePatterns
from osprey.config.section import Section

EVERY_SYSTEM: Final = ""
"""Stands for patterns that are given flat, without a kind of control system."""
_PATH: Final = "control_system.patterns"
_KINDS: Final = ("write", "read")


def read_code_patterns(section: Section | None, problems: list[Problem]) -> Mapping[str, CodePatterns]:
    """Read the patterns by kind of control system; what is wrong goes to `problems`, each with its line."""
    found: dict[str, CodePatterns] = {}
    if section is None:
        return found
    for name, entry in section.node.entries.items():
        if name in _KINDS:
            read = _patterns(entry.node, f"{_PATH}.{name}", problems)
            found[EVERY_SYSTEM] = evolve(found.get(EVERY_SYSTEM, CodePatterns()), **{name: read})
        elif isinstance(entry.node, Table):
            found[name] = _by_kind(entry.node, f"{_PATH}.{name}", problems)
        else:
            told = "expected `write` and `read`, or the name of a control system with these below it"
            problems.append(Problem(message=told, path=f"{_PATH}.{name}", mark=entry.key_mark))
    return found


def _by_kind(table: Table, path: str, problems: list[Problem]) -> CodePatterns:
    values: dict[str, Any] = {}
    for name, entry in table.entries.items():
        if name in _KINDS:
            values[name] = _patterns(entry.node, f"{path}.{name}", problems)
        else:
            hint = did_you_mean(name, _KINDS) or "known keys: write, read"
            problems.append(Problem(message=f"unknown key {name!r}; {hint}", path=path, mark=entry.key_mark))
    return CodePatterns(**values)


def _patterns(node: Node, path: str, problems: list[Problem]) -> tuple[str, ...]:
    if not isinstance(node, Items):
        problems.append(Problem(message="expected a list of regular expressions", path=path, mark=node.mark))
        return ()
    found: list[str] = []
    for index, child in enumerate(node.nodes):
        text = child.value if isinstance(child, Scalar) else None
        place, mark = f"{path}[{index}]", child.mark
        if not isinstance(text, str) or not text:
            problems.append(Problem(message="expected a regular expression", path=place, mark=mark))
        elif _is_good(str(text), place, mark, problems):
            found.append(str(text))
    return tuple(found)


def _is_good(text: str, path: str, mark: Mark, problems: list[Problem]) -> bool:
    try:
        re.compile(text)
    except (re.error, RecursionError, OverflowError) as exc:
        problems.append(Problem(message=f"{text!r} is no regular expression: {exc}", path=path, mark=mark))
        return False
    return True
