"""Following channels through subscriptions of the server, again after every loss."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Any, Final

from asyncua import ua
from asyncua.ua.ua_binary import struct_from_binary

from osprey_labview.opcua import status
from osprey_labview.opcua.codec import sample_of
from osprey_labview.opcua.facts import Facts, facts_for
from osprey_labview.opcua.failure import Failure, LinkError
from osprey_labview.opcua.link import Link
from osprey_labview.opcua.nodes import Node, resolve
from osprey_labview.opcua.reading import result_of
from osprey_labview.opcua.session import LOST, NotSentError, Session, SessionLostError
from osprey_labview.updates import UpdateQueue

_logger = logging.getLogger(__name__)

_FIRST_WAIT_S: Final = 0.1
_LONGEST_WAIT_S: Final = 5.0
_KEEP_ALIVE_S: Final = 5.0
_LIFETIME_S: Final = 60.0
_BUFFERED_PERIOD_S: Final = 0.1
_LEAST_SERVER_QUEUE: Final = 256
_MOST_SERVER_QUEUE: Final = 65_536


async def follow(link: Link, queue: UpdateQueue) -> None:
    """Offer updates until cancelled; while there is no server, say so once and try again."""
    wait_s = _FIRST_WAIT_S
    while True:
        try:
            session = await link.session(time.monotonic() + link.settings.connect_timeout_s)
            failure = await _Subscription(session, queue).run(time.monotonic() + link.settings.connect_timeout_s)
            wait_s = _FIRST_WAIT_S
        except LinkError as exc:
            failure = exc.failure
        if wait_s == _FIRST_WAIT_S:
            queue.offer([failure.as_fault(channel) for channel in queue.channels])
        await asyncio.sleep(wait_s)
        wait_s = min(2 * wait_s, _LONGEST_WAIT_S)


class _Subscription:
    """One subscription of one session."""

    def __init__(self, session: Session, queue: UpdateQueue) -> None:
        self._session = session
        self._queue = queue
        self._ended = asyncio.Event()
        self._followed: dict[int, tuple[str, Facts]] = {}

    async def run(self, deadline: float) -> Failure:
        """Follow until the session or the subscription ends, and say why."""
        number: int | None = None
        try:
            nodes = await self._prepare(deadline)
            period_s = min(self._queue.period_s, _BUFFERED_PERIOD_S) if self._queue.buffer else self._queue.period_s
            async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
                created = await self._session.create_subscription(_parameters(period_s), self._receive)
            number = created.SubscriptionId
            await self._monitor(number, nodes, deadline)
            await self._wait()
        except (TimeoutError, OSError, ua.UaError, NotSentError, SessionLostError) as exc:
            return LOST if not isinstance(exc, ua.UaStatusCodeError) else status.failure_of(exc.code, "no subscription")
        finally:
            if number is not None:
                await self._session.delete_subscription(number)
        return LOST

    async def _prepare(self, deadline: float) -> list[tuple[str, Node]]:
        channels = self._queue.channels
        found = await resolve(self._session, channels, deadline)
        good = [(channel, one) for channel, one in zip(channels, found, strict=True) if isinstance(one, Node)]
        facts = await facts_for(self._session, [node for _, node in good], deadline, fresh=True)
        faults = [
            one.as_fault(channel) for channel, one in zip(channels, found, strict=True) if isinstance(one, Failure)
        ]
        followed: list[tuple[str, Node]] = []
        for place, ((channel, node), fact) in enumerate(zip(good, facts, strict=True)):
            if isinstance(fact, Failure):
                faults.append(fact.as_fault(channel))
            else:
                self._followed[place] = (channel, fact)
                followed.append((channel, node))
        self._queue.offer(faults)
        return followed

    async def _monitor(self, number: int, nodes: Sequence[tuple[str, Node]], deadline: float) -> None:
        handles = list(self._followed)
        items = [_item(handle, node, self._queue) for handle, (_, node) in zip(handles, nodes, strict=True)]
        most = self._session.limits.monitor
        for start in range(0, len(items), most):
            part = items[start : start + most]
            parameters = ua.CreateMonitoredItemsParameters(
                SubscriptionId=number, TimestampsToReturn=ua.TimestampsToReturn.Source, ItemsToCreate=part
            )
            data = await self._session.ask(ua.CreateMonitoredItemsRequest(Parameters=parameters), deadline)
            answer = struct_from_binary(ua.CreateMonitoredItemsResponse, data)
            answer.ResponseHeader.ServiceResult.check()
            for item, result in zip(part, answer.Results, strict=True):
                if not status.is_good(result.StatusCode.value):
                    channel, _ = self._followed[item.RequestedParameters.ClientHandle]
                    self._queue.offer([status.failure_of(result.StatusCode.value).as_fault(channel)])

    async def _wait(self) -> None:
        ends = [asyncio.create_task(event.wait()) for event in (self._session.lost, self._ended)]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()

    def _receive(self, result: ua.PublishResult) -> None:
        for notification in result.NotificationMessage.NotificationData or []:
            if isinstance(notification, ua.StatusChangeNotification):
                self._ended.set()
            elif isinstance(notification, ua.DataChangeNotification):
                self._take(notification.MonitoredItems or [])

    def _take(self, items: Sequence[Any]) -> None:
        received_ns = time.time_ns()
        lost = 0
        results = []
        for item in items:
            followed = self._followed.get(item.ClientHandle)
            if followed is None:
                _logger.warning("an update came for no channel of its subscription")
                continue
            channel, facts = followed
            sample = sample_of(item.Value)
            lost += status.has_overflow(sample.status)
            results.append(result_of(channel, sample, facts, received_ns))
        self._queue.offer(results, lost)


def _parameters(period_s: float) -> ua.CreateSubscriptionParameters:
    safe_s = max(period_s, 0.001)
    keep_alive = max(1, round(_KEEP_ALIVE_S / safe_s))
    return ua.CreateSubscriptionParameters(
        RequestedPublishingInterval=period_s * 1000,
        RequestedMaxKeepAliveCount=keep_alive,
        RequestedLifetimeCount=max(3 * keep_alive, round(_LIFETIME_S / safe_s)),
        MaxNotificationsPerPublish=0,
        PublishingEnabled=True,
        Priority=0,
    )


def _item(handle: int, node: Node, queue: UpdateQueue) -> ua.MonitoredItemCreateRequest:
    """Without a buffer the server keeps the latest; else more than the buffer, so that what is lost is counted here."""
    depth = min(max(queue.buffer, _LEAST_SERVER_QUEUE), _MOST_SERVER_QUEUE) if queue.buffer else 1
    return ua.MonitoredItemCreateRequest(
        ItemToMonitor=node.value,
        MonitoringMode=ua.MonitoringMode.Reporting,
        RequestedParameters=ua.MonitoringParameters(
            ClientHandle=handle,
            SamplingInterval=0.0 if queue.buffer else -1.0,
            Filter=None,
            QueueSize=depth,
            DiscardOldest=True,
        ),
    )
