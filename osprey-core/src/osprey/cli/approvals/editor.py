"""A request in the editor of whoever is to change it: in a private file that is gone once the change is filed."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import sys
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Final, Self

import anyio
import click
from attrs import frozen

from osprey.approval import desk
from osprey.approval.dossier import OPEN_STATES
from osprey.approval.kinds import EditableKind, kind_of_request
from osprey.errors import OspreyError, RefusedError, UsageError

if TYPE_CHECKING:
    from osprey.approval import Identity
    from osprey.journal import RequestRow
    from osprey.project import Project

_USUAL: Final = ("sensible-editor", "editor", "nano", "vi")
"""Tried where neither $VISUAL nor $EDITOR names one."""


@frozen(kw_only=True)
class Paper:
    """What a person may change of a request, as a file has it: JSON, or the text itself where it is one text."""

    text: str
    field: str | None
    """The one field whose text it is; None: it is JSON."""

    @classmethod
    def of(cls, editable: Mapping[str, Any]) -> Self:
        """Lay out what may be changed."""
        match list(editable.items()):
            case [(field, str() as text)]:
                return cls(text=f"{text}\n", field=field)
            case _:
                return cls(text=json.dumps(editable, indent=2, ensure_ascii=False) + "\n", field=None)

    @property
    def suffix(self) -> str:
        """What an editor tells the language by."""
        return ".json" if self.field is None else ".py" if self.field == "code" else ".txt"

    def read(self, name: str, content: bytes) -> Any:
        """Read what a person made of it.

        :raises UsageError: it is no text, or no JSON where it has to be.
        """
        try:
            text = content.decode("utf-8")
            return json.loads(text) if self.field is None else {self.field: text.removesuffix("\n")}
        except (ValueError, RecursionError) as exc:
            msg = f"{name} cannot be read as {'JSON' if self.field is None else 'text'}: {exc}"
            raise UsageError(msg) from exc


def editable_of(project: Project, row: RequestRow) -> dict[str, Any]:
    """Give what a person may change of a request, as JSON.

    :raises UsageError: nothing of it. :raises RefusedError: it waits no more.
    """
    if row.state not in OPEN_STATES:
        msg = f"request {row.id} is {row.state.replace('_', ' ')} and cannot be changed: file a new one"
        raise RefusedError(msg, rule=f"approval.{row.state}")
    kind = kind_of_request(project, row.kind)
    found = kind.editable(row) if isinstance(kind, EditableKind) else {}
    if not found:
        msg = f"a request of kind {row.kind!r} cannot be edited: reject it with what is wrong, and ask anew"
        raise UsageError(msg)
    return found


async def edit_in_editor(project: Project, row: RequestRow, identity: Identity) -> RequestRow:
    """Open a request in an editor, and put what was made of it in its place; nothing is approved by that.

    What cannot be filed is kept in its file, and said where.

    :raises UsageError: nothing was changed, or what was made of it has no meaning.
    :raises RefusedError: a rule says no to what was made of it.
    """
    paper = Paper.of(editable_of(project, row))
    path = Path(tempfile.mkdtemp(prefix="osprey-edit-")) / f"{row.id}{paper.suffix}"  # a folder for its owner alone
    is_kept = False
    try:
        path.write_text(paper.text, encoding="utf-8")
        await _run_editor(path)
        content = path.read_bytes()
        if content == paper.text.encode():
            msg = f"nothing was changed: request {row.id} stands as it was"
            raise UsageError(msg)
        is_kept = True
        revised = await desk.edit(project, row.id, paper.read(path.name, content), identity)
        is_kept = False
    except OspreyError:
        if is_kept:
            told = f"What you wrote is kept: mend it in {path}, then `osprey approvals edit {row.id} --file {path}`"
            click.echo(told, err=True)
        raise
    finally:
        if not is_kept:
            shutil.rmtree(path.parent, ignore_errors=True)
    return revised


async def _run_editor(path: Path) -> None:
    if not _has_terminal():
        raise UsageError("an editor needs a terminal: without one use --set, --drop or --file")
    command = [*_editor(), str(path)]
    try:
        with _interrupts_ignored():
            process = await anyio.open_process(command, stdin=None, stdout=None, stderr=None)
            code = await process.wait()
    except OSError as exc:
        msg = f"the editor {command[0]!r} cannot be started ({exc.strerror}): set $VISUAL or $EDITOR"
        raise UsageError(msg) from exc
    if code:
        msg = f"the editor {command[0]!r} ended with code {code}: nothing was filed"
        raise UsageError(msg)


def _has_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _editor() -> list[str]:
    named = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if named:
        return shlex.split(named)
    found = next((name for name in _USUAL if shutil.which(name)), None)
    if found is None:
        raise UsageError("there is no editor: set $VISUAL or $EDITOR, or use --set, --drop or --file")
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
