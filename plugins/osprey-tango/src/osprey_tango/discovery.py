"""What a Tango database knows: whether it answers, its devices, and the attributes of those that run."""

from __future__ import annotations

import fnmatch
import re
import time
from collections.abc import Sequence
from typing import Any, Final

import tango

from osprey.api import ChannelRecord, Endpoint
from osprey_tango.asking import Asking, Question, Questions
from osprey_tango.description import attribute_info
from osprey_tango.device import Device
from osprey_tango.faults import failure_of_call
from osprey_tango.lanes import Batch

_OWN_DEVICES: Final = ("dserver/", "sys/database/", "sys/access_control/")
"""What belongs to Tango itself, not to the machine."""


def open_database(hosts: str) -> Any:
    """Open the first database that answers.

    :param hosts: ``host:port``, several separated by commas.
    :raises tango.DevFailed: none answers.
    """
    error: tango.DevFailed | None = None
    for place in hosts.split(","):
        host, _, port = place.rpartition(":")
        try:
            return tango.Database(host, int(port))
        except tango.DevFailed as exc:
            error = exc
    raise error or LookupError(hosts)


class Pattern:
    """A glob over whole channel names; a text without a wildcard is looked for anywhere in them."""

    def __init__(self, pattern: str) -> None:
        text = pattern.lower()
        if not any(sign in text for sign in "*?["):
            text = f"*{text}*"
        self._names = re.compile(fnmatch.translate(text))
        # With as many slashes as a name has, no wildcard spans one, and the devices can be chosen by themselves.
        parts = text.rsplit("/", 1) if text.count("/") == 3 else ["*"]
        self._devices = re.compile(fnmatch.translate(parts[0]))

    def may_have(self, device: str) -> bool:
        """Tell whether a channel of this device can match."""
        return self._devices.fullmatch(device) is not None

    def matches(self, name: str) -> bool:
        """Tell whether a channel matches."""
        return self._names.fullmatch(name) is not None


def list_devices(hosts: str, pattern: Pattern) -> list[str]:
    """Give the exported devices that may have matching channels, in lower case and in their order.

    :raises tango.DevFailed: the database does not answer.
    """
    names = sorted({str(name).lower() for name in open_database(hosts).get_device_exported("*")})
    return [name for name in names if not name.startswith(_OWN_DEVICES) and pattern.may_have(name)]


class Listing(Asking[list[ChannelRecord]]):
    """The attributes of one device that match, in one call."""

    def __init__(
        self, device: Device, batch: Batch, place: int, name: str, pattern: Pattern, answers: list[Any]
    ) -> None:
        questions = Questions()
        questions.add(Question(place, name, "", is_command=False, is_read_command=False))
        super().__init__(device, batch, questions, answers)
        self._name = name
        self._pattern = pattern

    def ask(self, proxy: Any) -> None:
        records: list[ChannelRecord] = []
        for info in proxy.attribute_list_query_ex():
            name = f"{self._name}/{info.name}".lower()
            if self._pattern.matches(name):
                records.append(_record(name, self._name, info))
        self.settle(self.questions.all, [records])


def _record(name: str, device: str, info: Any) -> ChannelRecord:
    described = attribute_info(name, name, info)
    part = name.rsplit("/", 1)[1]
    role = "status" if part in ("state", "status") else "readback"
    return ChannelRecord(
        name=name,
        description=getattr(described, "description", ""),
        device=device,
        family=device.split("/")[1] if device.count("/") == 2 else "",
        quantity=part,
        role="setpoint" if getattr(described, "writable", False) else role,
        unit=getattr(described, "unit", ""),
    )


def ask_database(hosts: str) -> Endpoint:
    """Ask a database for its greeting, and say how long that took."""
    try:
        database = open_database(hosts)
        start = time.perf_counter()
        database.get_info()
        latency_ms = (time.perf_counter() - start) * 1e3
    except Exception as exc:  # noqa: BLE001 - the border to the library: why is the note
        return Endpoint(purpose="database", address=hosts, is_reachable=False, note=failure_of_call(exc).message)
    return Endpoint(purpose="database", address=hosts, is_reachable=True, latency_ms=latency_ms)


def flatten(parts: Sequence[Any], limit: int) -> list[ChannelRecord]:
    """Give the records of all devices that answered, at most `limit`."""
    found: list[ChannelRecord] = []
    for part in parts:
        if isinstance(part, list):
            found += part
        if len(found) >= limit:
            return found[:limit]
    return found
