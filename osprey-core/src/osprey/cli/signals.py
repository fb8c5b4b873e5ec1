"""Stopping a service by the signals that a terminal and a service manager send."""

from __future__ import annotations

import signal

import anyio


async def stop_on_signal(scope: anyio.CancelScope) -> None:
    """Cancel `scope` at Ctrl-C or SIGTERM, so that the service ends what it holds and the command ends well."""
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as received:
        async for _ in received:
            scope.cancel()
            return
