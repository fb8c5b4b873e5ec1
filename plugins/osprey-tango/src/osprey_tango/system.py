"""One Tango system as a target sees it: its devices, their lanes, and which names are its own."""

from __future__ import annotations

import fnmatch
import re
import socket
import threading
from collections.abc import Sequence
from typing import Any

import tango

from osprey_tango.breaker import Breaker
from osprey_tango.device import Device
from osprey_tango.lanes import Lane
from osprey_tango.names import ChannelName, canonical_name, parse_name
from osprey_tango.settings import TangoSettings


class TangoSystem:
    """What is known of names and devices; kept for the life of the connector."""

    def __init__(self, settings: TangoSettings) -> None:
        self.settings = settings
        self.database = settings.host or _environment_host()
        """``host:port`` of the default database (several, separated by commas); empty if there is none."""
        self._names: dict[str, ChannelName | None] = {}
        self._devices: dict[tuple[str, bool, str], Device] = {}
        self._reads = _pattern(settings.commands.reads)
        self._writes = _pattern(settings.commands.writes)
        self._has_commands = bool(settings.commands.reads or settings.commands.writes)
        self._places: dict[tuple[str, bool], str] = {}
        self._lock = threading.Lock()

    def parse(self, name: str) -> ChannelName | None:
        """Take a name apart, once."""
        try:
            return self._names[name]
        except KeyError:
            if len(self._names) > 1_000_000:
                self._names.clear()
            self._names[name] = parsed = parse_name(name)
            return parsed

    def device(self, name: ChannelName) -> Device:
        """Give the device of a channel; one object for each spelling of the device's name."""
        key = (name.host, name.has_database, name.device)
        found = self._devices.get(key)
        if found is None:
            breaker = self.settings.breaker
            lane = Lane(name.device, Breaker(breaker.failures, breaker.open_s))
            found = Device(name, self.settings.host or "", self.settings.timeouts_s, lane)
            self._devices[key] = found
        return found

    def command_kind(self, name: ChannelName) -> tuple[bool, bool]:
        """Say whether the configuration calls this a command, and whether one that reads."""
        if not self._has_commands:
            return False, False
        text = f"{name.device}/{name.part}"
        if self._writes.fullmatch(text):
            return True, False
        is_read = self._reads.fullmatch(text) is not None
        return is_read, is_read

    def name_of(self, device: Device, proxy: Any, part: str) -> str | None:
        """Give the canonical name; the device itself says what it is called, whatever alias was used.

        A host has many spellings (``localhost``, ``127.0.0.1``), and limits and doubts go by the name: of a host that
        is neither the target's own nor named in the settings there is no canonical name.
        """
        host = self._place_of(device)
        if host is None:
            return None
        return canonical_name(host, proxy.dev_name().rsplit("#", 1)[0], part, has_database=device.has_database)

    def _place_of(self, device: Device) -> str | None:
        """Give the one spelling of a device's host, empty for the target's own database; None if it has none."""
        own = self.database.lower().split(",") if self.database and device.has_database else []
        if not device.host:
            return ""
        with self._lock:
            key = (device.host, device.has_database)
            place = self._places.get(key)
            if place is None and same_place(device.host, own) is not None:
                place = ""
            if place is None:
                place = same_place(device.host, self.settings.other_hosts)
            if place is not None:  # what was not found may be found once the name service answers
                self._places[key] = place
            return place


def same_place(host: str, others: Sequence[str]) -> str | None:
    """Give which of the others a ``host:port`` is, by another name for the host perhaps; None if it is none."""
    name, _, port = host.rpartition(":")
    for other in others:
        other_name, _, other_port = other.rpartition(":")
        if port == other_port and (name == other_name or _addresses(name) & _addresses(other_name)):
            return other
    return None


def _addresses(host: str) -> set[str]:
    try:
        return {str(info[4][0]) for info in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except OSError:
        return set()


def _environment_host() -> str:
    try:
        return str(tango.ApiUtil.get_env_var("TANGO_HOST") or "").lower()
    except tango.DevFailed:
        return ""


def _pattern(patterns: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(fnmatch.translate, patterns)) or r"(?!)")
