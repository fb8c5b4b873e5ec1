"""The checkpoints of turns that are under way or wait, as LangGraph stores them."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from osprey.agent.checkpoint_values import PlainSerializer
from osprey.errors import StorageError

if TYPE_CHECKING:
    from osprey.project import Project


@asynccontextmanager
async def open_checkpoints(project: Project) -> AsyncGenerator[AsyncSqliteSaver]:
    """Open the checkpoints of a project, in a file of their own beside the database.

    :raises StorageError: they cannot be read or written.
    """
    path = project.state_dir / "checkpoints.db"
    try:
        async with AsyncSqliteSaver.from_conn_string(str(path)) as saver:
            saver.serde = PlainSerializer()
            path.chmod(0o600)
            yield saver
    except sqlite3.Error as exc:
        raise checkpoint_error(project, exc) from exc


def checkpoint_error(project: Project, exc: sqlite3.Error) -> StorageError:
    """Give what is told of checkpoints that fail."""
    path = project.state_dir / "checkpoints.db"
    return StorageError(
        f"the checkpoints in {path} cannot be read or written ({exc}): look for a full disk, then try again"
    )
