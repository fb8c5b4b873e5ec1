"""A request in the editor of whoever is to change it: in a private file that is gone once the change is filed."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import click
from attrs import frozen

from osprey.approval import desk
from osprey.approval.dossier import OPEN_STATES
from osprey.approval.kinds import EditableKind, kind_of_request
from osprey.cli.terminal import run_editor
from osprey.errors import OspreyError, RefusedError, UsageError

if TYPE_CHECKING:
    from osprey.approval import Identity
    from osprey.journal import RequestRow
    from osprey.project import Project


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
        await run_editor(path)
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
