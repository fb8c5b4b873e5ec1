"""The predecessor's hierarchical database: a tree of levels, expansions of instances, and a pattern for names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any, Final, cast

from attrs import evolve, field, frozen

from osprey.control.channels.databases.guesses import quantity_of, role_of, with_readbacks, without_doubles
from osprey.control.channels.entries import EntryError, check_name
from osprey.control.values import ChannelRecord
from osprey.errors import ConfigError

_PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")
_MOST: Final = 2_000_000


def is_hierarchical(document: Mapping[Any, Any]) -> bool:
    """True for a document with a tree and the definition of its levels."""
    return isinstance(document.get("tree"), dict) and isinstance(document.get("hierarchy"), dict)


def read_hierarchical(path: Path, document: Any) -> list[ChannelRecord]:
    """Give every channel of the tree.

    :raises ConfigError: levels, pattern or tree do not fit each other; the message names the place.
    """
    try:
        plan = _plan(document)
        records = [plan.record(branch) for branch in plan.branches(_Branch(node=document["tree"]), 0)]
        return with_readbacks(without_doubles(records))
    except (EntryError, KeyError, ValueError, TypeError, IndexError, AttributeError) as exc:
        reason = f"the key {exc} is missing" if isinstance(exc, KeyError) else str(exc)
        msg = f"{path}: the hierarchical channel database cannot be read: {reason}"
        raise ConfigError(msg) from exc


@frozen(kw_only=True)
class _Level:
    name: str
    has_instances: bool = False
    is_optional: bool = False


@frozen(kw_only=True)
class _Branch:
    """A way from the root to a node."""

    node: Mapping[str, Any]
    keys: tuple[tuple[str, str], ...] = ()
    """Level and key in the tree, for every level on the way."""
    parts: Mapping[str, str] = field(factory=dict[str, str])
    """What each level puts into the name."""
    separators: Mapping[str, str] = field(factory=dict[str, str])
    """The separator that follows a level, where a node states one of its own."""
    told: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        """The keys on the way, for messages."""
        return "/".join(key for _, key in self.keys) or "tree"

    def down(self, level: str, key: str, node: Mapping[str, Any], instance: str | None = None) -> _Branch:
        part = instance if instance is not None else str(node.get("_channel_part", key))
        own = {level: str(node["_separator"])} if "_separator" in node else {}
        told = str(node.get("_description", ""))
        return _Branch(
            node=node,
            keys=(*self.keys, (level, instance if instance is not None else key)),
            parts={**self.parts, level: part},
            separators={**self.separators, **own},
            told=(*self.told, told) if told else self.told,
        )


def _plan(document: Mapping[str, Any]) -> _Plan:
    definition: Mapping[str, Any] = document["hierarchy"]
    levels = [_level(level) for level in definition["levels"]]
    return _Plan(levels=tuple(levels), pattern=str(definition["naming_pattern"]))


def _level(level: Mapping[str, Any]) -> _Level:
    kind = level.get("type", "tree")
    if kind not in ("tree", "instances"):
        msg = f"level {level['name']!r} is of type 'tree' or 'instances', not {kind!r}"
        raise EntryError(msg)
    is_optional = bool(level.get("optional", False))
    return _Level(name=str(level["name"]), has_instances=kind == "instances", is_optional=is_optional)


@frozen(kw_only=True)
class _Plan:
    levels: tuple[_Level, ...]
    pattern: str
    """Such as ``{system}:{family}[{device}]:{field}``."""

    def __attrs_post_init__(self) -> None:
        known = {level.name for level in self.levels}
        strange = [name for name in _PLACEHOLDER.findall(self.pattern) if name not in known]
        if strange or not self.levels:
            msg = f"naming_pattern names {{{strange[0]}}}, which is no level" if strange else "there are no levels"
            raise EntryError(msg)

    def branches(self, branch: _Branch, depth: int) -> Iterator[_Branch]:
        """Give the ways to every channel below a node; a node without children is one."""
        children = _children(branch.node)
        if depth == len(self.levels) or not children or branch.node.get("_is_leaf"):
            yield branch
        if depth == len(self.levels):
            return
        level = self.levels[depth]
        if not level.has_instances:
            for key, node in children.items():
                yield from self.branches(branch.down(level.name, key, node), depth + 1)
            return
        holder = next((key for key in children if key.upper() == level.name.upper()), None)
        if holder is not None:
            for instance in _expanded(children[holder]):
                yield from self.branches(branch.down(level.name, holder, children[holder], instance), depth + 1)
        rest = {key: node for key, node in children.items() if key != holder}
        if rest and not level.is_optional:
            msg = f"{branch.where}: beside the instances of level {level.name!r} stands {next(iter(rest))!r}"
            raise EntryError(msg)
        if rest:
            # What stands beside the instances belongs to the next level: this one is optional.
            yield from self.branches(evolve(branch, node=rest), depth + 1)

    def record(self, branch: _Branch) -> ChannelRecord:
        """Make the channel at the end of a way."""
        keys = dict(branch.keys)
        name = check_name("naming_pattern", self.name(branch))
        devices = [keys[level.name] for level in self.levels if level.has_instances and level.name in keys]
        family = self._family(branch)
        ways = [key for _, key in reversed(branch.keys)]
        role = next((found for key in ways if (found := role_of(key)) != "readback"), role_of(name))
        return ChannelRecord(
            name=name,
            description=", ".join(branch.told),
            device=" ".join(devices) if devices else "",
            family=family,
            quantity=quantity_of((*ways, *reversed(branch.told))),
            role=role,
            unit=str(branch.node.get("_unit", branch.node.get("units", ""))),
            way=tuple(key for _, key in branch.keys),
        )

    def _family(self, branch: _Branch) -> str:
        """Give the key just above the first level of instances; it is what people call the kind of device."""
        levels = [name for name, _ in branch.keys]
        first = next((level.name for level in self.levels if level.has_instances and level.name in levels), None)
        at = levels.index(first) - 1 if first is not None else 0
        return branch.keys[at][1] if at >= 0 and branch.keys else ""

    def name(self, branch: _Branch) -> str:
        """Put a name together; a level that was skipped leaves no separator behind."""
        text, end, before = "", 0, ""
        for found in _PLACEHOLDER.finditer(self.pattern):
            level, literal = found[1], self.pattern[end : found.start()]
            end = found.end()
            part = branch.parts.get(level, "")
            if not part:
                continue
            text += (branch.separators.get(before, literal) if text else literal.lstrip(":-_.")) + part
            before = level
        return text + self.pattern[end:].rstrip(":-_.") if text else text


def _children(node: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {
        str(key): cast("Mapping[str, Any]", value)
        for key, value in node.items()
        if isinstance(value, dict) and not str(key).startswith("_")
    }


def _expanded(node: Mapping[str, Any]) -> list[str]:
    expansion = node["_expansion"]
    kind = expansion.get("_type", "list" if "_instances" in expansion else "range")
    if kind == "list":
        return [str(each) for each in expansion["_instances"]]
    if kind != "range":
        msg = f"'_expansion' is of type 'range' or 'list', not {kind!r}"
        raise EntryError(msg)
    ranges = expansion["_range"]
    spans = ranges if isinstance(ranges[0], list) else [ranges]
    counts = [range(int(first), int(last) + 1) for first, last in spans]
    size = 1
    for count in counts:
        size *= len(count)
    if size > _MOST:
        msg = f"'_range' {ranges} has more than {_MOST} instances"
        raise EntryError(msg)
    pattern = str(expansion.get("_pattern", "{}"))
    return [pattern.format(*numbers) for numbers in product(*counts)]
