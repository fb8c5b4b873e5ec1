"""Readings, channel descriptions and puts as values: what travels between connectors and the kernel.

Times are int64 nanoseconds since 1970-01-01 UTC. A value is a number, a truth value, a text, or a flat
sequence of numbers or texts (a waveform; connectors may hand over a NumPy array). An enumeration is its
number, with its label beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from attrs import frozen

Scalar = bool | int | float | str
Value = Scalar | Sequence[Scalar]


class DType(StrEnum):
    """The kind of a channel's elements."""

    BOOL = "bool"
    INT = "int"
    FLOAT = "float"
    STR = "str"
    ENUM = "enum"


class Severity(StrEnum):
    """Alarm severity, the same four words for every control system."""

    OK = "ok"
    MINOR = "minor"
    MAJOR = "major"
    INVALID = "invalid"

    def is_worse_than(self, other: Severity) -> bool:
        """Say whether this is the worse of two: they are listed from the best to the worst."""
        order = list(Severity)
        return order.index(self) > order.index(other)


class ErrorKind(StrEnum):
    """Why a channel could not be read, described or written: one closed set for all control systems."""

    NOT_FOUND = "not_found"
    """The name does not exist, or (Channel Access) nobody answered for it in time."""
    UNREACHABLE = "unreachable"
    """It was connected and is not any more."""
    TIMEOUT = "timeout"
    """Connected, but no answer before the deadline."""
    PERMISSION = "permission"
    REJECTED = "rejected"
    """The control system answered and said no."""
    OUT_OF_LIMITS = "out_of_limits"
    BAD_VALUE = "bad_value"
    INVALID_DATA = "invalid_data"
    UNSUPPORTED = "unsupported"
    """This connector cannot do that at all."""


class Outcome(StrEnum):
    """What became of one intended write."""

    REFUSED = "refused"
    """A rule said no; nothing was sent."""
    FAILED = "failed"
    """The control system surely did not take it."""
    CONFIRMED = "confirmed"
    """Sent once, completed, and read back within tolerance."""
    MISMATCH = "mismatch"
    """Sent once and completed, but the read-back differs (clipped, for example)."""
    UNCONFIRMED = "unconfirmed"
    """Sent once; it may or may not have landed, or may still land. Never retried by itself."""
    UNREQUESTED = "unrequested"
    """Not sent, because an earlier item of the batch was not confirmed."""


@frozen(kw_only=True)
class Fault:
    """Why there is no reading (or description) of one channel."""

    channel: str
    kind: ErrorKind
    message: str
    raw: str = ""
    """The control system's own code or text."""
    retryable: bool = False


@frozen(kw_only=True)
class Reading:
    """One value of one channel, as its source gave it."""

    channel: str
    value: Value
    dtype: DType
    shape: tuple[int, ...] = ()
    """`()` for a scalar, `(n,)` for a waveform."""
    unit: str = ""
    severity: Severity = Severity.OK
    alarm: str = ""
    """The source's alarm text, such as ``HIHI``."""
    label: str | None = None
    """The text of an enumeration's state."""
    setpoint: Value | None = None
    """The set value, where the system keeps it beside the read value (Tango)."""
    source_ns: int | None = None
    """The source's own time stamp; None if it gave none."""
    received_ns: int
    quality: str = ""
    """The source's raw quality code."""
    is_moving: bool = False
    """True if the source says that the value is on its way to its setpoint (Tango's `ATTR_CHANGING`)."""


ReadResult = Reading | Fault


@frozen
class Bounds:
    """A closed interval; None means unbounded on that side."""

    low: float | None = None
    high: float | None = None


@frozen(kw_only=True)
class ChannelInfo:
    """What the control system itself says about a channel."""

    channel: str
    """The name as it was asked."""
    name: str | None
    """The canonical name: for EPICS the record's own `.NAME`. None if it could not be established."""
    field: str = "VAL"
    """The part of the record or device that was named; writes go to the value field only."""
    is_value_field: bool = True
    has_modifier: bool = False
    """True for a name with a channel modifier or filter; such a channel is never written."""
    dtype: DType = DType.FLOAT
    shape: tuple[int, ...] = ()
    unit: str = ""
    precision: int | None = None
    description: str = ""
    drive: Bounds = Bounds()
    """Limits of the control system for writes (DRVL/DRVH, Tango min/max, EURange)."""
    display: Bounds = Bounds()
    warning: Bounds = Bounds()
    alarm: Bounds = Bounds()
    labels: tuple[str, ...] = ()
    """Texts of an enumeration, by number."""
    writable: bool = False
    """What the server's access rights say for this client."""
    is_command: bool = False
    """True for an action: what was put cannot be read back, so that a doubt about it is settled by a person only."""


@frozen(kw_only=True)
class Endpoint:
    """An address that a connector talks to, and whether it answers; `osprey targets check` shows it."""

    purpose: str
    """What goes there, in a word or two: ``reads``, ``writes``, ``database``, ``server``."""
    address: str
    """As a person would write it, without a secret: ``127.0.0.1:5064``, ``opc.tcp://plc3:4840``."""
    is_reachable: bool | None = None
    """None where the protocol has no way to ask without a channel (Channel Access over UDP)."""
    latency_ms: float | None = None
    note: str = ""
    """Why it cannot be reached, or what the protocol cannot tell."""


@frozen(kw_only=True)
class ChannelStatus:
    """Whether a channel can be reached now."""

    channel: str
    fault: Fault | None = None
    latency_ms: float | None = None

    @property
    def is_reachable(self) -> bool:
        return self.fault is None


@frozen(kw_only=True)
class ChannelRecord:
    """A channel as the facility describes it: what a search by words can find."""

    name: str
    """As the control system knows it."""
    description: str = ""
    """What it is, in the words that people search by."""
    device: str = ""
    """The thing that an operator names, such as ``HCM03``."""
    family: str = ""
    """The kind of device, such as ``HCM``."""
    family_words: tuple[str, ...] = ()
    """How people call the family, such as ``horizontal corrector``."""
    sector: int | None = None
    """The part of the machine where it is."""
    position_m: float | None = None
    """Along the beam's path."""
    quantity: str = ""
    """What it measures or sets, such as ``current``, ``x``, ``pressure``."""
    role: str = "readback"
    """``setpoint``, ``readback``, ``status`` or ``computed``."""
    unit: str = ""
    """For finding and reading; what is written is judged by the control system's own unit."""
    readback: str | None = None
    """For a setpoint: the channel that shows what the device does."""
    aliases: tuple[str, ...] = ()
    """Further names under which it is found."""
    dtype: DType | None = None
    """The kind of its elements, where the list states it; what is written is judged by the control system's own."""
    labels: tuple[str, ...] = ()
    """Texts of an enumeration, by number."""
    length: int | None = None
    """How many elements a waveform has; None: a single value."""
    way: tuple[str, ...] = ()
    """Where it stands in the facility's own tree of channels, from the root down; empty: the list is no tree."""


@frozen(kw_only=True)
class Put:
    """One value to be sent; the guard has judged it, a connector adds no policy."""

    channel: str
    value: Value
    """In the channel's own type: an enumeration by number, numbers finite."""
    dtype: DType
    shape: tuple[int, ...] = ()


@frozen(kw_only=True)
class PutResult:
    """What a control system said of one put."""

    channel: str
    error: ErrorKind | None = None
    """None: completed as the system reports. `TIMEOUT` and `UNREACHABLE`: it may have landed."""
    message: str = ""
    raw: str = ""
    was_sent: bool = True
    """False only if it is certain that nothing left this process."""
