"""The mock connector: any name is a channel, values repeat under a seed, and every fault can be switched on.

It sends nothing to anyone, counts its puts, and exists so that the guard, plans and plugins can be tried and
tested against each fault that a real control system shows. What would end in a timeout is answered at once.
"""

from __future__ import annotations

import fnmatch
import math
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from enum import StrEnum
from typing import Any, Final, Self, cast

import anyio
import anyio.lowlevel
from attrs import evolve, field, frozen

from osprey.control.comparison import to_plain
from osprey.control.mock.channels import describe, first_value, kind_of, setpoint_of, share_of
from osprey.control.mock.updates import Updates
from osprey.control.protocols import ConnectContext
from osprey.control.values import (
    ChannelInfo,
    ChannelRecord,
    ChannelStatus,
    DType,
    ErrorKind,
    Fault,
    Put,
    PutResult,
    Reading,
    ReadResult,
    Severity,
    Value,
)


class MockFault(StrEnum):
    """What can be wrong with a channel."""

    MISSING = "missing"
    """Nobody answers for the name."""
    SLOW = "slow"
    """Everything takes `slow_s`; a put lands then, also after its caller has given up."""
    CLIP = "clip"
    """A put completes, but only half of the change is made."""
    REJECT = "reject"
    """A put is answered with no."""
    NAN = "nan"
    """Reads as NaN."""
    INVALID = "invalid"
    """Reads with severity invalid."""
    FLAPPING = "flapping"
    """Every second access fails."""
    STALE = "stale"
    """Reads as it did when the fault began, with that time stamp."""
    GONE = "gone"
    """The connection is lost."""
    DISCONNECT = "disconnect"
    """The connection is lost by the next put: it lands, and nobody says so."""
    NO_COMPLETION = "no_completion"
    """A put lands, but its completion never comes."""


@frozen(kw_only=True)
class MockSettings:
    """`control_system.connector.mock`."""

    seed: int = 0
    """Which values the channels have."""
    noise: float = 0.001
    """Of measured channels, in parts of their usual spread."""
    slow_s: float = 1.0
    """How long a channel with the fault `slow` takes."""
    faults: dict[str, MockFault] = field(factory=dict)
    """A name or glob pattern, and what is wrong with those channels."""


class MockConnector:
    """A control system that is not there."""

    def __init__(self, settings: MockSettings) -> None:
        self._settings = settings
        self._faults: dict[str, MockFault] = dict(settings.faults)
        self._values: dict[str, Value] = {}
        self._landing: list[tuple[float, Put]] = []
        self._frozen: dict[str, tuple[Value, int]] = {}
        self._accesses: Counter[str] = Counter()
        self._updates = Updates()
        self.puts: Final[list[Put]] = []
        """Every put that reached this system, in order."""

    @classmethod
    async def connect(cls, context: ConnectContext) -> Self:
        """Open it; `context.settings` is a `MockSettings` or a mapping of its keys."""
        settings = context.settings
        if not isinstance(settings, MockSettings):
            settings = MockSettings(**cast("Mapping[str, Any]", settings or {}))
        return cls(settings)

    async def aclose(self) -> None:
        """Close it; there is nothing to give back."""

    def count_puts(self, channel: str) -> int:
        """Give how many puts to a channel reached this system."""
        return sum(put.channel == channel for put in self.puts)

    def inject(self, pattern: str, fault: MockFault) -> None:
        """Switch a fault on for the channels of a name or glob pattern."""
        if fault is MockFault.STALE:
            for name in [name for name in self._values if fnmatch.fnmatchcase(name, pattern)]:
                self._frozen[name] = (self._values[name], time.time_ns())
        self._faults[pattern] = fault

    def heal(self, pattern: str) -> None:
        """Switch the fault of this name or pattern off."""
        self._faults.pop(pattern, None)

    def change(self, channel: str, value: Value) -> None:
        """Change a value from outside, as another client or the machine itself would."""
        self._values[channel] = value
        self._updates.notify()

    def land(self) -> None:
        """Let every slow put land now."""
        for _, put in self._landing:
            self._values[put.channel] = put.value
        self._landing.clear()
        self._updates.notify()

    async def read(self, channels: Sequence[str], *, timeout_s: float) -> list[ReadResult]:
        """Read the values as they are now."""
        late = await self._wait(channels, timeout_s)
        return [self._read_one(channel, is_late=channel in late) for channel in channels]

    async def describe(self, channels: Sequence[str], *, timeout_s: float) -> list[ChannelInfo | Fault]:
        """Describe channels as their names suggest."""
        late = await self._wait(channels, timeout_s)
        return [self._access(channel, is_late=channel in late) or describe(channel) for channel in channels]

    async def probe(self, channels: Sequence[str], *, timeout_s: float) -> list[ChannelStatus]:
        """Tell whether channels answer."""
        late = await self._wait(channels, timeout_s)
        faults = [self._access(channel, is_late=channel in late) for channel in channels]
        return [
            ChannelStatus(channel=channel, fault=fault, latency_ms=None if fault else 0.0)
            for channel, fault in zip(channels, faults, strict=True)
        ]

    async def search(self, pattern: str, *, limit: int) -> list[ChannelRecord]:
        """Give nothing: a system that accepts any name cannot list them."""
        del pattern, limit
        return []

    async def write(self, puts: Sequence[Put], *, timeout_s: float) -> list[PutResult]:
        """Take puts as the faults of their channels say."""
        results = {put.channel: self._take(put) for put in puts}
        slow = [put for put in puts if self._fault_of(put.channel) is MockFault.SLOW]
        if slow and self._settings.slow_s <= timeout_s:
            await anyio.sleep(self._settings.slow_s)
            self._land_due()
            results.update((put.channel, PutResult(channel=put.channel)) for put in slow)
        return [results[put.channel] for put in puts]

    def subscribe(
        self, channels: Sequence[str], *, max_rate_hz: float = 10.0
    ) -> AbstractAsyncContextManager[AsyncIterator[list[ReadResult]]]:
        """Give the values at once and after every change, at most so many times a second."""
        return self._updates.subscribe(lambda: [self._read_one(name) for name in channels], max_rate_hz)

    def _take(self, put: Put) -> PutResult:
        channel, fault = put.channel, self._fault_of(put.channel)
        refused = self._access(channel)
        if refused is not None:
            return PutResult(channel=channel, error=refused.kind, message=refused.message, was_sent=False)
        self.puts.append(put)
        match fault:
            case MockFault.REJECT:
                return PutResult(channel=channel, error=ErrorKind.REJECTED, message="the device said no")
            case MockFault.SLOW:
                self._landing.append((anyio.current_time() + self._settings.slow_s, put))
                return PutResult(channel=channel, error=ErrorKind.TIMEOUT, message="no completion in time")
            case MockFault.CLIP:
                put = evolve(put, value=self._half_way(put))
            case MockFault.DISCONNECT:
                self._faults[channel] = MockFault.GONE
            case _:
                pass
        self.change(_record(channel), put.value)
        return _completion(channel, fault)

    def _half_way(self, put: Put) -> Value:
        old = self._value(_record(put.channel))
        if isinstance(old, (int, float)) and isinstance(put.value, (int, float)):
            return type(put.value)((old + put.value) / 2)
        return old

    def _read_one(self, channel: str, *, is_late: bool = False) -> ReadResult:
        fault = self._access(channel, is_late=is_late)
        if fault is not None:
            return fault
        info = describe(channel)
        value, source_ns = self._observed(_record(channel))
        kind = self._fault_of(channel)
        if kind is MockFault.NAN and info.dtype is DType.FLOAT:
            value = [math.nan] * len(value) if isinstance(value, list) else math.nan
        label = info.labels[value] if info.labels and isinstance(value, int) and value < len(info.labels) else None
        return Reading(
            channel=channel,
            value=value,
            dtype=info.dtype,
            shape=info.shape,
            unit=info.unit,
            label=label,
            severity=Severity.INVALID if kind is MockFault.INVALID else Severity.OK,
            alarm="UDF" if kind is MockFault.INVALID else "",
            source_ns=source_ns,
            received_ns=time.time_ns(),
        )

    def _observed(self, record: str) -> tuple[Value, int]:
        if self._fault_of(record) is MockFault.STALE:
            return self._frozen.setdefault(record, (self._value(record), time.time_ns()))
        setpoint = setpoint_of(record)
        if setpoint is None and describe(record).writable:
            return self._value(record), time.time_ns()
        value = self._value(setpoint or record)
        if not isinstance(value, float):
            return value, time.time_ns()
        self._accesses[record] += 1
        share = 2.0 * share_of(self._settings.seed, record, self._accesses[record]) - 1.0
        return value + share * self._settings.noise * kind_of(record).spread, time.time_ns()

    def _value(self, record: str) -> Value:
        self._land_due()
        if record not in self._values:
            self._values[record] = first_value(self._settings.seed, record)
        return to_plain(self._values[record])

    def _land_due(self) -> None:
        now = anyio.current_time() if self._landing else 0.0
        for due in [one for one in self._landing if one[0] <= now]:
            self._landing.remove(due)
            self.change(_record(due[1].channel), due[1].value)

    def _fault_of(self, channel: str) -> MockFault | None:
        record = _record(channel)
        if record in self._faults:
            return self._faults[record]
        return next((f for pattern, f in self._faults.items() if fnmatch.fnmatchcase(record, pattern)), None)

    def _access(self, channel: str, *, is_late: bool = False) -> Fault | None:
        """Give why an access fails now, if it does."""
        match self._fault_of(channel):
            case MockFault.MISSING:
                return Fault(channel=channel, kind=ErrorKind.NOT_FOUND, message="nobody answers for this name")
            case MockFault.GONE:
                return _lost(channel)
            case MockFault.FLAPPING:
                self._accesses[channel] += 1
                return _lost(channel) if self._accesses[channel] % 2 else None
            case _ if is_late:
                return Fault(channel=channel, kind=ErrorKind.TIMEOUT, message="no answer in time", retryable=True)
            case _:
                return None

    async def _wait(self, channels: Sequence[str], timeout_s: float) -> frozenset[str]:
        """Wait for the slow channels; give at once those that would not answer in time."""
        slow = frozenset(name for name in channels if self._fault_of(name) is MockFault.SLOW)
        if not slow:
            await anyio.lowlevel.checkpoint()
            return slow
        if self._settings.slow_s > timeout_s:
            return slow
        await anyio.sleep(self._settings.slow_s)
        return frozenset()


def _record(channel: str) -> str:
    return channel.removesuffix(".VAL")


def _lost(channel: str) -> Fault:
    return Fault(channel=channel, kind=ErrorKind.UNREACHABLE, message="the connection is lost", retryable=True)


def _completion(channel: str, fault: MockFault | None) -> PutResult:
    match fault:
        case MockFault.NO_COMPLETION:
            return PutResult(channel=channel, error=ErrorKind.TIMEOUT, message="no completion in time")
        case MockFault.DISCONNECT:
            message = "the connection was lost after the put"
            return PutResult(channel=channel, error=ErrorKind.UNREACHABLE, message=message)
        case _:
            return PutResult(channel=channel)
