"""Classes of the seeds' kind (`connect`, `read_channel`, `write_channel`, ...) under this product's contract.

`ReadingOnly` lends one its reading calls. `ForeignConnector` makes one a connector of a plugin, so that its writes pass
the guard: subclass it, name the class, and declare the subclass in `osprey_connectors`::

    class Doocs(ForeignConnector):
        wrapped = DoocsConnector
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from typing import Any, ClassVar, NoReturn, Self

import anyio

from osprey.connectors.control_system.base import (
    Callback,
    ChannelMetadata,
    ChannelValue,
    ControlSystemConnector,
)
from osprey.connectors.foreign_names import read_name
from osprey.control import (
    Bounds,
    ChannelInfo,
    ChannelRecord,
    ChannelStatus,
    ConnectContext,
    DType,
    Endpoint,
    ErrorKind,
    Fault,
    Put,
    PutResult,
    Reading,
    ReadResult,
    Updates,
)
from osprey.control.comparison import to_plain
from osprey.errors import RefusedError, UsageError


class ReadingOnly(ControlSystemConnector):
    """A class that an application has registered: it reads, and never writes."""

    def __init__(self, inner: ControlSystemConnector, kind: str) -> None:
        self._inner = inner
        self._kind = kind

    async def connect(self, config: Mapping[str, Any]) -> None:
        """Open it."""
        await self._inner.connect(dict(config))

    async def disconnect(self) -> None:
        """Close it."""
        await self._inner.disconnect()

    async def read_channel(self, channel_address: str, timeout: float | None = None) -> ChannelValue:
        """Read a value as the class does."""
        return await self._inner.read_channel(channel_address, timeout)

    async def read_multiple_channels(
        self, channel_addresses: Sequence[str], timeout: float | None = None
    ) -> dict[str, ChannelValue]:
        """Read many as the class does; what it leaves out is there with a reason."""
        found = await self._inner.read_multiple_channels(list(channel_addresses), timeout)
        absent = ChannelValue(None, datetime.now().astimezone(), error=f"connector {self._kind!r} gave no value")
        return {name: found.get(name, absent) for name in channel_addresses}

    async def write_channel(self, channel_address: str, *_args: Any, **_options: Any) -> NoReturn:
        """Refuse: no guard stands before this class.

        :raises RefusedError: always.
        """
        msg = (
            f"{channel_address}: connector {self._kind!r} was registered while the program ran, and no guard stands "
            "before it: make it a connector of a plugin (osprey.connectors.foreign), and declare a target"
        )
        raise RefusedError(msg, rule="target.unguarded")

    async def subscribe(self, channel_address: str, callback: Callback) -> str:
        """Subscribe as the class does."""
        return await self._inner.subscribe(channel_address, callback)

    async def unsubscribe(self, subscription_id: str) -> None:
        """End a subscription."""
        await self._inner.unsubscribe(subscription_id)

    async def get_metadata(self, channel_address: str) -> ChannelMetadata:
        """Describe a channel as the class does."""
        return await self._inner.get_metadata(channel_address)

    async def validate_channel(self, channel_address: str) -> bool:
        """Tell whether a channel exists, as the class does."""
        return await self._inner.validate_channel(channel_address)


class ForeignConnector:
    """A connector of a plugin, made of a class of the seeds' kind; values are numbers, truth values and texts.

    Such a class does not say whether a failed put was sent, so every failure is one that may have landed. What its
    metadata does not say (limits, states, access) the guard does not know: give such channels limits of your own.
    """

    wrapped: ClassVar[type[Any]]

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    @classmethod
    async def connect(cls, context: ConnectContext) -> Self:
        """Make the class and open it with the target's settings."""
        inner = cls.wrapped()
        await inner.connect(dict(context.settings or {}))
        return cls(inner)

    async def aclose(self) -> None:
        """Close it."""
        await self._inner.disconnect()

    async def read(self, channels: Sequence[str], *, timeout_s: float) -> list[ReadResult]:
        """Read each channel, all at the same time."""

        async def read_one(channel: str) -> ReadResult:
            return _reading(channel, await self._inner.read_channel(channel, timeout_s))

        return await _each(channels, read_one, timeout_s)

    async def write(self, puts: Sequence[Put], *, timeout_s: float) -> list[PutResult]:
        """Send each put once; what the class says of its completion is what is reported."""
        deadline = anyio.current_time() + timeout_s
        return [await self._put(put, deadline) for put in puts]

    async def _put(self, put: Put, deadline: float) -> PutResult:
        left_s = deadline - anyio.current_time()
        if left_s <= 0:
            return PutResult(channel=put.channel, error=ErrorKind.TIMEOUT, message="no time left", was_sent=False)
        try:
            with anyio.fail_after(left_s):
                # The guard reads back by itself, so the class need not.
                answer = await self._inner.write_channel(put.channel, to_plain(put.value), left_s, "callback")
        except TimeoutError:
            return PutResult(channel=put.channel, error=ErrorKind.TIMEOUT, message="no completion in time")
        except Exception as exc:  # noqa: BLE001 - an isolation border: the class is not ours
            return PutResult(channel=put.channel, error=ErrorKind.UNREACHABLE, message=_told(exc))
        if getattr(answer, "success", False):
            return PutResult(channel=put.channel)
        message = str(getattr(answer, "error_message", "") or "the connector says that it failed")
        return PutResult(channel=put.channel, error=ErrorKind.UNREACHABLE, message=message)

    async def describe(self, channels: Sequence[str], *, timeout_s: float) -> list[ChannelInfo | Fault]:
        """Describe each channel by its metadata and the kind of its present value."""

        async def describe_one(channel: str) -> ChannelInfo | Fault:
            result = _reading(channel, await self._inner.read_channel(channel, timeout_s))
            if isinstance(result, Fault):
                return result
            return _info(result, await self._inner.get_metadata(channel))

        return await _each(channels, describe_one, timeout_s)

    async def probe(self, channels: Sequence[str], *, timeout_s: float) -> list[ChannelStatus]:
        """Read each channel."""
        results = await self.read(channels, timeout_s=timeout_s)
        return [
            ChannelStatus(channel=result.channel, fault=result if isinstance(result, Fault) else None)
            for result in results
        ]

    async def search(self, pattern: str, *, limit: int) -> list[ChannelRecord]:
        """Give nothing: such a class cannot list channels."""
        del pattern, limit
        return []

    async def endpoints(self, *, timeout_s: float) -> list[Endpoint]:
        """Name the class, which does not tell where it goes."""
        del timeout_s
        return [Endpoint(purpose="control system", address=self.wrapped.__name__, note="the class does not tell")]

    def subscribe(
        self, channels: Sequence[str], *, max_rate_hz: float = 10.0, buffer: int = 0
    ) -> AbstractAsyncContextManager[Updates]:
        """Read again and again, at most so often; nothing between two reads is seen, so nothing is dropped."""
        if not max_rate_hz > 0:
            msg = f"max_rate_hz {max_rate_hz}: give a positive number of lists a second"
            raise UsageError(msg)
        if buffer < 0:
            msg = f"buffer {buffer}: give 0 or more"
            raise UsageError(msg)
        return _polling(self, channels, 1.0 / max_rate_hz)


class _Polled:
    dropped = 0

    def __init__(self, connector: ForeignConnector, channels: Sequence[str], period_s: float) -> None:
        self._connector = connector
        self._channels = list(dict.fromkeys(channels))
        self._period_s = period_s
        self._shown: dict[str, object] = {}
        self._next_at = 0.0
        self.has_ended = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> list[ReadResult]:
        while not self.has_ended:
            await anyio.sleep_until(self._next_at)
            results = await self._connector.read(self._channels, timeout_s=self._period_s + 1.0)
            self._next_at = anyio.current_time() + self._period_s
            fresh = [one for one in results if self._shown.get(one.channel) != _essence(one)]
            self._shown.update((one.channel, _essence(one)) for one in fresh)
            if fresh:
                return fresh
        raise StopAsyncIteration


@asynccontextmanager
async def _polling(connector: ForeignConnector, channels: Sequence[str], period_s: float) -> AsyncGenerator[_Polled]:
    updates = _Polled(connector, channels, period_s)
    try:
        yield updates
    finally:
        updates.has_ended = True


async def _each(channels: Sequence[str], ask: Callable[[str], Awaitable[Any]], timeout_s: float) -> list[Any]:
    late = "no answer in time"
    found: dict[str, Any] = {
        name: Fault(channel=name, kind=ErrorKind.TIMEOUT, message=late, retryable=True) for name in channels
    }

    async def answer(channel: str) -> None:
        try:
            found[channel] = await ask(channel)
        except TimeoutError as exc:
            found[channel] = Fault(channel=channel, kind=ErrorKind.TIMEOUT, message=_told(exc), retryable=True)
        except Exception as exc:  # noqa: BLE001 - an isolation border: the class is not ours
            found[channel] = Fault(channel=channel, kind=ErrorKind.UNREACHABLE, message=_told(exc))

    with anyio.move_on_after(timeout_s):
        async with anyio.create_task_group() as group:
            for channel in dict.fromkeys(channels):
                group.start_soon(answer, channel)
    return [found[channel] for channel in channels]


def _told(exc: Exception) -> str:
    return f"{type(exc).__name__}: {exc}" if str(exc) else type(exc).__name__


def _reading(channel: str, found: Any) -> ReadResult:
    value = to_plain(found.value)
    sample = value[0] if isinstance(value, list) and value else value
    kinds = ((bool, DType.BOOL), (int, DType.INT), (float, DType.FLOAT), (str, DType.STR))
    dtype = next((dtype for kind, dtype in kinds if isinstance(sample, kind)), None)
    if dtype is None:
        message = f"connector gave {found.value!r}, which is no value of a channel"
        return Fault(channel=channel, kind=ErrorKind.INVALID_DATA, message=message)
    stamp = found.timestamp
    return Reading(
        channel=channel,
        value=value,
        dtype=dtype,
        shape=(len(value),) if isinstance(value, list) else (),
        unit=str(getattr(found.metadata, "units", "") or ""),
        # A date without a zone could be any; then the source has given no time.
        source_ns=int(stamp.timestamp() * 1e6) * 1000 if stamp is not None and stamp.tzinfo is not None else None,
        received_ns=time.time_ns(),
    )


def _info(reading: Reading, metadata: Any) -> ChannelInfo:
    name = read_name(reading.channel)
    return ChannelInfo(
        channel=reading.channel,
        name=name.name,
        field=name.field,
        is_value_field=name.field == "VAL",
        has_modifier=name.has_modifier,
        dtype=reading.dtype,
        shape=reading.shape,
        unit=reading.unit,
        precision=getattr(metadata, "precision", None),
        description=str(getattr(metadata, "description", "") or ""),
        drive=Bounds(getattr(metadata, "min_value", None), getattr(metadata, "max_value", None)),
        writable=True,
    )


def _essence(result: ReadResult) -> object:
    return result.kind if isinstance(result, Fault) else result.value
