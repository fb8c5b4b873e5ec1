"""The ring as a real EPICS IOC: Channel Access puts become rows of its history.

softioc is imported late and only in a process that serves: a process can hold one Channel Access library, and
a client (pyepics) in the same process never connects.

Everything stays on the loopback interface unless another one is asked for.
"""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from attrs import frozen

from osprey.api import OspreyError, UsageError
from osprey_sim.history import History
from osprey_sim.ring import Ring
from osprey_sim.server import RingServer

LOOPBACK: Final = "127.0.0.1"


@frozen(kw_only=True)
class ServeOptions:
    """How the ring is served."""

    port: int
    """0: any free one, named in the READY line."""
    state: Path
    seed: int | None = None
    rate_hz: float = 2.0
    noise: float = 1.0
    interface: str = LOOPBACK


def require_softioc() -> None:
    """Check that the soft IOC's library is installed.

    :raises OspreyError: it is not; the message names the remedy.
    """
    if importlib.util.find_spec("softioc") is None:
        msg = "serving the ring over EPICS needs softioc: pip install 'osprey-sim[epics]'"
        raise OspreyError(msg)


def serve_ring(options: ServeOptions, announce: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; `announce` gets the READY line when clients can connect.

    :raises UsageError: the port is taken.
    :raises ConnectorError: the state file cannot be used.
    """
    require_softioc()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    ring = Ring(History(options.state, seed=options.seed), noise=options.noise)
    ring.history.begin()
    ring.refresh()
    port = claim_port(options.interface, options.port)
    os.environ.update(server_environment(options.interface, port))
    worker = RingServer(ring, period_s=1.0 / options.rate_hz)
    worker.start()
    seed, count = ring.history.seed, len(ring.catalogue.channels)
    announce(f"READY port={port} channels={count} seed={seed} state={options.state}")
    stop.wait()
    worker.stop()


def server_environment(interface: str, port: int) -> dict[str, str]:
    """Give the EPICS variables that keep a server, and its beacons, on one interface."""
    return {
        "EPICS_CAS_INTF_ADDR_LIST": interface,
        "EPICS_CAS_SERVER_PORT": str(port),
        "EPICS_CAS_AUTO_BEACON_ADDR_LIST": "NO",
        "EPICS_CAS_BEACON_ADDR_LIST": interface,
        "EPICS_CA_AUTO_ADDR_LIST": "NO",
        "EPICS_CA_ADDR_LIST": interface,
        "EPICS_CA_SERVER_PORT": str(port),
        "EPICS_CA_REPEATER_PORT": str(port + 1 if port < 65535 else port - 1),
    }


def claim_port(interface: str, port: int) -> int:
    """Find a port that is free for TCP and UDP; the server would silently take another one.

    :raises UsageError: the asked port is taken.
    """
    for _ in range(20):
        with socket.socket(type=socket.SOCK_STREAM) as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tcp.bind((interface, port))
                udp.bind((interface, tcp.getsockname()[1]))
            except OSError as exc:
                if port:
                    why = exc.strerror or str(exc)
                    msg = f"port {port} on {interface} cannot be used ({why}): give another --port, or 0"
                    raise UsageError(msg) from exc
                continue
            return int(tcp.getsockname()[1])
    msg = f"no free port found on {interface}: name one with --port"
    raise UsageError(msg)
