"""The channels that a plan names, and which of them the target does not have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from osprey.base import ExecutionPlan, PlannedStep
from osprey.control.channels.directory import ChannelDirectory

_KEYS: Final = frozenset({"channel", "channels"})
"""Wherever one of these keys stands among a step's parameters, its value names channels: a text, a list of texts, or a
mapping whose keys they are. Parameters of plugins follow the same habit."""
_TEMPLATE_KEYS: Final = frozenset({"steps", "values"})
"""Of the templates of `python` that write: mappings by channel."""
_MOST_TOLD: Final = 10


def channels_of(step: PlannedStep) -> list[str]:
    """Give the channels that a step names, each once, in order."""
    found = list(_named(step.parameters))
    params = step.parameters.get("params")
    if step.capability == "python" and isinstance(params, Mapping):
        given = cast("Mapping[str, Any]", params)
        found += [name for key in sorted(_TEMPLATE_KEYS) for name in _texts(given.get(key), mappings_only=True)]
    return list(dict.fromkeys(found))


def unknown_channels(plan: ExecutionPlan, directory: ChannelDirectory) -> list[str]:
    """Say which channels the directory does not have, with the closest names; nothing if it lists none at all."""
    if len(directory) == 0:
        return []
    wrong: list[str] = []
    for number, step in enumerate(plan.steps, start=1):
        missing = [name for name in channels_of(step) if not _is_known(name, directory)]
        for name in missing[:_MOST_TOLD]:
            near = ", ".join(directory.closest(name[:200]))
            hint = f"the closest are {near}" if near else "look for it with channel_find"
            wrong.append(f"step {number} ({step.context_key[:64]}): there is no channel {name[:200]!r}; {hint}")
        if len(missing) > _MOST_TOLD:
            more = len(missing) - _MOST_TOLD
            wrong.append(f"step {number} ({step.context_key[:64]}): {more} more channels do not exist")
    return wrong


def _is_known(name: str, directory: ChannelDirectory) -> bool:
    return bool(name.strip()) and directory.get(name) is not None


def _named(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, one in cast("Mapping[str, Any]", value).items():
            if key in _KEYS:
                yield from _texts(one)
            yield from _named(one)
    elif isinstance(value, list | tuple):
        for one in cast("list[Any]", value):
            yield from _named(one)


def _texts(value: Any, *, mappings_only: bool = False) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from map(str, cast("Mapping[str, Any]", value))
    elif isinstance(value, str) and not mappings_only:
        yield value
    elif isinstance(value, list | tuple) and not mappings_only:
        yield from (one for one in cast("list[Any]", value) if isinstance(one, str))
