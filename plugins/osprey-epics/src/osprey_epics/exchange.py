"""Sending requests of one batch to a context, and waiting for what becomes of them."""

from __future__ import annotations

from collections.abc import Sequence

import anyio.lowlevel

from osprey.control import ErrorKind
from osprey_epics.batch import Batch, Failure, Request
from osprey_epics.context import ChannelAccess
from osprey_epics.names import explain_bad_name


async def send(context: ChannelAccess, requests: Sequence[Request], deadline: float) -> None:
    """Send requests as one batch, and return when all are answered or the deadline has passed.

    :param deadline: by the monotonic clock, in seconds.
    """
    good: list[Request] = []
    for request in requests:
        problem = explain_bad_name(request.name)
        if problem:
            request.result = Failure(ErrorKind.NOT_FOUND, problem)
        else:
            good.append(request)
    if not good:
        await anyio.lowlevel.checkpoint()
        return
    batch = Batch(good, deadline)
    context.submit(batch)
    try:
        await batch.wait()
    finally:
        if not batch.is_complete:
            context.abandon(batch)
