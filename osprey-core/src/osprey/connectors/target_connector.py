"""A target of the project as a connector of the seeds' kind."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import anyio
from attrs import evolve

from osprey.connectors.control_system.base import (
    Callback,
    ChannelMetadata,
    ChannelTimeoutError,
    ChannelValue,
    ChannelWriteResult,
    ControlSystemConnector,
    WriteVerification,
)
from osprey.connectors.subscriptions import Subscription
from osprey.connectors.values import described, required, unavailable, value_of, write_result
from osprey.control import ApplyReport, Fault, Outcome, ReadResult, Target, Targets, targets_of
from osprey.control.comparison import to_plain
from osprey.control.wire import from_wire, to_wire
from osprey.errors import ConnectorError, UsageError

if TYPE_CHECKING:
    from osprey.agent.state import TurnResult
    from osprey.base import ExecutionPlan
    from osprey.project import Project

_LEVELS: Final = ("none", "callback", "readback")


class TargetConnector(ControlSystemConnector):
    """Reads through the target's own connector; a write is a request that a person decides and the guard carries out.

    :ivar target_name: the target of the configuration that it serves.
    """

    def __init__(self, project: Project, target_name: str, *, owns_project: bool) -> None:
        self.target_name: Final = target_name
        self._project = project
        self._owns_project = owns_project
        self._opened: Target | None = None
        self._subscriptions: dict[str, Subscription] = {}
        self._numbers = count(1)

    async def connect(self, config: Mapping[str, Any] | None = None) -> None:
        """Open the target.

        :param config: None or empty: the project's configuration says all.
        :raises UsageError: settings are given here.
        """
        if config:
            msg = f"target {self.target_name!r} is configured in the project: leave the settings of `connect` empty"
            raise UsageError(msg)
        self._opened = await self._targets.get(self.target_name)

    async def disconnect(self) -> None:
        """End the subscriptions, and close the target if nobody else uses it."""
        while self._subscriptions:
            await self._subscriptions.popitem()[1].stop()
        if self._opened is not None and self._owns_project:
            await self._project.aclose()
        self._opened = None

    async def __aenter__(self) -> TargetConnector:
        if self._opened is None:
            await self.connect()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.disconnect()

    async def read_channel(self, channel_address: str, timeout: float | None = None) -> ChannelValue:
        """Read a fresh value.

        :raises ChannelReadError: there is none.
        :raises ChannelTimeoutError: not in time.
        """
        (result,) = await self._read([channel_address], timeout)
        return value_of(required(result), now_ns=time.time_ns())

    async def read_multiple_channels(
        self, channel_addresses: Sequence[str], timeout: float | None = None
    ) -> dict[str, ChannelValue]:
        """Read many at once, within one deadline; a channel without a value is there with its reason in `error`."""
        results = await self._read(channel_addresses, timeout)
        now_ns = time.time_ns()
        return {result.channel: value_of(result, now_ns=now_ns) for result in results}

    async def write_channel(
        self,
        channel_address: str,
        value: Any,
        timeout: float | None = None,
        verification_level: str = "callback",
        tolerance: float | None = None,
    ) -> ChannelWriteResult:
        """Ask for a write. It is judged at once, and sent by the guard once a person has approved it.

        A refusal is a result with outcome ``refused``. Otherwise the result waits: `finish_write`, or
        ``osprey approvals approve`` and ``osprey resume``, go on with it.

        :param timeout: for judging and filing; the put has the target's ``write_timeout_s``.
        :param verification_level: the limits decide what is done. With ``readback``, a write that they let pass
            without one is not `verified`.
        :param tolerance: absolute. A read-back further off is not `verified`, also where the limits allow more.
        :raises ChannelTimeoutError: not judged in time.
        """
        _check_wishes(verification_level, tolerance)
        from osprey.agent.session import open_agent

        written = to_plain(value)
        wished = WriteVerification(verification_level, verified=False, tolerance_used=tolerance)
        result = ChannelWriteResult(channel_address, value, success=False, verification=wished)
        question = f"write_channel({channel_address!r}, {written!r})"
        try:
            with anyio.fail_after(timeout):
                async with open_agent(self._project) as agent:
                    plan = _plan_of(channel_address, written)
                    turn = await agent.carry_out(plan, question=question, target=self._target.name)
        except TimeoutError as exc:
            msg = f"{channel_address}: the write was not judged within {timeout} s, and nothing was written"
            raise ChannelTimeoutError(msg) from exc
        return await self._concluded(result, turn)

    async def finish_write(self, result: ChannelWriteResult) -> ChannelWriteResult:
        """Go on with a write that waited: carry it out if it was approved; still waiting, it comes back as it is."""
        if not result.is_waiting or result.thread is None:
            return result
        from osprey.agent.session import open_agent

        async with open_agent(self._project) as agent:
            return await self._concluded(result, await agent.resume(result.thread))

    async def subscribe(self, channel_address: str, callback: Callback) -> str:
        """Call `callback` (a function, or a coroutine function) with the value now and with each that follows."""
        subscription_id = f"{channel_address}#{next(self._numbers)}"

        def deliver(result: ReadResult) -> Any:
            return callback(value_of(result, now_ns=time.time_ns()))

        subscription = Subscription(self._target.connector, channel_address, deliver)
        self._subscriptions[subscription_id] = subscription
        subscription.start()
        return subscription_id

    async def unsubscribe(self, subscription_id: str) -> None:
        """End a subscription; after this no callback runs.

        :raises UsageError: there is no such subscription.
        :raises ConnectorError: it had ended by itself, because its callback or the connector failed.
        """
        subscription = self._subscriptions.pop(subscription_id, None)
        if subscription is None:
            msg = f"there is no subscription {subscription_id!r}; there are: {', '.join(self._subscriptions) or 'none'}"
            raise UsageError(msg)
        await subscription.stop()
        if subscription.failure is not None:
            msg = f"the subscription {subscription_id} had ended: {subscription.failure!r}"
            raise ConnectorError(msg) from subscription.failure

    async def get_metadata(self, channel_address: str) -> ChannelMetadata:
        """Ask the control system what a channel is, and how it is now.

        :raises ChannelReadError, ChannelTimeoutError: it does not say.
        """
        (info,) = await self._target.connector.describe([channel_address], timeout_s=self._timeout_s(None))
        if isinstance(info, Fault):
            raise unavailable(info)
        return described(info, (await self._read([channel_address], None))[0])

    async def validate_channel(self, channel_address: str) -> bool:
        """Tell whether a channel exists and answers now."""
        (status,) = await self._target.connector.probe([channel_address], timeout_s=self._timeout_s(None))
        return status.is_reachable

    @property
    def _targets(self) -> Targets:
        return targets_of(self._project)

    @property
    def _target(self) -> Target:
        if self._opened is None:
            msg = f"the connector of target {self.target_name!r} is not connected: await connect() first"
            raise ConnectorError(msg)
        return self._opened

    async def _read(self, channels: Sequence[str], timeout: float | None) -> list[ReadResult]:
        return await self._target.connector.read(list(channels), timeout_s=self._timeout_s(timeout))

    def _timeout_s(self, timeout: float | None) -> float:
        return self._target.config.read_timeout_s if timeout is None else timeout

    async def _concluded(self, result: ChannelWriteResult, turn: TurnResult) -> ChannelWriteResult:
        from osprey.journal import RequestState, journal_of

        if turn.approval is not None:
            said = "approved, and not carried out yet" if turn.is_decided else "waiting for approval"
            how = f"osprey approvals show {turn.approval}, then: osprey resume {turn.thread}"
            return evolve(result, error_message=f"{said}: {how}", request_id=turn.approval, thread=turn.thread)
        if result.request_id is not None:
            row = await journal_of(self._project).requests.get(result.request_id)
            items = () if row.report is None else from_wire(ApplyReport, dict(row.report)).items
            if items:
                return write_result(result, items[0])
            if row.state in (RequestState.CLAIMED, RequestState.IN_DOUBT):
                # Whoever carries it out has not told what became of it, or died: it may have landed.
                return evolve(result, error_message=turn.answer, outcome=Outcome.UNCONFIRMED)
        return evolve(result, error_message=turn.answer, outcome=Outcome.REFUSED)


def _check_wishes(level: str, tolerance: float | None) -> None:
    if level not in _LEVELS:
        msg = f"verification_level {level!r}: use one of {', '.join(_LEVELS)}"
        raise UsageError(msg)
    if tolerance is not None and not (math.isfinite(tolerance) and tolerance >= 0):
        msg = f"tolerance {tolerance!r}: give a number of 0 or more, in the channel's unit"
        raise UsageError(msg)


def _plan_of(channel: str, value: Any) -> ExecutionPlan:
    from osprey.base import ExecutionPlan, PlannedStep

    step = PlannedStep(
        context_key="writing",
        capability="channel_write",
        task_objective=f"Set {channel} to {value}",
        success_criteria="The write is confirmed",
        expected_output="CHANNEL_WRITE_RESULTS",
        parameters={"groups": [[{"channel": channel, "value": to_wire(value), "unit": None}]]},
    )
    return ExecutionPlan(steps=(step,))
