"""A stand-in for PyTango: what people write with `import tango`, through the broker.

Attributes and commands are channels, ``domain/family/member/attribute``: reading and writing an attribute, and
executing a command, are a reading and a write of its channel. Events, the database and administration of servers
need a connection of their own, and raise with a sentence that says what to use instead.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from typing import Any

from . import runtime
from .link import ChannelError, ControlError

__version__ = "osprey"
__all__ = [
    "AttrQuality",
    "AttributeProxy",
    "ConnectionFailed",
    "DevFailed",
    "DevState",
    "DeviceAttribute",
    "DeviceProxy",
    "Group",
]

DevFailed = ChannelError
"""What PyTango raises, by the name that programs catch it under."""
ConnectionFailed = CommunicationFailed = WrongNameSyntax = NonDbDevice = NonSupportedFeature = ChannelError

DevState = enum.IntEnum(
    "DevState",
    "ON OFF CLOSE OPEN INSERT EXTRACT MOVING STANDBY FAULT INIT RUNNING ALARM DISABLE UNKNOWN",
    start=0,
)
_QUALITIES = {"ok": 0, "invalid": 1, "major": 2, "minor": 4}
AttrQuality = enum.IntEnum("AttrQuality", "ATTR_VALID ATTR_INVALID ATTR_ALARM ATTR_CHANGING ATTR_WARNING", start=0)
_VOID = True
"""What is written to execute a command that takes nothing."""


class _Time:
    """The time of a reading, with PyTango's fields."""

    def __init__(self, source_ns: int | None) -> None:
        whole, rest = divmod(source_ns or 0, 1_000_000_000)
        self.tv_sec, self.tv_usec, self.tv_nsec = whole, rest // 1000, rest % 1000

    def totime(self) -> float:
        return self.tv_sec + self.tv_usec / 1e6

    def todatetime(self) -> Any:
        import datetime

        return datetime.datetime.fromtimestamp(self.totime())


class DeviceAttribute:
    """A reading: `value`, `quality`, `time`, `name`."""

    def __init__(self, name: str, reading: dict[str, Any]) -> None:
        self.name = name
        self.value = _shown(reading)
        self.quality = AttrQuality(_QUALITIES[reading["severity"]])
        self.time = _Time(reading["source_ns"])
        self.has_failed = False
        self.is_empty = False

    def __repr__(self) -> str:
        return f"DeviceAttribute(name={self.name!r}, value={self.value!r}, quality={self.quality.name})"


class _AttributeConfig:
    """What the control system says of an attribute, under PyTango's names."""

    def __init__(self, name: str, info: dict[str, Any]) -> None:
        self.name = name
        self.label = self.description = info["description"] or name
        self.unit = info["unit"]
        self.min_value, self.max_value = _stated(info["drive_low"]), _stated(info["drive_high"])
        self.enum_labels = list(info["labels"])
        self.max_dim_x = info["shape"][-1] if info["shape"] else 1


class AttributeProxy:
    """One attribute of a device."""

    def __init__(self, name: str) -> None:
        self._device, _, self._attribute = name.rpartition("/")
        self._name = name

    def __repr__(self) -> str:
        return f"<AttributeProxy {self._name!r}, through the broker>"

    def name(self) -> str:
        return self._attribute

    def get_device_proxy(self) -> DeviceProxy:
        return DeviceProxy(self._device)

    def read(self, *_settings: Any, **_more: Any) -> DeviceAttribute:
        return DeviceAttribute(self._attribute, runtime.read_full([self._name])[0])

    def write(self, value: Any, *_settings: Any, **_more: Any) -> None:
        runtime.write_channel(self._name, value)

    def write_read(self, value: Any, *_settings: Any, **_more: Any) -> DeviceAttribute:
        self.write(value)
        return self.read()

    def get_config(self) -> _AttributeConfig:
        return _AttributeConfig(self._attribute, runtime.channel_info(self._name)[self._name])

    def ping(self) -> int:
        """Look whether the attribute answers; raises if it does not."""
        self.read()
        return 0


class DeviceProxy:
    """A device: its attributes as attributes and items, `read_attribute`, `write_attribute`, `command_inout`."""

    def __init__(self, name: str, *_settings: Any, **_more: Any) -> None:
        object.__setattr__(self, "_name", name.rstrip("/"))

    def __repr__(self) -> str:
        return f"<DeviceProxy {self._name!r}, through the broker>"

    def name(self) -> str:
        return self._name

    def dev_name(self) -> str:
        return self._name

    def ping(self) -> int:
        """Look whether the device answers; raises if it does not."""
        self.read_attribute("State")
        return 0

    def state(self) -> Any:
        return self.read_attribute("State").value

    State = state

    def status(self) -> str:
        return self.read_attribute("Status").value

    Status = status

    def read_attribute(self, attribute: str, *_settings: Any, **_more: Any) -> DeviceAttribute:
        return self.read_attributes([attribute])[0]

    def read_attributes(self, attributes: Iterable[str], *_settings: Any, **_more: Any) -> list[DeviceAttribute]:
        """Read several attributes together."""
        wanted = list(attributes)
        readings = runtime.read_full([self._channel(attribute) for attribute in wanted])
        return [DeviceAttribute(attribute, reading) for attribute, reading in zip(wanted, readings)]

    def write_attribute(self, attribute: str, value: Any, *_settings: Any, **_more: Any) -> None:
        runtime.write_channel(self._channel(attribute), value)

    def write_attributes(self, values: Iterable[Sequence[Any]], *_settings: Any, **_more: Any) -> None:
        """Ask for writes that go out together: ``[(attribute, value), ...]``."""
        runtime.write_channels({self._channel(attribute): value for attribute, value in values})

    def write_read_attribute(self, attribute: str, value: Any, *_settings: Any, **_more: Any) -> DeviceAttribute:
        self.write_attribute(attribute, value)
        return self.read_attribute(attribute)

    def command_inout(self, command: str, argument: Any = None, *_settings: Any, **_more: Any) -> Any:
        """Execute a command: a write like any other, so that it is shown and approved; one that reads is a reading."""
        channel = self._channel(command)
        if not runtime.channel_info(channel)[channel]["writable"]:
            return self.read_attribute(command).value
        runtime.write_channel(channel, _VOID if argument is None else argument)
        return None

    def get_attribute_config(self, attribute: Any) -> Any:
        if isinstance(attribute, str):
            return AttributeProxy(self._channel(attribute)).get_config()
        return [AttributeProxy(self._channel(one)).get_config() for one in attribute]

    attribute_query = get_attribute_config

    def set_timeout_millis(self, _timeout_ms: int) -> None:
        """The time-outs are the target's."""

    def set_source(self, _source: Any) -> None:
        """Where a device takes its readings from is the target's matter."""

    def __getitem__(self, attribute: str) -> DeviceAttribute:
        return self.read_attribute(attribute)

    def __setitem__(self, attribute: str, value: Any) -> None:
        self.write_attribute(attribute, value)

    def __getattr__(self, attribute: str) -> Any:
        """Give the value of an attribute; for a command, what executes it."""
        if attribute.startswith("_"):
            raise AttributeError(attribute)
        _refuse_unknown(attribute)
        info = runtime.channel_info(self._channel(attribute))[self._channel(attribute)]
        if info["is_command"]:
            return lambda argument=None: self.command_inout(attribute, argument)
        return self.read_attribute(attribute).value

    def __setattr__(self, attribute: str, value: Any) -> None:
        self.write_attribute(attribute, value)

    def _channel(self, part: str) -> str:
        return f"{self._name}/{part}"


Device = DeviceProxy


class Group:
    """Devices that are asked together."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._devices: list[str] = []

    def add(self, devices: str | Iterable[str], *_settings: Any) -> None:
        self._devices += [devices] if isinstance(devices, str) else list(devices)

    def get_device_list(self, *_settings: Any) -> list[str]:
        return list(self._devices)

    def read_attribute(self, attribute: str, *_settings: Any) -> list[_Reply]:
        readings = runtime.read_full([f"{device}/{attribute}" for device in self._devices])
        return [_Reply(device, DeviceAttribute(attribute, reading)) for device, reading in zip(self._devices, readings)]

    def write_attribute(self, attribute: str, value: Any, *_settings: Any) -> list[_Reply]:
        runtime.write_channels({f"{device}/{attribute}": value for device in self._devices})
        return [_Reply(device, None) for device in self._devices]

    def command_inout(self, command: str, argument: Any = None, *_settings: Any) -> list[_Reply]:
        value = _VOID if argument is None else argument
        runtime.write_channels({f"{device}/{command}": value for device in self._devices})
        return [_Reply(device, None) for device in self._devices]


class _Reply:
    """What one device of a group answered."""

    def __init__(self, device: str, data: DeviceAttribute | None) -> None:
        self._device, self._data = device, data

    def dev_name(self) -> str:
        return self._device

    def has_failed(self) -> bool:
        return False

    def get_data(self) -> Any:
        return self._data


_EVENTS = ("subscribe_event", "unsubscribe_event", "get_events", "event_queue_size")
_ADMINISTRATION = ("put_property", "delete_property", "set_attribute_config", "add_logging_target", "lock", "unlock")


def _refuse_unknown(name: str) -> None:
    """Say of what a device's proxy has elsewhere, and has not here, what to use instead."""
    if name in _EVENTS:
        msg = "a run has no events: read in a loop, or use osprey.runtime.wait_until()"
        raise ControlError(msg)
    if name in _ADMINISTRATION or name.endswith(("_asynch", "_reply")):
        msg = (
            f"DeviceProxy.{name} does not exist in a run: use read_attribute, write_attribute, command_inout, "
            "or osprey.runtime (read_channels, write_channels)"
        )
        raise ControlError(msg)


def _stated(limit: float | None) -> str:
    return "Not specified" if limit is None else str(limit)


def _shown(reading: dict[str, Any]) -> Any:
    value, label = reading["value"], reading.get("label")
    if label in DevState.__members__:
        return DevState[label]
    return runtime.as_array(value) if isinstance(value, list) else value


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    msg = (
        f"tango.{name} does not exist in a run: use DeviceProxy, AttributeProxy, Group, "
        "or osprey.runtime (read_channel, write_channel, wait_until, archive)"
    )
    raise AttributeError(msg)
