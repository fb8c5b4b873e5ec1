"""The grade of an apply: how what was rehearsed may be carried out, chosen from the rehearsal alone."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from osprey.errors import RefusedError

if TYPE_CHECKING:
    from osprey.services.python_executor.models import RunOutcome


class Grade(StrEnum):
    """How approved writes are carried out."""

    REPLAY = "replay"
    """The guard makes them; the code never runs with a right to write."""


def grade_of(outcome: RunOutcome) -> Grade:
    """Choose the grade of a rehearsal that wants to write.

    :raises RefusedError: ``python.not_replayable``: no grade lets it be carried out.
    """
    if not outcome.replayable:
        raise RefusedError(outcome.why_not, rule="python.not_replayable")
    return Grade.REPLAY
