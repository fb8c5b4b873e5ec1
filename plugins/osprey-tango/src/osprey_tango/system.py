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
        self._same_host: dict[str, bool] = {}
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

    def name_of(self, device: Device, proxy: Any, part: str) -> str:
        """Give the canonical name; the device itself says what it is called, whatever alias was used."""
        host = "" if not device.host or (device.has_database and self._is_default(device.host)) else device.host
        return canonical_name(host, proxy.dev_name().rsplit("#", 1)[0], part, has_database=device.has_database)

    def _is_default(self, host: str) -> bool:
        with self._lock:
            if host not in self._same_host:
                self._same_host[host] = is_same_place(host, self.database.split(",") if self.database else [])
            return self._same_host[host]


def is_same_place(host: str, others: Sequence[str]) -> bool:
    """Tell whether a ``host:port`` is one of the others, by another name for the host perhaps."""
    name, _, port = host.rpartition(":")
    for other in others:
        other_name, _, other_port = other.lower().rpartition(":")
        if port == other_port and (name == other_name or _addresses(name) & _addresses(other_name)):
            return True
    return False


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
