"""LangGraph's checkpoints of a project, in a file of their own beside the database; imported when a graph asks."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from osprey.errors import StorageError

if TYPE_CHECKING:
    from pathlib import Path

    from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver


@asynccontextmanager
async def open_checkpoints(state_dir: Path) -> AsyncGenerator[AsyncSqliteSaver]:
    """Open the checkpoints for one graph; several may be open at once, each with names of its own.

    :raises StorageError: they cannot be read or written.
    """
    from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

    from osprey.storage.checkpoint_values import PlainSerializer

    path = state_dir / "checkpoints.db"
    try:
        async with AsyncSqliteSaver.from_conn_string(str(path)) as saver:
            saver.serde = PlainSerializer()
            path.chmod(0o600)
            yield saver
    except sqlite3.Error as exc:
        raise checkpoint_error(state_dir, exc) from exc


async def delete_checkpoints(saver: AsyncSqliteSaver, prefix: str) -> None:
    """Remove every thread whose name begins so, as it stands."""
    # A range and no LIKE, so that the index is used: this runs at the end of every turn.
    query = "SELECT DISTINCT thread_id FROM checkpoints WHERE thread_id >= ? AND thread_id < ?"
    async with saver.lock, saver.conn.execute(query, (prefix, f"{prefix}\U0010ffff")) as found:
        names = [str(row[0]) async for row in found]
    for name in names:
        await saver.adelete_thread(name)


def checkpoint_error(state_dir: Path, exc: sqlite3.Error) -> StorageError:
    """Say that the checkpoints cannot be used, and what to look for."""
    path = state_dir / "checkpoints.db"
    return StorageError(
        f"the checkpoints in {path} cannot be read or written ({exc}): look for a full disk, then try again"
    )
