"""Sends the spans of turns in the background: one thread, a bounded queue, one attempt each.

A collector that is slow, down or wrong costs traces and nothing else; that is logged once, until one arrives again.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Mapping, Sequence
from http.client import HTTPException
from queue import Empty, Full, Queue
from typing import TYPE_CHECKING, Final

import anyio
from attrs import frozen

from osprey.config.masking import Masking, masking_of
from osprey.config.section import present
from osprey.errors import OspreyError
from osprey.sessions import Span
from osprey.telemetry.document import TurnSpans, otlp_document
from osprey.telemetry.wire import EXTRA_REMEDY, lacks_extra, post, to_protobuf

if TYPE_CHECKING:
    from osprey.config.watching import TelemetryConfig
    from osprey.project import Project

_LOG: Final = logging.getLogger(__name__)
_MOST_WAITING: Final = 64
"""Runs of turns; further ones are dropped."""


@frozen(kw_only=True)
class Collector:
    """Where spans go."""

    endpoint: str
    headers: Mapping[str, str]
    service_name: str
    timeout_s: float


class TraceExporter:
    """Sends what it is offered, one after the other, in a thread of its own that begins with the first."""

    def __init__(self, collector: Collector, mask: Masking) -> None:
        self._collector = collector
        self._mask = mask
        self._waiting: Queue[TurnSpans | None] = Queue(_MOST_WAITING)
        # A daemon: a socket that hangs must not hold up the end of the process.
        self._thread = threading.Thread(target=self._work, name="osprey-telemetry", daemon=True)
        self._lock = threading.Lock()
        self._is_told = False
        self._is_closed = False

    def offer(self, ended: TurnSpans) -> None:
        """Take spans to be sent; where too many wait, these are dropped. Never waits."""
        with self._lock:
            if self._is_closed:
                return
            if self._thread.ident is None:
                self._thread.start()
        try:
            self._waiting.put_nowait(ended)
        except Full:
            self._tell(f"{_MOST_WAITING} traces wait already, and further ones are dropped")

    async def aclose(self) -> None:
        """Wait until everything is sent, though not longer than `timeout_s`."""
        with self._lock:
            self._is_closed = True
            if self._thread.ident is None:
                return
        deadline = time.monotonic() + self._collector.timeout_s
        # Bounded by the deadline. A project that is closed because its turn was cancelled still has its trace sent.
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self._finish, deadline, abandon_on_cancel=True)

    def _finish(self, deadline: float) -> None:
        try:
            self._waiting.put(None, timeout=max(0.0, deadline - time.monotonic()))
        except Full:
            pass
        else:
            self._thread.join(max(0.0, deadline - time.monotonic()))
        if self._thread.is_alive():
            left = self._drain()
            self._tell(f"{left + 1} trace(s) could not be sent before the end")

    def _drain(self) -> int:
        """Take away what still waits, and let the thread end after what it sends now."""
        count = 0
        try:
            while True:
                count += self._waiting.get_nowait() is not None
        except Empty:
            self._waiting.put_nowait(None)
            return count

    def _work(self) -> None:
        while (ended := self._waiting.get()) is not None:
            try:
                self._send(ended)
            except (OspreyError, OSError, HTTPException) as exc:
                self._tell(str(exc) or type(exc).__name__)
            except Exception as exc:  # noqa: BLE001 - logged; the thread must live on for the next turn
                self._tell(f"{type(exc).__name__}: {exc}")
            else:
                self._is_told = False

    def _send(self, ended: TurnSpans) -> None:
        to = self._collector
        body = to_protobuf(otlp_document(ended, service_name=to.service_name, mask=self._mask))
        post(to.endpoint, to.headers, body, timeout_s=to.timeout_s)

    def _tell(self, why: str) -> None:
        if not self._is_told:
            self._is_told = True
            _LOG.warning(
                "traces do not reach the collector at %s: %s; see that it runs and speaks OTLP over HTTP, or correct "
                "telemetry.otlp_endpoint in config.yml. Work goes on, and `osprey trace show` has every trace",
                self._collector.endpoint,
                self._mask(why),
            )


def export_spans(project: Project, *, thread: str, turn: str, spans: Sequence[Span]) -> None:
    """Send what has ended of a turn, if the project's configuration names a collector. Never waits, never raises."""
    try:
        exporter = project.part(TraceExporter, _exporter)
        if exporter is not None and spans:
            exporter.offer(TurnSpans(thread=thread, turn=turn, spans=tuple(spans)))
    except Exception:  # noqa: BLE001 - logged; watching the work must not stop it
        _LOG.exception("the trace of turn %s was not sent", turn)


def _exporter(project: Project) -> TraceExporter | None:
    """Make the project's exporter; None: it has no collector, or none that can be used, which is then logged once."""
    settings = project.config.telemetry
    if settings.otlp_endpoint is None:
        return None
    if lacks_extra():
        _LOG.warning("telemetry.otlp_endpoint is set, and no trace is sent without OpenTelemetry: %s", EXTRA_REMEDY)
        return None
    try:
        collector = _collector(settings)
    except OspreyError as exc:
        _LOG.warning("no trace is sent: %s", exc)
        return None
    exporter = TraceExporter(collector, masking_of(project.config.document, os.environ))
    project.on_close(exporter.aclose)
    return exporter


def _collector(settings: TelemetryConfig) -> Collector:
    return Collector(
        endpoint=present(settings.otlp_endpoint) or "",
        headers={name: present(value) for name, value in settings.headers.items()},
        service_name=settings.service_name,
        timeout_s=settings.timeout_s,
    )
