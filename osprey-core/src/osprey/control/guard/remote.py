"""The guard as its callers have it where it is a process of its own: the same three questions.

Each question is a conversation of its own. Without a server everything is refused; nothing falls back to a guard
inside the caller, because a facility that sets `socket` wants one process to hold the machine.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from osprey.control.guard.client import GuardAbsentError, GuardClient, GuardLostError
from osprey.control.guard.reports import ReportStatus, not_applied
from osprey.control.guard.server import SOCKET_FILE
from osprey.control.requests import ApplyReport, ApplyRequest, Judgement, JudgeRequest
from osprey.control.wire import from_wire
from osprey.errors import RefusedError
from osprey.journal import RequestState, journal_of

if TYPE_CHECKING:
    from osprey.project import Project


class RemoteGuard:
    """Asks the guard of `osprey guard serve`."""

    def __init__(self, project: Project) -> None:
        self._project = project

    @property
    def path(self) -> Path:
        """Where the guard of this project listens."""
        return self._project.state_dir / SOCKET_FILE

    async def judge(self, request: JudgeRequest) -> Judgement:
        """Judge a whole batch, as `Guard.judge` does.

        :raises RefusedError: ``guard.not_running``, beside what the guard itself refuses.
        """
        try:
            async with GuardClient.connect(self.path) as client:
                return await client.judge(request)
        except GuardAbsentError as exc:
            raise RefusedError(str(exc), rule="guard.not_running") from exc

    async def apply(self, request: ApplyRequest) -> ApplyReport:
        """Carry out an approved request, as `Guard.apply` does.

        A guard that is not there leaves the approval as it is; one that went away meanwhile leaves a doubt, and
        the next one to start records what became of it.
        """
        try:
            async with GuardClient.connect(self.path) as client:
                return await client.apply(request)
        except GuardAbsentError as exc:
            return not_applied(request.request_id, ReportStatus.APPROVED, "guard.not_running", str(exc))
        except GuardLostError as exc:
            return await self._report_of_lost(request, str(exc))

    async def recover(self) -> tuple[ApplyReport, ...]:
        """Have the guard record what dead processes left open; it does so by itself when it starts."""
        try:
            async with GuardClient.connect(self.path) as client:
                return await client.recover()
        except GuardAbsentError:
            return ()

    async def _report_of_lost(self, request: ApplyRequest, why: str) -> ApplyReport:
        row = await journal_of(self._project).requests.get(request.request_id)
        if row.report is not None:
            return from_wire(ApplyReport, row.report)
        if row.state is RequestState.APPROVED:
            return not_applied(row.id, ReportStatus.APPROVED, "guard.lost", f"{why}; nothing was claimed")
        reason = (
            f"the guard went away while it carried out request {row.id}: what it was sending may or may not have "
            "landed; start it again with `osprey guard serve`, which reads back and shows every doubt"
        )
        return ApplyReport(request_id=row.id, status=RequestState.IN_DOUBT.value, rule="guard.lost", reason=reason)
