"""The terminal that a person sits at: whether there is one, and an editor in it."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Final

import anyio

from osprey.errors import UsageError

_USUAL: Final = ("sensible-editor", "editor", "nano", "vi")
"""Tried where neither $VISUAL nor $EDITOR names one."""


async def run_editor(path: Path) -> None:
    """Open a file in the editor, and wait until it is closed.

    :raises UsageError: there is no terminal or no editor, or the editor failed.
    """
    if not has_terminal():
        raise UsageError(
            "an editor needs a terminal: without one change the file by other means, and name it with --file"
        )
    command = [*_editor(), str(path)]
    try:
        with _interrupts_ignored():
            process = await anyio.open_process(command, stdin=None, stdout=None, stderr=None)
            code = await process.wait()
    except OSError as exc:
        msg = f"the editor {command[0]!r} cannot be started ({exc.strerror}): set $VISUAL or $EDITOR"
        raise UsageError(msg) from exc
    if code:
        msg = f"the editor {command[0]!r} ended with code {code}: nothing was made of it"
        raise UsageError(msg)


def has_terminal() -> bool:
    """Say if a person can both read what is shown and type an answer here."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def _editor() -> list[str]:
    named = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if named:
        return shlex.split(named)
    found = next((name for name in _USUAL if shutil.which(name)), None)
    if found is None:
        raise UsageError("there is no editor: set $VISUAL or $EDITOR, or name a changed file with --file")
    return [found]


@contextmanager
def _interrupts_ignored() -> Generator[None]:
    """Leave Ctrl-C to the editor: it reaches all processes of the terminal, and means something else in there."""
    before = signal.signal(signal.SIGINT, _ignore)  # SIG_IGN would be handed down to the editor
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _ignore(number: int, frame: FrameType | None) -> None:
    del number, frame
