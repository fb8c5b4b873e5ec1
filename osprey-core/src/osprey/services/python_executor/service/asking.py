"""What a run asks of people, as its state and its interrupts carry it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from osprey.approval.seeds.questions import question_about
from osprey.base import ApprovalNeeded
from osprey.services.python_executor.service.endings import About
from osprey.services.python_executor.service.state import AskedState

if TYPE_CHECKING:
    from osprey.journal import RequestRow
    from osprey.project import Project
    from osprey.services.python_executor.service.calls import RunCall

KIND: Final = "python_executor"


def shown_beside(call: RunCall) -> dict[str, Any]:
    """Give what is shown beside each request of a run."""
    return {"assumptions": [], **call.shown}


def asked_state(
    project: Project, row: RequestRow, about: About, *, memo: Mapping[str, Any] | None = None, said: str = ""
) -> AskedState:
    """Give the state of a run that waits for a stored request."""
    return {
        "about": about.value,
        "request_id": row.id,
        "sha256": row.sha256,
        "memo": dict(memo or {}),
        "question": dict(question_about(project, row)),
        "said": said,
    }


def needed_of(asked: AskedState) -> ApprovalNeeded:
    """Give what the room of applying takes."""
    return ApprovalNeeded(request_id=asked["request_id"], sha256=asked["sha256"], memo=asked["memo"])
