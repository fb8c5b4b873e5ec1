"""The channels that a model is shown for a task: what the target's directory finds for it, and nothing made up."""

from __future__ import annotations

import re
from typing import Final

from osprey.control.channels.directory import ChannelDirectory
from osprey.control.values import ChannelRecord
from osprey.prompts.fencing import Source, fence

_MOST_SHOWN: Final = 120
_MOST_NAMED: Final = 80
"""Of those that the task names itself, in a list of many; the rest of the room is for what a search finds."""
_MOST_CHARS: Final = 24_000
_SMALL: Final = 60
"""A directory of no more channels is shown whole."""
_NAME: Final = re.compile(r"[A-Za-z][\w.:/-]*\w")


def channel_list(task: str, directory: ChannelDirectory) -> str:
    """Give the channels that a task may be about, fenced, a line each, with how many there are in all."""
    if len(directory) == 0:
        return "The target lists no channels: use the names that the task gives, exactly."
    found = relevant_channels(task, directory)
    shown = "\n".join(map(_line, found))
    head = f"The target has {len(directory)} channels. The {len(found)} that fit the task best"
    order = "name | role | unit | description or device"
    return f"{head} ({order}):\n{fence(shown, Source.CHANNELS, limit=_MOST_CHARS)}"


def relevant_channels(task: str, directory: ChannelDirectory) -> list[ChannelRecord]:
    """Give the channels that a task names, then those that a search of the directory finds for its words."""
    if len(directory) <= _SMALL:
        return list(directory.records)
    named: dict[str, ChannelRecord] = {}
    for word in dict.fromkeys(_NAME.findall(task)):
        for record in directory.named(word)[:_MOST_NAMED]:
            named.setdefault(record.name, record)
        if len(named) >= _MOST_NAMED:
            break
    found = {record.name: record for record in directory.search(task[:1000], limit=_MOST_SHOWN)}
    partners = [r for one in (*named.values(), *found.values()) if (r := directory.get(one.readback or "")) is not None]
    every = {**dict(list(named.items())[:_MOST_NAMED]), **found, **{one.name: one for one in partners}}
    return list(every.values())[:_MOST_SHOWN]


def _line(record: ChannelRecord) -> str:
    about = record.description or " ".join(filter(None, (record.device, record.quantity)))
    return f"{record.name} | {record.role} | {record.unit} | {about[:160]}"
