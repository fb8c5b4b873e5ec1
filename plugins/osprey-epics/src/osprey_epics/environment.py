"""The address list of one Channel Access context.

libca has no other way to take it than the process's environment, read when a context makes its first
channel. So the variables are set under one lock for just that long, and put back.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress

from osprey_epics.settings import GatewaySettings

_lock = threading.Lock()
_DEFAULT_REPEATER_PORT = 5065
_TRIES = 10
_BETWEEN_TRIES_S = 0.005


def context_variables(way: GatewaySettings, max_array_bytes: int | None) -> dict[str, str]:
    """Give the variables that a context with these settings needs; the others stay as they are."""
    variables: dict[str, str] = {}
    if way.port is not None:
        variables["EPICS_CA_SERVER_PORT"] = str(way.port)
    if way.address or way.name_servers:
        searched = () if way.use_name_server else way.address
        asked = (*way.name_servers, *(way.address if way.use_name_server else ()))
        variables["EPICS_CA_ADDR_LIST"] = " ".join(searched)
        variables["EPICS_CA_NAME_SERVERS"] = " ".join(asked)
        variables["EPICS_CA_AUTO_ADDR_LIST"] = "NO"
    if way.auto_addr_list is not None:
        variables["EPICS_CA_AUTO_ADDR_LIST"] = "YES" if way.auto_addr_list else "NO"
    if max_array_bytes is not None:
        variables["EPICS_CA_MAX_ARRAY_BYTES"] = str(max_array_bytes)
        variables["EPICS_CA_AUTO_ARRAY_BYTES"] = "NO"
    return variables


def hosts_of(way: GatewaySettings) -> list[str]:
    """Give the hosts of all addresses, without their ports."""
    return [address.partition(":")[0] for address in (*way.address, *way.name_servers)]


@contextmanager
def applied(variables: Mapping[str, str]) -> Generator[None]:
    """Hold the process's environment at these variables, one context at a time."""
    with _lock, _repeater_port_taken():
        before = {name: os.environ.get(name) for name in variables}
        os.environ.update(variables)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


@contextmanager
def _repeater_port_taken() -> Generator[None]:
    """Keep libca from starting a `caRepeater` while a context is made.

    A new context looks whether the repeater's port is in use, and if not, forks this process to run a program
    that pyepics does not bring: four lines of noise on the terminal, and a fork among threads. A repeater
    that does run already is used as ever. Without one, beacons do not arrive; lost channels are found again
    because each batch that needs them searches anew (`context.ChannelAccess`).
    """
    port = int(os.environ.get("EPICS_CA_REPEATER_PORT") or _DEFAULT_REPEATER_PORT)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        _hold(holder, port)
        yield


def _hold(holder: socket.socket, port: int) -> None:
    """Bind the port, or find it in use throughout: by a repeater.

    Another process that makes a context holds it for a moment only; taken for a repeater, it would be gone by the
    time that libca looks.
    """
    for _ in range(_TRIES):
        with suppress(OSError):
            holder.bind(("127.0.0.1", port))
            return
        time.sleep(_BETWEEN_TRIES_S)
