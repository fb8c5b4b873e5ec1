"""What a step leaves behind, and what it asks for before it may go on."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from attrs import field, frozen


class StepStatus(StrEnum):
    """How a step ended."""

    DONE = "done"
    REFUSED = "refused"
    """A rule or a person said no; the turn ends."""
    FAILED = "failed"
    WAITING = "waiting"
    """The approval stands, but what it allows could not be claimed yet."""


@frozen(kw_only=True)
class StepResult:
    """What a step leaves behind. Everything in it is JSON, so that a turn survives a crash."""

    status: StepStatus = StepStatus.DONE
    text: str = ""
    """Sentences for the answer, with figures, units and times."""
    context: Mapping[str, Any] = field(factory=dict[str, Any])
    """What later steps may use under this step's context key."""
    runs: tuple[str, ...] = ()
    """Folders of the runs that it made."""
    artifacts: tuple[str, ...] = ()
    """Files worth opening: figures, notebooks."""
    warnings: tuple[str, ...] = ()
    severity: str = ""
    """Of a failed step, an `ErrorSeverity`: whether another plan may help; empty where nobody has judged it."""


@frozen(kw_only=True)
class ApprovalNeeded:
    """The step goes on after a person's decision on this stored request."""

    request_id: str
    sha256: str
    memo: Mapping[str, Any] = field(factory=dict[str, Any])
    """What the step needs to conclude; JSON, kept in the turn's state."""
    said: str = ""
    """What the person has to know before deciding, beyond the request itself."""
