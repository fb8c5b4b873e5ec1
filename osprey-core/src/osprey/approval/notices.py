"""Telling people of requests, through the notifiers that the configuration names. A notice never decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from osprey.config import NoticeEvent
    from osprey.journal import RequestRow
    from osprey.project import Project


async def tell(project: Project, row: RequestRow, event: NoticeEvent) -> None:
    """Tell everybody whom the configuration names of one event."""
    del project, row, event
