"""One task of one process at a time works on a thread: two answers to one question would both run to the end."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from osprey.errors import UsageError
from osprey.journal import journal_of

if TYPE_CHECKING:
    from osprey.project import Project

_THREAD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


@asynccontextmanager
async def locked_thread(project: Project, thread: str) -> AsyncGenerator[None]:
    """Hold the lease of a thread; where the process dies, the next one takes it over.

    :raises UsageError: the name cannot be a thread's.
    :raises ConflictError: somebody else works on it now.
    """
    if not _THREAD.fullmatch(thread):
        msg = f"{thread!r} cannot be the name of a thread: use letters, digits, '.', '_' and '-'"
        raise UsageError(msg)
    async with journal_of(project).leases.hold(thread):
        yield
