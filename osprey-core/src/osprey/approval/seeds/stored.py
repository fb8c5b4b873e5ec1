"""Reading what is stored, for callers that cannot await."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from osprey.journal import journal_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from osprey.project import Project

T = TypeVar("T")


def read_stored(project: Project, read: Callable[[Connection], T]) -> T:
    """Read the tables of the journal, which makes them when it is opened."""
    journal_of(project)
    return project.database.read_sync(read)
