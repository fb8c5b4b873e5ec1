"""`p4p.client.asyncio` in a run: the same stand-in, with a context whose calls are awaited."""

from __future__ import annotations

from .p4p_standin import AsyncContext as Context
from .p4p_standin import Disconnected, RemoteError, TimeoutError  # noqa: A004 - p4p's own name

__all__ = ["Context", "Disconnected", "RemoteError", "TimeoutError"]
