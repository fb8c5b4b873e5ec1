"""Reads a YAML file into nodes that know their line and column.

It works on the parser's events, not on constructed values: Osprey itself decides what a scalar means, so
that no YAML version, tag or merge key can turn a word into a truth value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from osprey.config.nodes import Entry, Items, Node, Plain, Scalar, Table
from osprey.config.problems import InvalidConfigError, Mark, Problem

_INTEGER: Final = re.compile(r"[-+]?[0-9]{1,400}")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_SPECIAL: Final = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    "true": True,
    "false": False,
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **{sign + word: float(sign + "inf") for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")},
}

_MAX_NODES: Final = 100_000
"""Far above any configuration; it stops a file whose aliases of aliases grow without end."""


def read_yaml(file: Path) -> Table:
    """Read the one mapping that `file` holds; an empty file is an empty mapping.

    :raises InvalidConfigError: the file cannot be read, or is no YAML that a configuration may be written in.
    """
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise _of_file(file, f"is not UTF-8 text ({exc.reason} at byte {exc.start}): save it as UTF-8") from exc
    except OSError as exc:
        raise _of_file(file, f"cannot be read: {exc.strerror}") from exc
    return _Reader(file).read(text)


def resolve_plain(text: str) -> Plain:
    """Say what an unquoted scalar means, by the core schema of YAML 1.2 with two truth values only.

    `True`, `yes` and `off` are text: a key that wants a truth value refuses them.
    """
    if text in _SPECIAL:
        return _SPECIAL[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _of_file(file: Path, message: str) -> InvalidConfigError:
    return InvalidConfigError([Problem(message=f"{file} {message}")])


class _Reader:
    """Turns the events of one file into one table."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._problems: list[Problem] = []
        self._anchors: dict[str, Node] = {}
        self._events: Iterator[Any] = iter(())
        self._count = 0

    def read(self, text: str) -> Table:
        from ruamel.yaml import YAML
        from ruamel.yaml.error import MarkedYAMLError, YAMLError

        try:
            parser: Any = YAML(typ="safe", pure=True)
            self._events = iter(list(parser.parse(text)))
        except MarkedYAMLError as exc:
            raise InvalidConfigError([self._syntax(exc)]) from exc
        except (YAMLError, ValueError) as exc:
            raise _of_file(self._file, f"is not YAML: {exc}") from exc
        try:
            table = self._document()
        except RecursionError as exc:
            raise _of_file(self._file, "is nested too deeply for a configuration") from exc
        if self._problems:
            raise InvalidConfigError(self._problems)
        return table

    def _document(self) -> Table:
        empty = Table(entries={}, mark=Mark(self._file, 1, 1))
        roots: list[Node] = []
        for event in self._events:
            if type(event).__name__ == "DocumentStartEvent":
                if roots:
                    self._problem(event, "a second document begins: keep one, and remove the line '---'")
                    return empty
                roots.append(self._node(next(self._events)))
        if not roots or (isinstance(roots[0], Scalar) and roots[0].value is None):
            return empty
        if not isinstance(roots[0], Table):
            message = "the file holds no keys: write it as 'section:' with indented 'key: value' lines"
            self._problems.append(Problem(message=message, mark=roots[0].mark))
            return empty
        return roots[0]

    def _node(self, event: Any) -> Node:
        self._count += 1
        kind = type(event).__name__
        if kind == "AliasEvent":
            return self._alias(event)
        if getattr(event, "tag", None) is not None:
            self._problem(event, f"the tag {event.tag!s} is not used in a configuration: remove it")
        if kind == "ScalarEvent":
            node: Node = self._scalar(event)
        elif kind == "SequenceStartEvent":
            node = Items(nodes=tuple(self._until_end("SequenceEndEvent")), mark=self._mark(event))
        else:
            node = self._table(event)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _until_end(self, end: str) -> Iterator[Node]:
        while type(event := next(self._events)).__name__ != end:
            yield self._node(event)

    def _scalar(self, event: Any) -> Scalar:
        text: str = event.value
        value = resolve_plain(text) if event.style is None else text
        return Scalar(value=value, mark=self._mark(event), source=text)

    def _alias(self, event: Any) -> Node:
        node = self._anchors.get(event.anchor)
        if node is None:
            self._problem(event, f"the alias *{event.anchor} names no anchor that stands complete above it")
            return Scalar(value=None, mark=self._mark(event), source="")
        self._count += _size(node)
        if self._count > _MAX_NODES:
            self._problem(event, f"the aliases of the file grow past {_MAX_NODES} values: write it out")
            raise InvalidConfigError(self._problems)
        return node

    def _table(self, start: Any) -> Table:
        entries: dict[str, Entry] = {}
        while type(event := next(self._events)).__name__ != "MappingEndEvent":
            key = self._key(event)
            mark = self._mark(event)
            node = self._node(next(self._events))
            if key is None:
                continue
            if key in entries:
                first = entries[key].key_mark.line
                self._problem(event, f"the key {key!r} stands on line {first} and on line {mark.line}: keep one")
            else:
                entries[key] = Entry(key_mark=mark, node=node)
        return Table(entries=entries, mark=self._mark(start))

    def _key(self, event: Any) -> str | None:
        if type(event).__name__ != "ScalarEvent":
            self._problem(event, "a key must be a word; quote ${...} and *names that stand as a key or in { }")
            if type(event).__name__ != "AliasEvent":
                self._node(event)
            return None
        if event.value == "<<" and event.style is None:
            self._problem(event, "merge keys ('<<') are not read: write the keys out")
            return None
        return event.value

    def _mark(self, event: Any) -> Mark:
        return Mark(self._file, event.start_mark.line + 1, event.start_mark.column + 1)

    def _problem(self, event: Any, message: str) -> None:
        self._problems.append(Problem(message=message, mark=self._mark(event)))

    def _syntax(self, exc: Any) -> Problem:
        place = exc.problem_mark or exc.context_mark
        mark = None if place is None else Mark(self._file, place.line + 1, place.column + 1)
        what = ", ".join(str(part) for part in (exc.problem, exc.context) if part)
        return Problem(message=f"not valid YAML ({what}): {_remedy(what)}", mark=mark)


def _remedy(what: str) -> str:
    if "'\\t'" in what:
        return "indent with spaces, not with tabs"
    if "mapping values are not allowed" in what:
        return "indent the key as its neighbours, or quote a value that contains ': '"
    if "flow" in what:
        return "close the bracket, and quote ${...} inside [ ] or { }"
    if "quoted scalar" in what:
        return "close the quotation mark"
    if "block" in what or "indent" in what:
        return "indent the line as its neighbours of the same section"
    return "correct the line, or quote the value"


def _size(node: Node) -> int:
    if isinstance(node, Items):
        return 1 + sum(map(_size, node.nodes))
    if isinstance(node, Table):
        return 1 + sum(_size(entry.node) for entry in node.entries.values())
    return 1
