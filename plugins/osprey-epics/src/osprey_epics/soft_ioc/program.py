#!/usr/bin/env python3
"""A soft IOC that simulates channels over Channel Access and PV Access; it reaches no real machine.

    python THIS_FILE [--port N] [--pva-port N] [--interface ADDRESS] [--seed N]

It needs softioc and numpy and nothing else. What moves is decided by backends, which may be chained: each has
`initialize`, `on_write` and `step` (see `Backend`), and an overlay is one that the facility wrote.
"""

# ruff: noqa: BLE001, T201 - it is a program of its own: it prints, and serves on whatever an overlay does
from __future__ import annotations

import argparse
import asyncio
import importlib
import importlib.util
import os
import signal
import socket
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np


@dataclass(frozen=True)
class Channel:
    """One channel: what record it is, and what is known about it."""

    name: str
    record: str
    role: str = "readback"
    unit: str = ""
    initial: Any = 0.0
    low: float | None = None
    high: float | None = None
    labels: tuple[str, ...] = ()
    length: int = 1
    dtype: str = "float"
    readback: str = ""
    description: str = ""


# <settings>
NAME = "soft-ioc"
PORT = 5064
BASE = "mock_style"
NOISE_LEVEL = 0.01
UPDATE_RATE_HZ = 10.0
OVERLAYS: list[dict[str, Any]] = []
CHANNELS: list[Channel] = []
# </settings>

LAG_S = 0.5
"""The time constant with which a read-back follows its set point."""
Changes = dict[str, Any]


class Backend(Protocol):
    """What moves the channels."""

    def initialize(self, channels: list[dict[str, Any]]) -> Changes:
        """Give first values, by channel; `channels` holds the fields of every `Channel`."""
        ...

    def on_write(self, channel: str, value: Any) -> Changes | None:
        """Say what a client's write changes; None: this backend leaves it to the one below."""
        ...

    def step(self, dt: float) -> Changes:
        """Say what has changed after `dt` seconds."""
        ...


class PassthroughBackend:
    """What is written stays as it is, and a paired read-back shows it at once."""

    def initialize(self, channels: list[dict[str, Any]]) -> Changes:
        self._readbacks = {c["name"]: c["readback"] for c in channels if c["readback"]}
        initial = {c["name"]: c["initial"] for c in channels}
        return {**initial, **{back: initial[name] for name, back in self._readbacks.items()}}

    def on_write(self, channel: str, value: Any) -> Changes | None:
        back = self._readbacks.get(channel)
        return {channel: value, back: value} if back else {channel: value}

    def step(self, dt: float) -> Changes:
        return {}


class MockStyleBackend:
    """Read-backs follow their set points with a lag, and whatever is measured has noise."""

    def __init__(self, noise_level: float, seed: int | None = None) -> None:
        self._noise = noise_level
        self._random = np.random.default_rng(seed)

    def initialize(self, channels: list[dict[str, Any]]) -> Changes:
        self._readbacks = {c["name"]: c["readback"] for c in channels if c["readback"]}
        initial = {c["name"]: c["initial"] for c in channels}
        for name, back in self._readbacks.items():
            initial[back] = initial[name]
        measured = [c for c in channels if c["dtype"] == "float" and c["length"] == 1 and c["role"] != "setpoint"]
        self._names = [c["name"] for c in measured]
        self._places = {name: place for place, name in enumerate(self._names)}
        self._values = np.array([float(initial[name]) for name in self._names])
        self._targets = self._values.copy()
        self._scales = np.array([_scale(c, float(initial[c["name"]])) for c in measured])
        return initial

    def on_write(self, channel: str, value: Any) -> Changes | None:
        back = self._readbacks.get(channel)
        if back is None:
            return {channel: value}
        if back not in self._places:
            return {channel: value, back: value}  # a state or a text is reached at once
        self._targets[self._places[back]] = float(value)
        return {channel: value}

    def step(self, dt: float) -> Changes:
        before = self._values.copy()
        self._values += (self._targets - self._values) * (1 - np.exp(-dt / LAG_S))
        noise = self._random.normal(0.0, 1.0, len(self._names)) * self._noise * self._scales
        changed = (self._values != before) | (noise != 0)
        return {self._names[i]: float(self._values[i] + noise[i]) for i in np.flatnonzero(changed)}


def _scale(channel: dict[str, Any], initial: float) -> float:
    """Give what noise is relative to: the value, or where that is zero, a hundredth of the range."""
    if initial:
        return abs(initial)
    if channel["low"] is not None and channel["high"] is not None:
        return (channel["high"] - channel["low"]) / 100
    return 0.01


class ChainedBackend:
    """Several as one. The last one is asked first about a write; of first values and steps the last one wins."""

    def __init__(self, backends: list[Backend]) -> None:
        self._backends = backends

    def initialize(self, channels: list[dict[str, Any]]) -> Changes:
        values: Changes = {}
        for backend in self._backends:
            values.update(backend.initialize(channels) or {})
        return values

    def on_write(self, channel: str, value: Any) -> Changes | None:
        for backend in reversed(self._backends):
            changes = backend.on_write(channel, value)
            if changes is not None:
                return changes
        return None

    def step(self, dt: float) -> Changes:
        values: Changes = {}
        for backend in self._backends:
            values.update(backend.step(dt) or {})
        return values


def load_overlay(overlay: dict[str, Any]) -> Backend:
    """Import an overlay of the facility and make one; a file is looked for beside this one."""
    if overlay.get("file_path"):
        path = (Path(__file__).parent / overlay["file_path"]).resolve()
        spec = importlib.util.spec_from_file_location(f"overlay_{path.stem}", path)
        if spec is None or spec.loader is None or not path.is_file():
            sys.exit(f"the overlay {path} cannot be imported: is it there, and does it end in .py?")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    else:
        module = importlib.import_module(overlay["module_path"])
    made = getattr(module, overlay["class_name"])(**overlay.get("params", {}))
    missing = [name for name in ("initialize", "on_write", "step") if not callable(getattr(made, name, None))]
    if missing:
        sys.exit(f"the overlay {overlay['class_name']} has no {', '.join(missing)}")
    return made


def make_backend(seed: int | None) -> Backend:
    """Chain the base and the overlays."""
    base = PassthroughBackend() if BASE == "passthrough" else MockStyleBackend(NOISE_LEVEL, seed)
    return ChainedBackend([base, *(load_overlay(overlay) for overlay in OVERLAYS)])


class Ioc:
    """The records, and the backend that moves them. All of it runs on one event loop."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._channels = {channel.name: channel for channel in CHANNELS}
        self._records: dict[str, Any] = {}
        self._told: set[str] = set()

    def build(self) -> None:
        """Make every record, with its first value."""
        from softioc import builder

        first = self._backend.initialize([asdict(channel) for channel in CHANNELS])
        for channel in CHANNELS:
            self._records[channel.name] = self._make(builder, channel, first.get(channel.name, channel.initial))
        builder.LoadDatabase()

    def _make(self, builder: Any, channel: Channel, value: Any) -> Any:
        fields: dict[str, Any] = {"initial_value": self._typed(channel, value), "DESC": channel.description}
        is_output = channel.role == "setpoint"
        if is_output:
            # A put completes when the backend has taken it.
            fields |= {"on_update": lambda new: self._written(channel, new), "always_update": True, "blocking": True}
        if channel.record in ("a", "long"):
            fields |= {"EGU": channel.unit} | ({"PREC": 4} if channel.record == "a" else {})
            if channel.low is not None and channel.high is not None:
                fields |= {"LOPR": channel.low, "HOPR": channel.high}
            if is_output:
                bounds = {"DRVL": channel.low, "DRVH": channel.high}
                fields |= {key: bound for key, bound in bounds.items() if bound is not None}
        make = getattr(builder, channel.record + ("Out" if is_output else "In"))
        if channel.record == "Waveform":
            return make(channel.name, fields.pop("initial_value"), **fields)
        return make(channel.name, *(channel.labels if channel.record in ("bool", "mbb") else ()), **fields)

    def _written(self, channel: Channel, value: Any) -> None:
        try:
            changes = self._backend.on_write(channel.name, value)
        except Exception as exc:  # the IOC serves on, whatever an overlay does
            self._warn(f"writing {channel.name}", f"{type(exc).__name__}: {exc}")
            return
        # What the client wrote is in the record already.
        self.apply(
            {name: new for name, new in (changes or {}).items() if name != channel.name or not _same(new, value)}
        )

    def apply(self, changes: Changes) -> None:
        """Set channels; a value that does not fit is reported once and left out."""
        for name, value in changes.items():
            record = self._records.get(name)
            if record is None:
                self._warn(name, "there is no such channel in this IOC")
                continue
            try:
                channel = self._channels[name]
                extra = {"process": False} if channel.role == "setpoint" else {}
                record.set(self._typed(channel, value), **extra)
            except (TypeError, ValueError, OverflowError) as exc:
                self._warn(name, f"the backend's value {value!r} does not fit: {exc}")

    def _typed(self, channel: Channel, value: Any) -> Any:
        match channel.record:
            case "a":
                return float(value)
            case "long":
                return round(float(value))
            case "bool" | "mbb":
                return channel.labels.index(value) if isinstance(value, str) else int(value)
            case "Waveform":
                kind = {"float": np.float64, "int": np.int32}.get(channel.dtype, np.float64)
                room = np.zeros(channel.length, dtype=kind)
                given = np.atleast_1d(np.asarray(value, dtype=kind))[: channel.length]
                room[: len(given)] = given
                return room
            case _:
                return str(value)

    def _warn(self, what: str, why: str) -> None:
        if (what, why) not in self._told:
            self._told.add((what, why))
            print(f"{what}: {why}", file=sys.stderr, flush=True)

    async def run(self) -> None:
        """Step the backend for ever, at the rate that was asked or as fast as the records can be set."""
        period, before = 1.0 / UPDATE_RATE_HZ, time.monotonic()
        while True:
            started = time.monotonic()
            try:
                self.apply(self._backend.step(started - before))
            except Exception as exc:  # the IOC serves on, whatever an overlay does
                self._warn("a step", f"{type(exc).__name__}: {exc}")
            before = started
            await asyncio.sleep(max(0.001, period - (time.monotonic() - started)))


def _same(one: Any, other: Any) -> bool:
    return bool(np.array_equal(one, other))


def claim_port(interface: str, port: int, option: str) -> int:
    """Find a port that is free for TCP and UDP: the server would silently take another one."""
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tcp.bind((interface, port))
            udp.bind((interface, tcp.getsockname()[1]))
        except OSError as exc:
            sys.exit(f"port {port} on {interface} cannot be used ({exc.strerror}): give another {option}, or 0")
        return int(tcp.getsockname()[1])


def environment(interface: str, port: int, pva_port: int) -> dict[str, str]:
    """Give the EPICS variables that keep both servers, and their beacons, on one interface."""
    return {
        "EPICS_CAS_INTF_ADDR_LIST": interface,
        "EPICS_CAS_SERVER_PORT": str(port),
        "EPICS_CAS_AUTO_BEACON_ADDR_LIST": "NO",
        "EPICS_CAS_BEACON_ADDR_LIST": interface,
        "EPICS_CA_AUTO_ADDR_LIST": "NO",
        "EPICS_CA_ADDR_LIST": interface,
        "EPICS_CA_SERVER_PORT": str(port),
        "EPICS_CA_REPEATER_PORT": str(port + 1 if port < 65535 else port - 1),
        "EPICS_PVAS_INTF_ADDR_LIST": interface,
        "EPICS_PVAS_SERVER_PORT": str(pva_port),
        "EPICS_PVAS_BROADCAST_PORT": str(pva_port + 1 if pva_port < 65535 else pva_port - 1),
        "EPICS_PVAS_AUTO_BEACON_ADDR_LIST": "NO",
        "EPICS_PVAS_BEACON_ADDR_LIST": interface,
        "EPICS_PVA_AUTO_ADDR_LIST": "NO",
        "EPICS_PVA_ADDR_LIST": interface,
    }


def main() -> None:
    """Serve until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(description=f"Soft IOC {NAME}: {len(CHANNELS)} simulated channels.")
    parser.add_argument("--port", type=int, default=PORT, help=f"Channel Access; 0: any free one (default: {PORT})")
    parser.add_argument("--pva-port", type=int, default=5075, help="PV Access; 0: any free one (default: 5075)")
    parser.add_argument("--interface", default="127.0.0.1", help="the address to listen on (default: 127.0.0.1)")
    parser.add_argument("--seed", type=int, help="makes the noise the same each time")
    options = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    port = claim_port(options.interface, options.port, "--port")
    pva_port = claim_port(options.interface, options.pva_port, "--pva-port")
    os.environ.update(environment(options.interface, port, pva_port))
    ioc = Ioc(make_backend(options.seed))

    # The environment decides where the servers listen, so the library comes after it.
    from softioc import asyncio_dispatcher, softioc

    dispatcher = asyncio_dispatcher.AsyncioDispatcher()
    ioc.build()
    softioc.iocInit(dispatcher)
    asyncio.run_coroutine_threadsafe(ioc.run(), dispatcher.loop)
    print(f"READY port={port} pva_port={pva_port} channels={len(CHANNELS)}", flush=True)
    print(f"Point a target of Osprey at it: connector epics, address {options.interface}, port {port}", flush=True)
    print(f"or any client: EPICS_CA_ADDR_LIST={options.interface} EPICS_CA_SERVER_PORT={port}", flush=True)
    stop.wait()


if __name__ == "__main__":
    main()
