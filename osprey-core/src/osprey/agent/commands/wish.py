"""A message as a person typed it: a slash command at its very front, and the rest, untouched."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from osprey.agent.commands.command import Call, Wish
from osprey.agent.commands.table import COMMANDS, capability_commands
from osprey.config.closest import did_you_mean
from osprey.errors import UsageError

if TYPE_CHECKING:
    from osprey.project import Project
    from osprey.sessions import ThreadSettings

__all__ = ["Wish", "read_wish"]

_FRONT: Final = re.compile(r"\s*/(?P<name>[A-Za-z][\w-]*)(?::(?P<value>\S*))?(?:\s+(?P<rest>.*))?", re.DOTALL)
"""``/name``, ``/name:value``, each alone or before a text. A path such as ``/data/x`` is no command."""


async def read_wish(project: Project, thread: str, typed: str, settings: ThreadSettings) -> Wish:
    """Read a message; only its first word can be a command.

    :raises UsageError: nothing was said, the command is not known, or it does not take what stands behind it.
    """
    if not typed.strip():
        msg = "the question is empty; try: osprey ask 'what is the beam current'"
        raise UsageError(msg)
    match = _FRONT.fullmatch(typed)
    if match is None:
        return Wish(question=typed, settings=settings)
    call = Call(
        project=project,
        thread=thread,
        settings=settings,
        name=match["name"].lower(),
        value=(match["value"] or "").strip(),
        rest=(match["rest"] or "").strip(),
    )
    if command := COMMANDS.get(call.name):
        return await command.run(call)
    if call.name in capability_commands(project):
        return _for_capability(call)
    names = [f"/{name}" for name in (*COMMANDS, *capability_commands(project))]
    msg = f"there is no command {call.typed!r}; {did_you_mean(call.typed, names) or '/help lists those there are'}"
    raise UsageError(msg)


def _for_capability(call: Call) -> Wish:
    if not call.rest:
        msg = f"{call.typed} stands before what is asked; try: {call.typed} what is the beam current"
        raise UsageError(msg)
    return Wish(question=call.rest, settings=call.settings, commands={call.name: call.value or True})
