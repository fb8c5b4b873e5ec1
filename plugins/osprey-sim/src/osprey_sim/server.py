"""The soft IOC at work: one thread takes the puts into the ring's history and publishes the ring."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from attrs import frozen

from osprey.api import DType, OspreyError
from osprey_sim.catalogue import Channel
from osprey_sim.records import build_records
from osprey_sim.ring import Ring

_log: Final = logging.getLogger(__name__)


@frozen
class _Put:
    """A put that a record has taken and that waits to be written to the history."""

    number: int
    value: float
    complete: Callable[[], None]


class RingServer:
    """The records of the ring, and the thread that moves them."""

    def __init__(self, ring: Ring, *, period_s: float) -> None:
        self._ring = ring
        self._period_s = period_s
        self._puts: queue.SimpleQueue[_Put | None] = queue.SimpleQueue()
        self._numbers = range(len(ring.catalogue.channels))
        self._published: dict[int, float] = {}
        """Set values as the history had them when the records were last in step with it."""
        self._records: Mapping[int, Any] = {}
        self._invalid = (0, 0)
        """EPICS' numbers of severity and status for a reading without a measurement."""
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ring", daemon=True)

    def start(self) -> None:
        """Build the records, start the IOC, and publish the ring once before anyone can ask."""
        from softioc import alarm, builder, softioc

        self._invalid = (alarm.INVALID_ALARM, alarm.UDF_ALARM)
        samples = self._ring.sample(self._numbers, np.array([self._ring.history.now_ns()]))
        values = dict(enumerate(samples.values[0].tolist()))
        self._records = build_records(builder, self._ring, values)
        self._published = {i: value for i, value in values.items() if self._is_setpoint(i)}
        builder.LoadDatabase()
        softioc.iocInit(self.dispatch, enable_pva=False)
        self._publish()
        self._thread.start()

    def stop(self) -> None:
        """Finish the puts that have come in, and end the thread."""
        self._is_stopping.set()
        self._puts.put(None)
        self._thread.join(timeout=5.0)

    def _is_setpoint(self, number: int) -> bool:
        return self._ring.catalogue.channels[number].is_writable

    def dispatch(
        self,
        func: Callable[..., tuple[int, float]],
        func_args: tuple[Any, ...] = (),
        completion: Callable[..., None] | None = None,
        completion_args: tuple[Any, ...] = (),
    ) -> None:
        """Take a put from the record that processed it: the dispatcher that softioc calls on its threads."""
        number, value = func(*func_args)
        complete = completion or (lambda *_: None)
        self._puts.put(_Put(number, float(value), lambda: complete(*completion_args)))

    def _run(self) -> None:
        due = time.monotonic()
        while not self._is_stopping.is_set():
            due = max(due + self._period_s, time.monotonic())
            while (wait_s := due - time.monotonic()) > 0 and not self._is_stopping.is_set():
                self._carry_out(self._next_puts(wait_s))
            self._publish()
        self._carry_out(self._next_puts(0.0))

    def _next_puts(self, wait_s: float) -> list[_Put]:
        """Give the puts that came in together, waiting for the first one."""
        found: list[_Put | None] = []
        try:
            found.append(self._puts.get(timeout=wait_s) if wait_s else self._puts.get_nowait())
            while True:
                found.append(self._puts.get_nowait())
        except queue.Empty:
            return [put for put in found if put is not None]

    def _carry_out(self, puts: Sequence[_Put]) -> None:
        """Write puts as one row; a channel that was put twice begins another one."""
        row: dict[int, _Put] = {}
        for put in puts:
            if put.number in row:
                self._write(row)
                row = {}
            row[put.number] = put
        if row:
            self._write(row)

    def _write(self, row: Mapping[int, _Put]) -> None:
        channels = self._ring.catalogue.channels
        try:
            self._ring.change({channels[i].record.name: put.value for i, put in row.items()})
        except (OspreyError, OSError):
            _log.exception("the ring did not take %s", ", ".join(channels[i].record.name for i in row))
            self._show_refused(row)
        else:
            self._published.update((i, put.value) for i, put in row.items())
        for put in row.values():
            put.complete()

    def _show_refused(self, numbers: Iterable[int]) -> None:
        """Go back to the ring's values, marked invalid: a completed put cannot say that it failed."""
        severity, status = self._invalid
        for i in numbers:
            self._records[i].set(self._published[i], process=False, severity=severity, alarm=status)

    def _publish(self) -> None:
        """Bring every record to what the ring shows now."""
        try:
            self._ring.refresh()
        except (OspreyError, TimeoutError):
            _log.exception("the history of the ring cannot be read; the records stay as they are")
            return
        t_ns = self._ring.history.now_ns()
        samples = self._ring.sample(self._numbers, np.array([t_ns]))
        values, invalid = samples.values[0].tolist(), samples.is_invalid[0].tolist()
        for i, channel in enumerate(self._ring.catalogue.channels):
            if self._is_setpoint(i):
                self._follow(i, channel, values[i])
            else:
                self._show(i, channel, values[i], invalid[i], t_ns)

    def _follow(self, number: int, channel: Channel, value: float) -> None:
        """Show a set value that another process has changed; our own puts are in the record already."""
        if value != self._published[number]:
            self._published[number] = value
            new = round(value) if channel.dtype is DType.ENUM else value
            self._records[number].set(new, process=False)

    def _show(self, number: int, channel: Channel, value: float, is_invalid: bool, t_ns: int) -> None:
        stamp_s = self._ring.measured_ns(number, t_ns) / 1e9
        shown = round(value) if channel.dtype is DType.ENUM else value
        if is_invalid:
            severity, status = self._invalid
            self._records[number].set(shown, severity=severity, alarm=status, timestamp=stamp_s)
        else:
            # The record's own limits (HIHI ...) and states decide about the rest.
            self._records[number].set(shown, timestamp=stamp_s)
