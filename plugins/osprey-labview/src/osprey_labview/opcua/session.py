"""One session with a server, from its first message until it is lost."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from asyncua import Client, ua
from asyncua.client.ua_client import UaClientState, UASocketState
from asyncua.common.utils import Buffer
from attrs import frozen

from osprey.api import ErrorKind
from osprey_labview.opcua import status
from osprey_labview.opcua.failure import LATE, Failure, LinkError
from osprey_labview.opcua.security import Credentials, make_client, require_protected_password
from osprey_labview.settings import LabviewSettings, OpcUaSettings

if TYPE_CHECKING:
    from osprey_labview.opcua.data_types import DataType
    from osprey_labview.opcua.nodes import Node

_GOODBYE_S: Final = 1.0
_REFUSALS: Final = {
    "BadUserAccessDenied",
    "BadIdentityTokenInvalid",
    "BadIdentityTokenRejected",
    "BadSecurityChecksFailed",
    "BadCertificateUntrusted",
    "BadCertificateInvalid",
    "BadSecurityPolicyRejected",
    "BadSecurityModeRejected",
}
LOST: Final = Failure(ErrorKind.UNREACHABLE, "the connection to the server is lost")


class SessionLostError(Exception):
    """The session ended while an answer was awaited."""


class NotSentError(Exception):
    """Nothing has left this process; carries why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


@frozen(kw_only=True)
class OperationLimits:
    """The most items of one request, of each kind."""

    read: int
    write: int
    browse: int
    translate: int
    monitor: int


class Session:
    """A session, and what was learned in it; with it, all of that is forgotten."""

    def __init__(self, client: Client, settings: LabviewSettings) -> None:
        self._client = client
        self._settings = settings.opcua or OpcUaSettings()
        self._tasks: list[asyncio.Task[None]] = []
        self.namespaces: tuple[str, ...] = ()
        cap = self._settings.max_nodes_per_request
        self.limits = OperationLimits(read=cap, write=cap, browse=cap, translate=cap, monitor=cap)
        self.lost = asyncio.Event()
        self.names: dict[str, Node] = {}
        """What names were found to mean."""
        self.nodes: dict[ua.NodeId, Node] = {}
        self.types: dict[ua.NodeId, DataType] = {}

    @classmethod
    async def open(cls, settings: LabviewSettings, credentials: Credentials) -> Session:
        """Connect within `connect_timeout_s`.

        :raises LinkError: there is no session to be had.
        """
        client = await make_client(settings, credentials)
        session = cls(client, settings)
        try:
            async with asyncio.timeout(settings.connect_timeout_s):
                await session._begin(settings, credentials)
        except BaseException as exc:
            await session.close()
            if isinstance(exc, (LinkError, asyncio.CancelledError)) or not isinstance(exc, Exception):
                raise
            raise LinkError(_why(exc, settings)) from exc
        return session

    async def _begin(self, settings: LabviewSettings, credentials: Credentials) -> None:
        client = self._client
        await client.connect_socket()
        await client.send_hello()
        await client.open_secure_channel()
        await client.create_session()
        require_protected_password(client, settings)
        name = settings.user.name if settings.user else None
        await client.activate_session(name, credentials.password, client.user_certificate)
        self._tasks = [asyncio.create_task(self._watch()), asyncio.create_task(self._renew())]

    def learn(self, namespaces: tuple[str, ...], limits: Mapping[str, int]) -> None:
        """Take in what the server says of itself; a limit of 0 is none."""
        self.namespaces = namespaces
        cap = self._settings.max_nodes_per_request
        self.limits = OperationLimits(**{kind: min(cap, limit) if limit else cap for kind, limit in limits.items()})

    @property
    def is_alive(self) -> bool:
        protocol = self._client.uaclient.protocol
        return (
            not self.lost.is_set()
            and protocol is not None
            and protocol.state is UASocketState.OPEN
            and protocol.transport is not None
            and not protocol.transport.is_closing()
        )

    async def ask(self, request: Any, deadline: float) -> Buffer:
        """Send a request and give its answer.

        :raises NotSentError: the session is lost or the deadline has passed, so that nothing was sent.
        :raises SessionLostError: the session was lost after the request had been sent.
        :raises TimeoutError: no answer by the deadline.
        :raises ua.UaStatusCodeError: the server refused the whole request.
        """
        protocol = self._client.uaclient.protocol
        if protocol is None or not self.is_alive:
            raise NotSentError(LOST)
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise NotSentError(LATE)
        try:
            return await protocol.send_request(request, remaining)
        except ua.UaStatusCodeError as exc:
            if status.ends_session(exc.code):
                self._lose()
            raise
        except OSError as exc:
            if isinstance(exc, TimeoutError):
                raise
            self._lose()
            raise SessionLostError from exc

    async def create_subscription(self, parameters: ua.CreateSubscriptionParameters, receive: Any) -> Any:
        """Create a subscription whose notifications go to `receive`."""
        return await self._client.uaclient.create_subscription(parameters, receive)

    async def delete_subscription(self, number: int) -> None:
        """Delete a subscription; one of a lost session is gone anyway."""
        if self.is_alive:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(_GOODBYE_S):
                    await self._client.uaclient.delete_subscriptions([number])

    def _lose(self) -> None:
        self.lost.set()

    async def _watch(self) -> None:
        """Ask the server now and then whether it lives: a cable that was pulled tells nobody."""
        state = ua.ReadValueId(
            NodeId=ua.NodeId(ua.ObjectIds.Server_ServerStatus_State), AttributeId=ua.AttributeIds.Value
        )
        request = ua.ReadRequest(Parameters=ua.ReadParameters(NodesToRead=[state]))
        async with self._client.subscribe_state() as states:
            while self._client.state is UaClientState.CONNECTED and not self.lost.is_set():
                try:
                    await states.next_change(self._settings.watchdog_s)
                except TimeoutError:
                    try:
                        await self.ask(request, time.monotonic() + self._settings.watchdog_s)
                    except ua.UaStatusCodeError:
                        continue  # it answered
                    except (TimeoutError, SessionLostError, NotSentError, ua.UaError):
                        break
        self._lose()
        self._client.disconnect_socket()

    async def _renew(self) -> None:
        """Renew the keys of the channel after three quarters of their life (OPC 10000-4, 5.6.2)."""
        try:
            while True:
                await asyncio.sleep(self._client.secure_channel_timeout * 0.75 / 1000)
                await self._client.open_secure_channel(renew=True)
                self._client.uaclient.revolve_security_token()
        except (OSError, ua.UaError):
            self._lose()
            self._client.disconnect_socket()

    async def close(self) -> None:
        """Say goodbye if somebody is there, and let go of everything."""
        self._lose()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(Exception):
            async with asyncio.timeout(_GOODBYE_S):
                await self._client.close_session()
                await self._client.close_secure_channel()
        self._client.disconnect_socket()


def _why(exc: Exception, settings: LabviewSettings) -> Failure:
    if isinstance(exc, ua.UaStatusCodeError):
        name = status.name_of(exc.code)
        if name in _REFUSALS:
            return Failure(ErrorKind.PERMISSION, f"{settings.url} refuses this client ({name})", name)
        return Failure(ErrorKind.UNREACHABLE, f"{settings.url} gives no session ({name})", name)
    if isinstance(exc, TimeoutError):
        reason = f"no answer within {settings.connect_timeout_s:g} s"
    else:
        reason = str(exc) or type(exc).__name__
    return Failure(ErrorKind.UNREACHABLE, f"{settings.url} cannot be reached: {reason}")
