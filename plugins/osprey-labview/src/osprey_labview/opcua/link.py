"""The way to the server: a session when one is needed, another after it was lost."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from asyncua import ua

from osprey.api import ErrorKind
from osprey_labview.opcua import status
from osprey_labview.opcua.asking import read_nodes
from osprey_labview.opcua.codec import Sample
from osprey_labview.opcua.failure import LATE, Failure, LinkError
from osprey_labview.opcua.security import Credentials
from osprey_labview.opcua.session import Session
from osprey_labview.settings import LabviewSettings

_LIMITS: Final = {
    "read": ua.ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerRead,
    "write": ua.ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerWrite,
    "browse": ua.ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerBrowse,
    "translate": ua.ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerTranslateBrowsePathsToNodeIds,
    "monitor": ua.ObjectIds.Server_ServerCapabilities_OperationLimits_MaxMonitoredItemsPerCall,
}
_NAMESPACES: Final = ua.ObjectIds.Server_NamespaceArray


class Link:
    """Keeps one session; all that ask at the same time share one attempt to get it."""

    def __init__(self, settings: LabviewSettings, credentials: Credentials) -> None:
        self.settings = settings
        self._credentials = credentials
        self._session: Session | None = None
        self._attempt: asyncio.Task[Session] | None = None
        self._is_closed = False

    async def session(self, deadline: float) -> Session:
        """Give a live session.

        :raises LinkError: there is none by the deadline, or none to be had.
        """
        if self._session is not None and self._session.is_alive:
            return self._session
        if deadline <= time.monotonic():
            raise LinkError(LATE)
        if self._is_closed:
            raise LinkError(Failure(ErrorKind.UNREACHABLE, "the connector is closed"))
        if self._attempt is None or self._attempt.done():
            self._attempt = asyncio.create_task(self._open())
            self._attempt.add_done_callback(lambda task: task.cancelled() or task.exception())
        attempt = self._attempt
        # An attempt belongs to all that wait for it: one that gives up must not end it for the others.
        await asyncio.wait({attempt}, timeout=max(0.0, deadline - time.monotonic()))
        if not attempt.done():
            msg = f"{self.settings.url} cannot be reached: no session with it yet"
            raise LinkError(Failure(ErrorKind.UNREACHABLE, msg))
        if attempt.cancelled():
            raise LinkError(Failure(ErrorKind.UNREACHABLE, "the connector is closed"))
        return attempt.result()

    async def _open(self) -> Session:
        old, self._session = self._session, None
        if old is not None:
            await old.close()
        session = await Session.open(self.settings, self._credentials)
        try:
            await _ask_server(session, time.monotonic() + self.settings.connect_timeout_s)
        except BaseException:
            await session.close()
            raise
        self._session = session
        return session

    async def close(self) -> None:
        """End the session, and any attempt to get one."""
        self._is_closed = True
        if self._attempt is not None:
            self._attempt.cancel()
            await asyncio.gather(self._attempt, return_exceptions=True)
        if self._session is not None:
            await self._session.close()


async def _ask_server(session: Session, deadline: float) -> None:
    """Ask for the names of the namespaces and for the server's limits."""
    nodes = [_NAMESPACES, *_LIMITS.values()]
    ids = [ua.ReadValueId(NodeId=ua.NodeId(node), AttributeId=ua.AttributeIds.Value) for node in nodes]
    namespaces, *limits = await read_nodes(session, ids, deadline)
    if isinstance(namespaces, Failure):
        raise LinkError(namespaces)
    found = (one.value if isinstance(one, Sample) and status.is_good(one.status) else None for one in limits)
    numbers = (limit if isinstance(limit, int) else 0 for limit in found)
    session.learn(tuple(str(uri) for uri in namespaces.value or ()), dict(zip(_LIMITS, numbers, strict=True)))
