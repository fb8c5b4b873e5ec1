"""Sending requests of one batch to a context of PV Access, and waiting for what becomes of them."""

from __future__ import annotations

from collections.abc import Sequence

import anyio.lowlevel

from osprey.control import ErrorKind
from osprey_epics.batch import Ask, Batch, Failure, Request
from osprey_epics.pva.client import PvaClient
from osprey_epics.pva.names import explain_bad_pva_name, parse_pva_name


async def send(client: PvaClient, requests: Sequence[Request], deadline: float) -> None:
    """Send requests as one batch, and return when all are answered or the deadline has passed.

    :param deadline: by the monotonic clock, in seconds.
    """
    good: list[Request] = []
    for request in requests:
        failure = _explain(request)
        if failure is None:
            good.append(request)
        else:
            request.result = failure
    if not good:
        await anyio.lowlevel.checkpoint()
        return
    batch = Batch(good, deadline)
    client.submit(batch)
    try:
        await batch.wait()
    finally:
        client.abandon(batch)


def _explain(request: Request) -> Failure | None:
    problem = explain_bad_pva_name(request.name)
    if problem:
        return Failure(ErrorKind.NOT_FOUND, problem)
    if request.ask is Ask.PUT and parse_pva_name(request.name).path:
        return Failure(ErrorKind.UNSUPPORTED, f"{request.name}: a part of a structure is not written, only a value is")
    return None
