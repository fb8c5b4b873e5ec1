"""The notifier `desktop`: a message on the screen of whoever runs this process, by `notify-send`."""

from __future__ import annotations

import html
import shutil
from enum import StrEnum
from subprocess import DEVNULL
from typing import TYPE_CHECKING

import anyio
from attrs import frozen

from osprey.approval.notifiers import NotSentError

if TYPE_CHECKING:
    from osprey.approval.notifiers.notice import Notice


class Urgency(StrEnum):
    """`urgency` of a desktop message."""

    LOW = "low"
    """The desktop may keep it back."""
    NORMAL = "normal"
    """It is shown for a while."""
    CRITICAL = "critical"
    """It stays until somebody closes it."""


@frozen(kw_only=True)
class DesktopSettings:
    """`approval.notify.<name>.settings` with `via: desktop`."""

    urgency: Urgency = Urgency.NORMAL
    """How much the desktop makes of it."""


class DesktopNotifier:
    """Shows notices on the desktop."""

    def __init__(self, settings: DesktopSettings) -> None:
        self._settings = settings

    async def send(self, notice: Notice) -> None:
        """Show one notice.

        :raises NotSentError: there is no `notify-send`, or no desktop that it reaches.
        """
        program = shutil.which("notify-send")
        if program is None:
            msg = "there is no notify-send here: install libnotify (Debian: libnotify-bin), or tell by another notifier"
            raise NotSentError(msg)
        # A desktop reads markup in the body; after `--` nothing is an option, whatever a title begins with.
        options = ("--app-name=Osprey", f"--urgency={self._settings.urgency}", "--")
        command = [program, *options, notice.subject(), html.escape(notice.text(), quote=False)]
        done = await anyio.run_process(command, check=False, stdin=DEVNULL, stdout=DEVNULL)
        if done.returncode:
            told = done.stderr.decode("utf-8", "replace").strip()
            msg = f"notify-send ended with {done.returncode}: {told or 'it gave no reason'}"
            raise NotSentError(msg)
