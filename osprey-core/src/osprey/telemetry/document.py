"""Spans as an OTLP document, in the JSON form of the protocol."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from attrs import frozen

from osprey.sessions import Span

_SPAN_ID: Final = re.compile(r"[0-9a-f]{16}")
_INT64: Final = 2**63
_INTERNAL: Final = 1
"""The kind of a span that is no call to another process (OTLP, `SpanKind`)."""
_OK: Final = 1
_ERROR: Final = 2
_GOOD: Final = frozenset({"ok", "done"})
_NEITHER: Final = frozenset({"", "asks", "not_understood", "refused", "running", "stopped", "waiting"})
"""Statuses that are no success of the work, and no fault either: they have no code of OpenTelemetry."""


@frozen(kw_only=True)
class TurnSpans:
    """What has ended of one turn."""

    thread: str
    turn: str
    spans: Sequence[Span]


def otlp_document(
    ended: TurnSpans, *, service_name: str = "osprey", mask: Callable[[str], str] = str
) -> dict[str, Any]:
    """Give the spans as an `ExportTraceServiceRequest`, in JSON: identities in hexadecimal, long numbers as text.

    A turn is a trace, whose identity comes of the turn's; so the runs of a turn that waited are one trace.

    :param mask: takes secrets out of a text.
    """
    trace_id = hashlib.sha256(ended.turn.encode("utf-8", "backslashreplace")).hexdigest()[:32]
    scope = {"scope": {"name": "osprey"}, "spans": [_span(trace_id, ended, one, mask) for one in ended.spans]}
    resource = {"attributes": [_attribute("service.name", service_name, mask)]}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [scope]}]}


def _span(trace_id: str, ended: TurnSpans, span: Span, mask: Callable[[str], str]) -> dict[str, Any]:
    about = {"thread": ended.thread, "turn": ended.turn, "status": span.status, **span.about}
    made: dict[str, Any] = {
        "traceId": trace_id,
        "spanId": _span_id(span.id),
        "name": _text(span.name, mask),
        "kind": _INTERNAL,
        "startTimeUnixNano": str(span.begun_ns),
        "endTimeUnixNano": str(span.ended_ns),
        "attributes": [_attribute(f"osprey.{key}", value, mask) for key, value in about.items()],
        "status": _status(span.status, mask),
    }
    return {**made, "parentSpanId": _span_id(span.parent)} if span.parent else made


def _span_id(identity: str) -> str:
    """Give 8 bytes for an identity: itself, if it is of that form and not zero, which OTLP forbids."""
    if _SPAN_ID.fullmatch(identity) and identity.strip("0"):
        return identity
    return hashlib.sha256(identity.encode("utf-8", "backslashreplace")).hexdigest()[:16]


def _status(status: str, mask: Callable[[str], str]) -> dict[str, Any]:
    if status in _GOOD:
        return {"code": _OK}
    return {} if status in _NEITHER else {"code": _ERROR, "message": _text(status, mask)}


def _attribute(key: str, value: Any, mask: Callable[[str], str]) -> dict[str, Any]:
    return {"key": _text(key, mask), "value": _value(value, mask)}


def _value(value: Any, mask: Callable[[str], str]) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int) and -_INT64 <= value < _INT64:
        return {"intValue": str(value)}
    if isinstance(value, float) and math.isfinite(value):
        return {"doubleValue": value}
    if isinstance(value, (str, int, float)) or value is None:
        return {"stringValue": _text("" if value is None else str(value), mask)}
    return {"stringValue": _text(json.dumps(value, default=str, ensure_ascii=False), mask)}


def _text(text: str, mask: Callable[[str], str]) -> str:
    """Give a text that UTF-8 can hold, without secrets."""
    return mask(text.encode("utf-8", "backslashreplace").decode("utf-8"))
