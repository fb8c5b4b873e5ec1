"""The mock connector: any name is a channel, values repeat under a seed, and every fault can be switched on.

It sends nothing to anyone, counts its puts, and exists so that the guard, plans and plugins can be tried and
tested against each fault that a real control system shows. What would end in a timeout is answered at once.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, Self, cast

import anyio
import anyio.lowlevel
from attrs import evolve

from osprey.control.comparison import to_plain
from osprey.control.mock.answers import completion, lost, unsent
from osprey.control.mock.channels import bad_value, describe, first_value, kind_of, setpoint_of, share_of
from osprey.control.mock.machine import Machine, join_machine
from osprey.control.mock.settings import SEVERITIES, MockFault, MockSettings, fault_for, matching
from osprey.control.mock.updates import Hub
from osprey.control.protocols import ConnectContext, Updates
from osprey.control.values import (
    ChannelInfo,
    ChannelRecord,
    ChannelStatus,
    DType,
    Endpoint,
    ErrorKind,
    Fault,
    Put,
    PutResult,
    Reading,
    ReadResult,
    Severity,
    Value,
)
from osprey.errors import ConnectorError

__all__ = ["MockConnector", "MockFault", "MockSettings"]


_SHUT: Final = "the mock connector is closed: open it again"


class MockConnector:
    """A control system that is not there."""

    def __init__(self, settings: MockSettings, machine: Machine | None = None) -> None:
        self._settings = settings
        self._machine = machine or Machine(faults=dict(settings.faults))
        self._faults = self._machine.faults
        self._values = self._machine.values
        self._landing: list[tuple[float, Put]] = []
        self._frozen: dict[str, tuple[Value, int]] = {}
        self._accesses: Counter[str] = Counter()
        self._held: dict[str, Put] = {}
        self._is_closed = False
        self._hub = Hub(self._look, lambda channel: frozenset({_record(channel), setpoint_of(_record(channel)) or ""}))
        self.puts: Final[list[Put]] = []
        """Every put that reached this system, in order."""

    @classmethod
    async def connect(cls, context: ConnectContext) -> Self:
        """Open it; `context.settings` is a `MockSettings` or a mapping of its keys."""
        settings = context.settings
        if not isinstance(settings, MockSettings):
            settings = MockSettings(**cast("Mapping[str, Any]", settings or {}))
        return cls(settings, join_machine(context.state_dir, settings))

    async def aclose(self) -> None:
        """Close it and end its subscriptions; what is still landing lands no more."""
        await anyio.lowlevel.checkpoint()
        if not self._is_closed:
            self._machine.connectors -= 1
        self._is_closed = True
        self._hub.end()

    def count_puts(self, channel: str) -> int:
        """Give how many puts to a channel reached this system."""
        return sum(put.channel == channel for put in self.puts)

    def inject(self, pattern: str, fault: MockFault) -> None:
        """Switch a fault on for the channels of a name or glob pattern."""
        if fault is MockFault.STALE:
            for name in [name for name in self._values if matching([pattern], name)]:
                self._frozen[name] = (self._values[name], time.time_ns())
        self._faults[pattern] = fault
        self._hub.notify()

    def heal(self, pattern: str) -> None:
        """Switch the fault of this name or pattern off."""
        self._faults.pop(pattern, None)
        self._hub.notify()

    def change(self, channel: str, value: Value) -> None:
        """Change a value from outside, as another client or the machine itself would."""
        self._values[channel] = value
        self._hub.notify(channel)

    def land(self) -> None:
        """Let every slow put land now."""
        landing, self._landing = self._landing, []
        for _, put in landing:
            self.change(_record(put.channel), put.value)

    async def read(self, channels: Sequence[str], *, timeout_s: float) -> list[ReadResult]:
        """Read the values as they are now."""
        late = await self._wait(channels, timeout_s)
        return [self._read_one(channel, is_late=channel in late) for channel in channels]

    async def describe(self, channels: Sequence[str], *, timeout_s: float) -> list[ChannelInfo | Fault]:
        """Describe channels as their names suggest."""
        late = await self._wait(channels, timeout_s)
        return [self._access(channel, is_late=channel in late) or self._describe(channel) for channel in channels]

    def _describe(self, channel: str) -> ChannelInfo:
        info = describe(channel)
        is_shut = not self._settings.enable_writes or self._fault_of(channel) is MockFault.READ_ONLY
        return evolve(info, writable=False) if is_shut else info

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
        await self._begin()
        results = [self._take(put) for put in puts]
        slow = [place for place, put in enumerate(puts) if results[place].was_sent and self._is_slow(put.channel)]
        if slow and self._settings.slow_s <= timeout_s:
            await anyio.sleep(self._settings.slow_s)
            self._land_due()
            for place in slow:
                results[place] = PutResult(channel=puts[place].channel)
        return results

    async def endpoints(self, *, timeout_s: float) -> list[Endpoint]:
        """Name this process, where all of it is."""
        del timeout_s
        await self._begin()
        is_gone = self._faults.get("*") is MockFault.GONE
        note = "the connection is lost" if is_gone else "nothing outside this process"
        return [Endpoint(purpose="mock", address="in this process", is_reachable=not is_gone, note=note)]

    def subscribe(
        self, channels: Sequence[str], *, max_rate_hz: float = 10.0, buffer: int = 0
    ) -> AbstractAsyncContextManager[Updates]:
        """Give the values at once, and each that changes, at most so many lists a second."""
        return self._hub.subscribe(channels, max_rate_hz, buffer, self._next_landing)

    def _look(self, channel: str) -> ReadResult:
        return self._read_one(channel)

    def _next_landing(self) -> float:
        self._land_due()
        return min((due for due, _ in self._landing), default=math.inf)

    def _is_slow(self, channel: str) -> bool:
        return self._fault_of(channel) is MockFault.SLOW

    def _take(self, put: Put) -> PutResult:
        channel, fault = put.channel, self._fault_of(put.channel)
        refused = self._access(channel)
        if refused is not None:
            return unsent(channel, refused.kind, refused.message)
        info = self._describe(channel)
        if not info.writable:
            return unsent(channel, ErrorKind.PERMISSION, f"{channel!r} cannot be written: it is a read-only channel")
        wrong = bad_value(info, put)
        if wrong:
            return unsent(channel, ErrorKind.BAD_VALUE, wrong)
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
                self._faults[_record(channel)] = MockFault.GONE
            case MockFault.OUT_OF_ORDER if _record(channel) not in self._held:
                self._held[_record(channel)] = put
                return PutResult(channel=channel)
            case _:
                pass
        self.change(_record(channel), put.value)
        late = self._held.pop(_record(channel), None)
        if late is not None:
            self.change(_record(channel), late.value)
        return completion(channel, fault)

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
        severity = Severity.OK if kind is None else SEVERITIES.get(kind, Severity.OK)
        label = info.labels[value] if info.labels and isinstance(value, int) and value < len(info.labels) else None
        return Reading(
            channel=channel,
            value=value,
            dtype=info.dtype,
            shape=(len(value),) if isinstance(value, list) else (),
            unit=info.unit,
            label=label,
            severity=severity,
            alarm="" if severity is Severity.OK else "simulated",
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
        return fault_for(self._faults, _record(channel))

    def _access(self, channel: str, *, is_late: bool = False) -> Fault | None:
        """Give why an access fails now, if it does."""
        match self._fault_of(channel):
            case MockFault.MISSING:
                return Fault(channel=channel, kind=ErrorKind.NOT_FOUND, message="nobody answers for this name")
            case MockFault.GONE:
                return lost(channel)
            case MockFault.FLAPPING:
                self._accesses[channel] += 1
                return lost(channel) if self._accesses[channel] % 2 else None
            case _ if is_late:
                return Fault(channel=channel, kind=ErrorKind.TIMEOUT, message="no answer in time", retryable=True)
            case _:
                return None

    async def _begin(self) -> None:
        if self._is_closed:
            raise ConnectorError(_SHUT)
        await anyio.sleep(self._settings.delay_s)

    async def _wait(self, channels: Sequence[str], timeout_s: float) -> frozenset[str]:
        """Wait for the slow channels; give at once those that would not answer in time."""
        await self._begin()
        slow = frozenset(name for name in channels if self._is_slow(name))
        if not slow:
            return slow
        if self._settings.slow_s > timeout_s:
            return slow
        await anyio.sleep(self._settings.slow_s)
        return frozenset()


def _record(channel: str) -> str:
    return channel.removesuffix(".VAL")
