"""The table of control libraries, and what of Python itself matters, looked up by full dotted name.

The tables are data: `libraries.toml` and `python.toml` beside this file, and those that plugins declare.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable, Mapping
from fnmatch import translate
from functools import cache
from importlib.resources import files
from typing import Any, Final, cast

from attrs import field, frozen

from osprey.errors import ConfigError
from osprey.services.python_executor.analysis.values import Lib

_LIBRARY_KEYS: Final = frozenset(
    ["title", "modules", "reads", "plain", "makes", "words", "queries", "bare", "network", "class"]
)
_CLASS_KEYS: Final = frozenset(
    ["reads", "words", "queries", "gives", "attributes", "values", "items", "local", "call", "joins"]
)


class Names:
    """A set of names, some of them patterns of shell style."""

    __slots__ = ("_exact", "_known", "_pattern")

    def __init__(self, names: Iterable[str]) -> None:
        listed = list(names)
        self._exact = frozenset(name for name in listed if not re.search(r"[*?\[]", name))
        patterns = [translate(name) for name in listed if name not in self._exact]
        self._pattern = re.compile("|".join(patterns)) if patterns else None
        self._known: dict[str, bool] = {}

    def __contains__(self, name: str) -> bool:
        if name in self._exact:
            return True
        if self._pattern is None:
            return False
        found = self._known.get(name)
        if found is None:
            found = self._known[name] = self._pattern.match(name) is not None
        return found


@frozen(kw_only=True, eq=False)
class Calls:
    """Which calls by name only read."""

    reads: Names
    words: Mapping[str, frozenset[str]]
    queries: Names

    def only_reads(self, name: str, first: object) -> bool:
        """Say whether calling `name` with that first argument (None: not known) changes nothing."""
        if name in self.reads:
            return True
        text = first.decode("latin-1") if isinstance(first, bytes) else first
        if not isinstance(text, str):
            return False
        if name in self.words:
            allowed = self.words[name]
            return text in allowed or text.lower() in allowed or (text.split() or [""])[0].lower() in allowed
        return name in self.queries and text.strip().endswith("?") and ";" not in text and "\n" not in text.strip()


@frozen(kw_only=True, eq=False)
class HandleClass:
    """What is known of one kind of handle."""

    library: str
    name: str
    calls: Calls
    gives: Mapping[str, str] = field(factory=dict[str, str])
    siblings: Mapping[str, HandleClass] = field(factory=dict[str, "HandleClass"])
    has_handles: bool = False
    values: Names = field(factory=lambda: Names(()))
    has_values_as_items: bool = False
    local: Names = field(factory=lambda: Names(()))
    is_called_to_read: bool = False
    joins: str | None = None

    @property
    def is_read_only(self) -> bool:
        """Say whether no method of it can write."""
        return "\0" in self.calls.reads

    def given(self, name: str) -> HandleClass | None:
        """Give the class of what a method or attribute gives; None if that is a plain value."""
        return self.siblings.get(self.gives[name]) if name in self.gives else None


@frozen(kw_only=True, eq=False)
class Library:
    """One library that reaches a machine."""

    title: str
    calls: Calls
    plain: Names
    makes: Mapping[str, str]
    classes: Mapping[str, HandleClass]
    generic: HandleClass
    is_network: bool


@frozen(eq=False)
class Danger:
    """A kind of danger."""

    kind: str
    hides: bool
    """True if what it does cannot be seen from the text."""


@frozen(kw_only=True, eq=False)
class Named:
    """What is known of one full dotted name."""

    library: Library | None = None
    leaf: str = ""
    makes: HandleClass | None = None
    is_plain: bool = False
    is_unknown: bool = False
    danger: Danger | None = None
    looks: bool = False
    passes: bool = False
    is_module: bool = False

    @property
    def writes(self) -> bool:
        """Say whether calling it may change a machine, whatever its arguments."""
        return self.library is not None and self.makes is None and not self.is_plain


class Tables:
    """All tables together. It is built once and only ever asked."""

    def __init__(self) -> None:
        python = tomllib.loads(_text("python.toml"))
        self._harmless = frozenset(python["harmless"].split())
        self._looking = Names(python["looking"].split())
        self._passing = Names(python["passing"].split())
        self.calling = frozenset(python["calling"].split())
        self.reaching = frozenset(python["reaching"].split())
        self._dangers = _dangers(python["danger"])
        self._modules: dict[str, Library] = {}
        self.bare: dict[str, str] = {}
        self._libs: dict[str, Lib] = {}
        self.add(_text("libraries.toml"), "libraries.toml")

    def add(self, text: str, origin: str) -> None:
        """Add a table of libraries.

        :raises ConfigError: it is no table; the message names `origin` and the key.
        """
        try:
            read = tomllib.loads(text)
        except tomllib.TOMLDecodeError as exc:
            raise ConfigError(f"{origin}: {exc}; a table of control libraries is TOML") from exc
        for name, entry in read.items():
            _check(entry, origin, name)
            library = _library(entry)
            for module in entry["modules"]:
                self._modules[module] = library
            for bare in entry.get("bare", ()):
                self.bare[bare] = bare if bare in entry["modules"] else f"{entry['modules'][0]}.{bare}"
        self._libs.clear()

    def lib(self, path: str) -> Lib:
        """Give the atom of a full dotted name."""
        found = self._libs.get(path)
        if found is None:
            found = self._libs[path] = Lib(path, self._look(path))
        return found

    def member(self, lib: Lib, name: str) -> tuple[Lib]:
        """Give something in a module."""
        found = lib.members.get(name)
        if found is None:
            found = lib.members[name] = (self.lib(f"{lib.path}.{name}"),)
        return found

    def is_control(self, module: str) -> bool:
        """Say whether a module belongs to a library that reaches a machine."""
        return self._library_of(module) is not None

    def _library_of(self, path: str) -> Library | None:
        while True:
            found = self._modules.get(path)
            if found is not None:
                return found
            head, dot, _ = path.rpartition(".")
            if not dot:
                return None
            path = head

    def _look(self, path: str) -> Named:
        leaf = path.rpartition(".")[2]
        danger = self._danger_of(path)
        library = self._library_of(path)
        if library is not None:
            makes = library.classes.get(library.makes.get(leaf, ""))
            is_plain = path in self._modules or any(part in library.plain for part in path.split(".")[1:])
            reads = leaf in library.calls.reads
            is_class = leaf[:1].isupper() and leaf not in library.calls.words and not leaf.isupper()
            if makes is None and is_class and not is_plain and not reads:
                makes = library.generic
            is_module = path in self._modules
            return Named(library=library, leaf=leaf, makes=makes, is_plain=is_plain, danger=danger, is_module=is_module)
        root = path.partition(".")[0]
        is_known = root in sys.stdlib_module_names or root in self._harmless or root == "builtins"
        return Named(
            leaf=leaf,
            danger=danger,
            is_unknown=not is_known and danger is None,
            looks=path in self._looking,
            passes=path in self._passing,
        )

    def _danger_of(self, path: str) -> Danger | None:
        for names, danger in self._dangers:
            if path in names:
                return danger
        return None


@cache
def builtin_tables() -> Tables:
    """Give the tables that Osprey brings along, read once."""
    return Tables()


def _text(name: str) -> str:
    return files("osprey.services.python_executor.analysis").joinpath(name).read_text(encoding="utf-8")


def _dangers(listed: list[dict[str, Any]]) -> list[tuple[Names, Danger]]:
    found = [(Names(each["names"]), Danger(each["kind"], "verdict" in each)) for each in listed]
    return sorted(found, key=lambda pair: not pair[1].hides)


def _check(entry: Any, origin: str, name: str) -> None:
    if not isinstance(entry, dict) or not {"title", "modules"} <= entry.keys():
        raise ConfigError(f"{origin}: {name}: a library has a `title` and a list of `modules`")
    library = cast("dict[str, Any]", entry)
    classes: dict[str, dict[str, Any]] = library.get("class", {})
    parts = [(name, library, _LIBRARY_KEYS)]
    parts += [(f"{name}.class.{each}", found, _CLASS_KEYS) for each, found in classes.items()]
    for key, part, known in parts:
        if unknown := part.keys() - known:
            raise ConfigError(f"{origin}: {key}: {', '.join(sorted(unknown))}: there is no such key")
    makes: dict[str, str] = library.get("makes", {})
    if missing := set(makes.values()) - classes.keys():
        raise ConfigError(f"{origin}: {name}.makes: class {', '.join(sorted(missing))} is not described")


def _library(entry: Mapping[str, Any]) -> Library:
    title: str = entry["title"]
    siblings: dict[str, HandleClass] = {}
    for name, described in entry.get("class", {}).items():
        siblings[name] = _handle_class(title, name, described, siblings)
    calls = _calls(entry)
    return Library(
        title=title,
        calls=calls,
        plain=Names(entry.get("plain", ())),
        makes=entry.get("makes", {}),
        classes=siblings,
        generic=HandleClass(library=title, name="", calls=calls, has_handles=True),
        is_network=entry.get("network", False),
    )


def _handle_class(
    title: str, name: str, described: Mapping[str, Any], siblings: Mapping[str, HandleClass]
) -> HandleClass:
    return HandleClass(
        library=title,
        name=name,
        calls=_calls(described),
        gives=described.get("gives", {}),
        siblings=siblings,
        has_handles=described.get("attributes") == "handles",
        values=Names(described.get("values", ())),
        has_values_as_items=described.get("items") == "values",
        local=Names(described.get("local", ())),
        is_called_to_read=described.get("call") == "read",
        joins=described.get("joins"),
    )


def _calls(described: Mapping[str, Any]) -> Calls:
    return Calls(
        reads=Names(described.get("reads", ())),
        words={name: frozenset(given) for name, given in described.get("words", {}).items()},
        queries=Names(described.get("queries", ())),
    )
