"""The ring: its history, the machine that follows from it, and samples of its channels at any time."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from attrs import frozen

from osprey.api import Severity
from osprey_sim.catalogue import Channel, ring_catalogue
from osprey_sim.history import Change, History
from osprey_sim.instruments import INSTRUMENTS, needs_beam
from osprey_sim.machine import STATE_FAULT, Machine
from osprey_sim.noise import Floats, Ints, gauss
from osprey_sim.view import TICK_NS, View

_BLOCK: Final = 4096
"""Times computed at once; it bounds the memory that a day's archive needs."""
_NO_BEAM: Final = "UDF"
SEVERITIES: Final = (Severity.OK, Severity.MINOR, Severity.MAJOR, Severity.INVALID)
"""From harmless to worst."""


@frozen(kw_only=True)
class Samples:
    """Values of channels at times: one row a time and one column a channel."""

    times_ns: Ints
    values: Floats
    is_invalid: np.ndarray
    """True where the instrument had nothing to measure; the value is then 0."""


class Ring:
    """The simulated ring as one process sees it; safe between threads."""

    def __init__(self, history: History, *, noise: float = 1.0) -> None:
        self.history = history
        self.noise = noise
        self.catalogue = ring_catalogue()
        self._machine: Machine | None = None
        self._applied = 0
        self._generation = 0
        self._lock = threading.RLock()

    def refresh(self, *, timeout_s: float = 5.0) -> Machine:
        """Take in what other processes have changed, and give the machine as it is now."""
        with self._lock:
            self.history.refresh(timeout_s=timeout_s)
            return self._follow()

    def change(self, setpoints: Mapping[str, float], *, timeout_s: float = 5.0) -> Change:
        """Set channels, all at the same moment; the values are within their drive limits already."""
        with self._lock:
            change = self.history.append(setpoints, timeout_s=timeout_s)
            self._follow()
            return change

    def sample(self, numbers: Sequence[int], times_ns: Ints) -> Samples:
        """Give the values of channels (by their numbers in the catalogue) at the given times."""
        with self._lock:
            machine = self._follow()
            starts = range(0, max(1, len(times_ns)), _BLOCK)
            blocks = [self._block(machine, numbers, times_ns[i : i + _BLOCK]) for i in starts]
        return Samples(
            times_ns=times_ns,
            values=np.concatenate([block.values for block in blocks]),
            is_invalid=np.concatenate([block.is_invalid for block in blocks]),
        )

    def measured_ns(self, number: int, t_ns: int) -> int:
        """Give the time stamp of a reading taken at `t_ns`: of its measurement, or of the put if later."""
        ticked = t_ns // TICK_NS * TICK_NS
        channel = self.catalogue.channels[number]
        if not channel.is_writable or self._machine is None:
            return ticked
        changed = self._machine.setpoints[channel.index].changed_before(t_ns)
        return ticked if changed is None else max(ticked, changed)

    def _follow(self) -> Machine:
        """Bring the machine up to the history; start anew if the history did or its seed is known now."""
        history, machine = self.history, self._machine
        if machine is None or machine.seed != history.seed or self._generation != history.generation:
            machine = self._machine = Machine(history.seed)
            self._applied, self._generation = 0, history.generation
        for change in history.changes[self._applied :]:
            machine.apply(change)
            self._applied += 1
        return machine

    def _block(self, machine: Machine, numbers: Sequence[int], times_ns: Ints) -> Samples:
        view = View(machine, times_ns, self.noise)
        channels = [self.catalogue.channels[i] for i in numbers]
        values = np.empty((len(times_ns), len(channels)))
        is_invalid = np.zeros(values.shape, dtype=np.bool_)
        for source in dict.fromkeys(channel.source for channel in channels):
            columns = [i for i, channel in enumerate(channels) if channel.source is source]
            devices = np.array([channels[i].index for i in columns], dtype=np.int64)
            values[:, columns] = INSTRUMENTS[source](view, devices)
            if needs_beam(source):
                is_invalid[:, columns] = ~view.has_beam[:, np.newaxis]
        values += self._white_noise(machine.seed, channels, numbers, view)
        values[is_invalid] = 0.0
        return Samples(times_ns=times_ns, values=values, is_invalid=is_invalid)

    def _white_noise(self, seed: int, channels: Sequence[Channel], numbers: Sequence[int], view: View) -> Floats:
        sizes = self.noise * np.array([channel.noise for channel in channels])
        noise = np.zeros((len(view.times_ns), len(channels)))
        noisy = np.flatnonzero(sizes)
        if noisy.size:
            streams = np.asarray(numbers, dtype=np.int64)[noisy]
            noise[:, noisy] = sizes[noisy] * gauss(seed, streams, view.ticks)
        return noise


def severities_of(channel: Channel, values: Floats, is_invalid: np.ndarray) -> np.ndarray:
    """Give the severities of many values of one channel, as numbers of `SEVERITIES`."""
    found = np.zeros(values.shape, dtype=np.int64)
    if "FAULT" in channel.labels:
        found[values == STATE_FAULT] = 2
    for number, bounds in ((1, channel.warning), (2, channel.alarm)):
        low = -np.inf if bounds.low is None else bounds.low
        high = np.inf if bounds.high is None else bounds.high
        found[(values <= low) | (values >= high)] = number
    found[is_invalid] = 3
    return found


def alarm_of(channel: Channel, value: float, *, is_invalid: bool) -> tuple[Severity, str]:
    """Give severity and alarm text of one value, as a record with these limits would."""
    if is_invalid:
        return Severity.INVALID, _NO_BEAM
    if "FAULT" in channel.labels:
        return (Severity.MAJOR, "STATE") if value == STATE_FAULT else (Severity.OK, "")
    for bounds, severity, texts in (
        (channel.alarm, Severity.MAJOR, ("LOLO", "HIHI")),
        (channel.warning, Severity.MINOR, ("LOW", "HIGH")),
    ):
        if bounds.high is not None and value >= bounds.high:
            return severity, texts[1]
        if bounds.low is not None and value <= bounds.low:
            return severity, texts[0]
    return Severity.OK, ""
