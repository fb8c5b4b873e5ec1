"""What a connector of the seeds' kind is, and the values that it gives."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from attrs import field, frozen

from osprey.control import Outcome
from osprey.errors import ConnectorError


class ChannelReadError(ConnectorError, ConnectionError):
    """A channel gave no value; the message says why."""


class ChannelTimeoutError(ConnectorError, TimeoutError):
    """A channel is connected and did not answer in time."""


@frozen
class ChannelMetadata:
    """What is known about a channel beside its value."""

    units: str = ""
    precision: int | None = None
    alarm_status: str | None = None
    """``ok``, ``minor``, ``major`` or ``invalid``, with the source's own text behind it."""
    timestamp: datetime | None = None
    description: str | None = None
    min_value: float | None = None
    """The control system's own lower limit for writes."""
    max_value: float | None = None
    raw_metadata: Mapping[str, Any] = field(factory=dict[str, Any])


@frozen
class ChannelValue:
    """A value with its time (of the source, in UTC), or the reason why there is none."""

    value: Any
    timestamp: datetime
    metadata: ChannelMetadata = field(factory=ChannelMetadata)
    error: str | None = None
    """Why `value` is None."""


@frozen
class WriteVerification:
    """How the guard made sure of a write."""

    level: str
    verified: bool
    readback_value: Any = None
    tolerance_used: float | None = None
    notes: str | None = None


@frozen
class ChannelWriteResult:
    """What became of a write. `success` is True only where a fresh read-back has confirmed it."""

    channel_address: str
    value_written: Any
    success: bool
    verification: WriteVerification | None = None
    error_message: str | None = None
    outcome: Outcome | None = None
    """None: nothing was done yet, for a person has to approve it first."""
    request_id: str | None = None
    thread: str | None = None
    """What `finish_write`, or ``osprey resume``, goes on with after the decision."""

    @property
    def is_waiting(self) -> bool:
        """True if a person has to approve it first."""
        return self.outcome is None and self.request_id is not None


Callback = Callable[[ChannelValue], Any]


class ControlSystemConnector(ABC):
    """Reads and writes channels one by one or in batches; a facility's own class may inherit from it."""

    OLDER: ClassVar[Mapping[str, str]] = {
        "read_pv": "read_channel",
        "write_pv": "write_channel",
        "read_multiple_pvs": "read_multiple_channels",
        "validate_pv": "validate_channel",
    }

    @abstractmethod
    async def connect(self, config: Mapping[str, Any]) -> None:
        """Open it with the settings of its section."""

    @abstractmethod
    async def disconnect(self) -> None:
        """Close it; may be called twice."""

    @abstractmethod
    async def read_channel(self, channel_address: str, timeout: float | None = None) -> ChannelValue:
        """Read a fresh value, or raise."""

    @abstractmethod
    async def write_channel(
        self,
        channel_address: str,
        value: Any,
        timeout: float | None = None,
        verification_level: str = "callback",
        tolerance: float | None = None,
    ) -> ChannelWriteResult:
        """Write one value and say what became of it."""

    @abstractmethod
    async def read_multiple_channels(
        self, channel_addresses: Sequence[str], timeout: float | None = None
    ) -> dict[str, ChannelValue]:
        """Read many at once."""

    @abstractmethod
    async def subscribe(self, channel_address: str, callback: Callback) -> str:
        """Call `callback` with each new value; gives an id for `unsubscribe`."""

    @abstractmethod
    async def unsubscribe(self, subscription_id: str) -> None:
        """End a subscription."""

    @abstractmethod
    async def get_metadata(self, channel_address: str) -> ChannelMetadata:
        """Describe a channel."""

    @abstractmethod
    async def validate_channel(self, channel_address: str) -> bool:
        """Tell whether a channel exists and can be reached."""

    def __getattr__(self, name: str) -> Any:
        newer = ControlSystemConnector.OLDER.get(name)
        if newer is None:
            msg = f"{type(self).__name__!r} object has no attribute {name!r}"
            raise AttributeError(msg)
        warnings.warn(f"{name} is an older spelling: use {newer}", DeprecationWarning, stacklevel=2)
        return getattr(self, newer)


PVValue = ChannelValue
"""Older spelling."""
PVMetadata = ChannelMetadata
"""Older spelling."""
