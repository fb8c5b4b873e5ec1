"""What a slash command is, and what it is given."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from osprey.sessions import ThreadSettings

if TYPE_CHECKING:
    from osprey.project import Project


@frozen(kw_only=True)
class Wish:
    """What a person wants of a message: a question to be answered under some settings, or a reply at once."""

    question: str
    """Empty: nothing is to be answered beyond `reply`."""
    settings: ThreadSettings
    """For this question; what holds for the following ones is stored with the thread."""
    commands: Mapping[str, Any] = field(factory=dict[str, Any])
    """Commands for capabilities, with their values."""
    reply: str = ""
    is_exit: bool = False


@frozen(kw_only=True)
class Call:
    """A slash command as it was typed, and where."""

    project: Project
    thread: str
    settings: ThreadSettings
    """Those that hold in the thread."""
    name: str
    """Without the slash."""
    value: str
    """What stands behind a colon; empty without one."""
    rest: str
    """What stands behind the command, untouched."""

    @property
    def typed(self) -> str:
        """The command as it is written in messages."""
        return f"/{self.name}"


@frozen(kw_only=True)
class SlashCommand:
    """A command as it is listed."""

    syntax: str
    summary: str
    run: Callable[[Call], Awaitable[Wish]]
