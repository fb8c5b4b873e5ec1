"""What happens to a request while a person thinks about it: others speak, its time runs out, somebody decides."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import anyio
import click

from osprey.approval.expiry_watch import ExpiryWatch
from osprey.cli.approvals.listing import time_left
from osprey.cli.approvals.sections import told_of_decision
from osprey.errors import StorageError
from osprey.journal import RequestState, journal_of

if TYPE_CHECKING:
    from osprey.journal import RequestRow
    from osprey.project import Project

_LOOK_EVERY_S: Final = 0.5
PROMPT: Final = "> "


class Meanwhile:
    """Looks at one request again and again, and says on the terminal what is new."""

    def __init__(self, project: Project, row: RequestRow, words: int) -> None:
        """:param words: how many things people have said of it that are on the screen already."""
        self._project = project
        self._row = row
        self._words = words
        self._own: set[str] = set()
        self._time = ExpiryWatch(project.config.approval.warn_before_s)

    async def until_decided(self) -> None:
        """Return once the request waits no more; until then say votes, remarks and the nearing end."""
        while True:
            await anyio.sleep(_LOOK_EVERY_S)
            try:
                lines = await self._news()
            except StorageError:
                continue  # whatever reads it next says so; a person who thinks is not to be thrown out for it
            if lines is None:
                return
            if lines:
                click.echo("\n" + "\n".join(lines) + f"\n{PROMPT}", nl=False)

    async def _news(self) -> list[str] | None:
        """Give what is to be said now; None once the request waits no more."""
        requests = journal_of(self._project).requests
        # Asking for it records its expiry, so that a time that is over ends the wait as a decision does.
        row = await requests.get(self._row.id)
        if row.state is not RequestState.PENDING:
            return None
        new = (await requests.decisions(row.id))[self._words :]
        self._words += len(new)
        lines = [told_of_decision(said) for said in new if said.text not in self._own]
        return lines if (warning := self.warning()) is None else [*lines, warning]

    def leave_out(self, remark: str) -> None:
        """Do not repeat what the person at this terminal has just said."""
        self._own.add(remark)

    def warning(self) -> str | None:
        """Give the warning that the time is nearly over, once, with the terminal's bell; None before that."""
        if not self._time.look([self._row], time.time_ns()).expiring:
            return None
        return f"\aThe time of this request is nearly over: it ends in {time_left(self._row.expires_ns)}."
