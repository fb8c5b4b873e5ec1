"""Several batches at once, with one error where a task group would give a tree of them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
from anyio.abc import TaskGroup

from osprey.errors import ConnectorError


@asynccontextmanager
async def together() -> AsyncGenerator[TaskGroup]:
    """Run a task group in which each task can only fail because the connector is closed.

    :raises ConnectorError: it is closed, or was closed in the meantime.
    """
    try:
        async with anyio.create_task_group() as group:
            yield group
    except BaseExceptionGroup as tree:
        closed, other = tree.split(ConnectorError)
        if closed is None or other is not None:
            raise
        raise ConnectorError(_first(closed)) from tree


def _first(tree: BaseExceptionGroup[ConnectorError]) -> str:
    error: BaseException = tree
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error)
