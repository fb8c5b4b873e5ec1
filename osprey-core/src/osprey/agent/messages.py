"""A message as a person typed it: a slash command at its very front, and the rest, untouched."""

from __future__ import annotations

from typing import Final

from attrs import frozen

from osprey.config.closest import did_you_mean
from osprey.errors import UsageError

_COMMANDS: Final = ("/planning",)


@frozen(kw_only=True)
class Message:
    """What a person asked, and how they want it done."""

    text: str
    is_planning: bool = False
    """The plan as a whole waits for a person before its first step."""


def read_message(typed: str) -> Message:
    """Read a message; only its first word can be a command.

    :raises UsageError: it is empty, or its command is not known.
    """
    word, _, rest = typed.strip().partition(" ")
    if not word.startswith("/"):
        if not word:
            msg = "the question is empty; try: osprey ask 'what is the beam current'"
            raise UsageError(msg)
        return Message(text=typed)
    if word not in _COMMANDS:
        msg = f"there is no command {word!r}; {did_you_mean(word, _COMMANDS) or f'there is {_COMMANDS[0]}'}"
        raise UsageError(msg)
    if not rest.strip():
        msg = f"{word} stands before what is asked; try: osprey ask '{word} set HCM03 to 0.5 A'"
        raise UsageError(msg)
    return Message(text=rest.strip(), is_planning=True)
