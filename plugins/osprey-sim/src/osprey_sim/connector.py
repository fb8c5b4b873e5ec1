"""The ring as a control system: the `sim` connector."""

from __future__ import annotations

import math
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import numpy as np
from anyio import to_thread

from osprey.api import (
    Bounds,
    ChannelInfo,
    ChannelRecord,
    ConnectContext,
    ConnectorError,
    DType,
    Endpoint,
    ErrorKind,
    Fault,
    OspreyError,
    Put,
    PutResult,
    Reading,
    ReadResult,
    control,
)
from osprey_sim.catalogue import Channel
from osprey_sim.history import History
from osprey_sim.names import ResolvedName, field_fault, resolve_all
from osprey_sim.ring import Ring, alarm_of
from osprey_sim.settings import SimSettings
from osprey_sim.updates import Updates, subscribed

_LOOK_TIMEOUT_S: Final = 2.0
"""How long a look of a subscription may wait for the file with the history."""


class SimConnector:
    """The simulated ring. Like an IOC, it clips a set value to the drive limits without a word."""

    def __init__(self, ring: Ring, *, clock: Callable[[], int] = time.time_ns) -> None:
        self._ring = ring
        self._clock = clock
        self._is_closed = False
        self._updates: list[Updates] = []

    @classmethod
    async def connect(cls, context: ConnectContext) -> SimConnector:
        """Open the ring whose history is in the target's state folder, or where the settings say.

        :raises ConnectorError: the history cannot be read, or is of a ring of another seed.
        """
        settings: SimSettings = context.settings
        history = History(settings.state_file(context.state_dir), seed=settings.seed)
        ring = Ring(history, noise=settings.noise)
        await to_thread.run_sync(ring.refresh)
        return cls(ring)

    async def aclose(self) -> None:
        """End the subscriptions; nothing else is held open between calls."""
        self._is_closed = True
        for updates in self._updates:
            updates.end()

    async def read(self, channels: Sequence[str], *, timeout_s: float) -> list[ReadResult]:
        """Read the latest measurements, and set values as they are now."""
        self._require_open()
        names = resolve_all(self._ring.catalogue, channels)
        return await to_thread.run_sync(self._read, names, timeout_s)

    def _read(self, names: Sequence[ResolvedName | Fault], timeout_s: float) -> list[ReadResult]:
        try:
            self._ring.refresh(timeout_s=timeout_s)
        except TimeoutError as exc:
            return [_timed_out(name, str(exc)) for name in names]
        t_ns = self._ring.history.now_ns()
        good = [name for name in names if isinstance(name, ResolvedName) and name.is_value]
        samples = self._ring.sample([name.number for name in good], np.array([t_ns], dtype=np.int64))
        values = zip(samples.values[0].tolist(), samples.is_invalid[0].tolist(), strict=True)
        readings = iter([self._reading(name, t_ns, *value) for name, value in zip(good, values, strict=True)])
        results: list[ReadResult] = []
        for name in names:
            if isinstance(name, Fault):
                results.append(name)
            else:
                results.append(next(readings) if name.is_value else field_fault(name))
        return results

    def _reading(self, name: ResolvedName, t_ns: int, value: float, is_invalid: bool) -> Reading:
        channel = name.channel
        severity, alarm = alarm_of(channel, value, is_invalid=is_invalid)
        is_enum = channel.dtype is DType.ENUM
        number = round(value) if is_enum else value
        return Reading(
            channel=name.asked,
            value=number,
            dtype=channel.dtype,
            unit=channel.record.unit,
            severity=severity,
            alarm=alarm,
            label=channel.labels[int(number)] if is_enum else None,
            source_ns=self._ring.measured_ns(name.number, t_ns),
            received_ns=self._clock(),
        )

    async def write(self, puts: Sequence[Put], *, timeout_s: float) -> list[PutResult]:
        """Set values, all good ones of the batch at the same moment."""
        self._require_open()
        names = resolve_all(self._ring.catalogue, [put.channel for put in puts])
        checked = [self._check(put, name) for put, name in zip(puts, names, strict=True)]
        good = {item[0]: item[1] for item in checked if not isinstance(item, PutResult)}
        failure = await to_thread.run_sync(self._change, good, timeout_s) if good else None
        return [
            item if isinstance(item, PutResult) else _sent(put.channel, failure)
            for put, item in zip(puts, checked, strict=True)
        ]

    def _check(self, put: Put, name: ResolvedName | Fault) -> PutResult | tuple[str, float]:
        """Give the canonical name and the clipped value, or what is wrong with the put."""
        if isinstance(name, Fault):
            return _unsent(put, name.kind, name.message)
        if not name.is_value:
            return _unsent(put, ErrorKind.PERMISSION, field_fault(name).message)
        if not name.channel.is_writable:
            hint = "only channels that end in ':SP' can be set"
            return _unsent(put, ErrorKind.PERMISSION, f"{put.channel!r} is a read-only channel; {hint}")
        value = put.value
        if put.shape or not isinstance(value, int | float) or not math.isfinite(value):
            return _unsent(put, ErrorKind.BAD_VALUE, f"{put.channel!r} takes one finite number, not {value!r}")
        if name.channel.dtype is DType.ENUM and value not in range(len(name.channel.labels)):
            states = ", ".join(f"{i} ({label})" for i, label in enumerate(name.channel.labels))
            return _unsent(put, ErrorKind.BAD_VALUE, f"{put.channel!r} takes {states}, not {value!r}")
        return name.channel.record.name, clip(name.channel, float(value))

    def _change(self, setpoints: dict[str, float], timeout_s: float) -> PutResult | None:
        try:
            self._ring.change(setpoints, timeout_s=timeout_s)
        except TimeoutError as exc:
            return PutResult(channel="", error=ErrorKind.TIMEOUT, message=str(exc), was_sent=False)
        except OspreyError as exc:
            return PutResult(channel="", error=ErrorKind.REJECTED, message=str(exc), was_sent=False)
        except OSError as exc:
            message = f"the row may or may not be in {self._ring.history.path}: {exc}"
            return PutResult(channel="", error=ErrorKind.UNREACHABLE, message=message, raw=str(exc.errno))
        return None

    async def describe(self, channels: Sequence[str], *, timeout_s: float) -> list[ChannelInfo | Fault]:
        """Say what each channel is; nothing has to be waited for."""
        del timeout_s
        self._require_open()
        names = resolve_all(self._ring.catalogue, channels)
        return [name if isinstance(name, Fault) else _info(name) for name in names]

    async def probe(self, channels: Sequence[str], *, timeout_s: float) -> list[control.ChannelStatus]:
        """Say which channels can be reached now."""
        started = time.perf_counter_ns()
        results = await self.read(channels, timeout_s=timeout_s)
        latency_ms = (time.perf_counter_ns() - started) / 1e6
        return [
            control.ChannelStatus(channel=channel, fault=result)
            if isinstance(result, Fault)
            else control.ChannelStatus(channel=channel, latency_ms=latency_ms)
            for channel, result in zip(channels, results, strict=True)
        ]

    async def search(self, pattern: str, *, limit: int) -> list[ChannelRecord]:
        """Give the channels that contain every word, or match a pattern with `*`; all for ``""``."""
        return self._ring.catalogue.search(pattern, limit)

    @asynccontextmanager
    async def subscribe(
        self, channels: Sequence[str], *, max_rate_hz: float = 10.0, buffer: int = 0
    ) -> AsyncGenerator[Updates]:
        """Give all channels once, then those whose value or severity has changed since the last look."""

        async def look(names: Sequence[str]) -> list[ReadResult]:
            return await self.read(names, timeout_s=_LOOK_TIMEOUT_S)

        async with subscribed(channels, look, max_rate_hz=max_rate_hz, buffer=buffer) as updates:
            self._updates.append(updates)
            try:
                yield updates
            finally:
                self._updates.remove(updates)

    async def endpoints(self, *, timeout_s: float) -> list[Endpoint]:
        """Name the file with the history, and ask whether it can be read."""
        started = time.perf_counter_ns()
        self._require_open()
        try:
            await to_thread.run_sync(lambda: self._ring.refresh(timeout_s=timeout_s))
        except (OspreyError, OSError, TimeoutError) as exc:
            return [self._endpoint(is_reachable=False, note=str(exc))]
        latency_ms = (time.perf_counter_ns() - started) / 1e6
        return [self._endpoint(is_reachable=True, latency_ms=latency_ms, note="simulated, no real machine")]

    def _endpoint(self, **answer: Any) -> Endpoint:
        return Endpoint(purpose="history of the ring", address=str(self._ring.history.path), **answer)

    def _require_open(self) -> None:
        if self._is_closed:
            msg = "the simulated ring's connector is closed: open it again"
            raise ConnectorError(msg)


def clip(channel: Channel, value: float) -> float:
    """Bring a set value within the drive limits, as an `ao` record does."""
    low, high = channel.drive.low, channel.drive.high
    value = value if low is None else max(low, value)
    return value if high is None else min(high, value)


def _timed_out(name: ResolvedName | Fault, message: str) -> Fault:
    if isinstance(name, Fault):
        return name
    return Fault(channel=name.asked, kind=ErrorKind.TIMEOUT, message=message, retryable=True)


def _unsent(put: Put, kind: ErrorKind, message: str) -> PutResult:
    return PutResult(channel=put.channel, error=kind, message=message, was_sent=False)


def _sent(channel: str, failure: PutResult | None) -> PutResult:
    if failure is None:
        return PutResult(channel=channel)
    return PutResult(
        channel=channel,
        error=failure.error,
        message=failure.message,
        raw=failure.raw,
        was_sent=failure.was_sent,
    )


def _info(name: ResolvedName) -> ChannelInfo:
    channel, record = name.channel, name.channel.record
    display = channel.drive if channel.is_writable else Bounds()
    return ChannelInfo(
        channel=name.asked,
        name=record.name,
        field=name.field,
        is_value_field=name.field == "VAL",
        has_modifier=name.has_modifier,
        dtype=channel.dtype,
        unit=record.unit,
        precision=channel.precision,
        description=record.description,
        drive=channel.drive,
        display=display,
        warning=channel.warning,
        alarm=channel.alarm,
        labels=channel.labels,
        writable=channel.is_writable and name.is_value,
    )
