"""What a running turn tells: events to whoever listens, spans to its trace.

The teller of the turn that runs is in a context variable, so that a capability, or the room that asks models, tells
without being handed it.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

from attrs import define, field

from osprey.agent.events import Event, Listener
from osprey.sessions import Span

_LOG: Final = logging.getLogger(__name__)
_current: ContextVar[Teller | None] = ContextVar("osprey_teller", default=None)
_parent: ContextVar[str] = ContextVar("osprey_span", default="")


@define
class SpanNote:
    """What is told of a span before it ends."""

    about: dict[str, Any]
    status: str = "ok"


@define
class Teller:
    """Tells of one run of a turn, and keeps its spans until they are stored."""

    listener: Listener | None = None
    spans: list[Span] = field(factory=list[Span])

    def tell(self, event: Event) -> None:
        """Tell whoever listens."""
        if self.listener is None:
            return
        try:
            self.listener(event)
        except Exception:  # noqa: BLE001 - logged; it is the interface's own
            # A picture that cannot be drawn must not stop what is carried out.
            _LOG.exception("a listener failed at %s", type(event).__name__)

    def take_spans(self) -> list[Span]:
        """Give the spans that have ended since the last time."""
        taken, self.spans = self.spans, []
        return taken

    @contextmanager
    def active(self) -> Generator[Teller]:
        """Make this the teller of what runs inside."""
        token = _current.set(self)
        try:
            yield self
        finally:
            _current.reset(token)


def tell(event: Event) -> None:
    """Tell whoever listens to the turn that runs here; nobody may."""
    teller = _current.get()
    if teller is not None:
        teller.tell(event)


@contextmanager
def span(name: str, **about: Any) -> Generator[SpanNote]:
    """Time a part of the turn that runs here; spans inside it become its children.

    :param about: plain values, shown to people and exported: names, counts, identities, no contents.
    """
    note = SpanNote(dict(about))
    teller = _current.get()
    if teller is None:
        yield note
        return
    span_id, parent, begun_ns = secrets.token_hex(8), _parent.get(), time.time_ns()
    token = _parent.set(span_id)
    try:
        yield note
    except BaseException as exc:
        note.status = type(exc).__name__
        raise
    finally:
        _parent.reset(token)
        teller.spans.append(
            Span(
                id=span_id,
                parent=parent,
                name=name,
                begun_ns=begun_ns,
                ended_ns=time.time_ns(),
                status=note.status,
                about=note.about,
            )
        )


def note_span(name: str, *, begun_ns: int, ended_ns: int, status: str, **about: Any) -> None:
    """Enter a part of the turn that runs here and was timed elsewhere."""
    teller = _current.get()
    if teller is not None:
        teller.spans.append(
            Span(
                id=secrets.token_hex(8),
                parent=_parent.get(),
                name=name,
                begun_ns=begun_ns,
                ended_ns=ended_ns,
                status=status,
                about=about,
            )
        )
