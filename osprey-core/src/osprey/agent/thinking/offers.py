"""The kinds of steps that a planner is offered: which, what belongs to them, and what a model is told of each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from enum import Enum
from types import NoneType
from typing import TYPE_CHECKING, Any, Final, get_args, get_origin

import attrs

from osprey.config.closest import did_you_mean
from osprey.errors import UsageError

if TYPE_CHECKING:
    from osprey.plugins import Registry
    from osprey.registrations import Capability

_WORDS: Final[Mapping[Any, str]] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    Any: "any value",
}
_MOST_GUIDE: Final = 2000


def offered(registry: Registry, only: Collection[str] | None = None) -> tuple[Capability, ...]:
    """Give the capabilities that may be planned with, in the order of their plugins.

    :param only: the names that a person or an application has narrowed them to; what those need comes along.
    :raises UsageError: one of them does not exist.
    """
    every = {entry.name: entry.registration for entry in registry.entries("capabilities")}
    if only is None:
        return tuple(every.values())
    if unknown := [name for name in only if name not in every]:
        near = did_you_mean(unknown[0], every) or f"there are {', '.join(sorted(every))}"
        msg = f"there is no capability {unknown[0]!r}; {near}"
        raise UsageError(msg)
    return closed_over(only, every.values())


def closed_over(names: Iterable[str], among: Iterable[Capability]) -> tuple[Capability, ...]:
    """Give the named capabilities, those that are always active, and whatever leaves what any of them needs.

    A type that several leave brings all of them along: which one fits, the planner sees from the task.
    """
    every = {each.name: each for each in among}
    active = [name for name in every if name in set(names) or every[name].always_active]
    for name in active:  # it grows on the way
        for needed in every[name].consumes:
            active += [one.name for one in every.values() if needed in one.provides and one.name not in active]
    return tuple(each for name, each in every.items() if name in active)


def listing(capabilities: Iterable[Capability]) -> str:
    """Give the capabilities as a model that chooses reads them: a line each."""
    return "\n".join(f"- {each.name}: {sentence(each)}" for each in capabilities)


def manual(capabilities: Iterable[Capability], registry: Registry) -> str:
    """Give the capabilities as a model that plans reads them: what they take and leave, parameter by parameter."""
    return "\n".join(_page(each, registry) for each in capabilities)


def sentence(capability: Capability) -> str:
    """Say what a capability is for, on one line."""
    return " ".join(f"{capability.summary.rstrip('.')}. {capability.guide[:_MOST_GUIDE]}".split())


def _page(capability: Capability, registry: Registry) -> str:
    lines = [f"- {capability.name}: {sentence(capability)}"]
    if capability.provides:
        lines.append(f"  leaves: {', '.join(capability.provides)}")
    if capability.consumes:
        lines.append(f"  needs as inputs: {', '.join(capability.consumes)}")
    cls = registry.parameters_class(capability.name)
    if cls is None:
        lines.append("  parameters: as its description says")
    else:
        lines.append("  parameters:")
        lines += _fields(cls, "    ", ())
    return "\n".join(lines)


def _fields(cls: type[Any], indent: str, above: tuple[type[Any], ...]) -> list[str]:
    lines: list[str] = []
    for field in attrs.fields(attrs.resolve_types(cls)):
        needed = "required" if field.default is attrs.NOTHING else "optional"
        about = str(field.metadata.get("about", ""))
        lines.append(f"{indent}{field.alias} ({_type(field.type)}, {needed}){f': {about}' if about else ''}")
        for nested in _classes(field.type):
            if nested not in (*above, cls):
                lines += _fields(nested, f"{indent}  ", (*above, cls))
    return lines


def _type(kind: Any) -> str:
    if kind in _WORDS:
        return _WORDS[kind]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return " or ".join(str(member.value) for member in kind)
    args = [arg for arg in get_args(kind) if arg not in (NoneType, Ellipsis)]
    origin = get_origin(kind)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return f"mapping of {_type(args[1])}" if len(args) > 1 else "mapping"
    if isinstance(origin, type) and issubclass(origin, list | tuple | Collection):
        return f"list of {_type(args[0])}" if args else "list"
    if args:
        return " or ".join(_type(arg) for arg in args)
    return "mapping" if isinstance(kind, type) and attrs.has(kind) else "any value"


def _classes(kind: Any) -> list[type[Any]]:
    if isinstance(kind, type) and attrs.has(kind):
        return [kind]
    return [found for arg in get_args(kind) for found in _classes(arg)]
