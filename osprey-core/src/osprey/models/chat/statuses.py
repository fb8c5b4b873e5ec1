"""What HTTP statuses and the complaints that come with them mean."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final, cast

from attrs import frozen

from osprey.errors import ModelErrorKind

_KINDS: Final = {
    HTTPStatus.UNAUTHORIZED: ModelErrorKind.DENIED,
    HTTPStatus.PAYMENT_REQUIRED: ModelErrorKind.EXHAUSTED,
    HTTPStatus.FORBIDDEN: ModelErrorKind.DENIED,
    HTTPStatus.PROXY_AUTHENTICATION_REQUIRED: ModelErrorKind.DENIED,
    HTTPStatus.REQUEST_TIMEOUT: ModelErrorKind.TIMEOUT,
    HTTPStatus.TOO_MANY_REQUESTS: ModelErrorKind.RATE_LIMITED,
    HTTPStatus.GATEWAY_TIMEOUT: ModelErrorKind.TIMEOUT,
    524: ModelErrorKind.TIMEOUT,  # a content network's own word for 504
    529: ModelErrorKind.OVERLOADED,
}
_MARKS: Final = (
    (("insufficient_quota", "billing_error", "billing_not_active"), ModelErrorKind.EXHAUSTED),
    (("overloaded",), ModelErrorKind.OVERLOADED),
    (("rate_limit", "too_many_requests"), ModelErrorKind.RATE_LIMITED),
    (("authentication_error", "invalid_api_key", "permission_error", "permission_denied"), ModelErrorKind.DENIED),
    (("timeout_error",), ModelErrorKind.TIMEOUT),
    (("invalid_request", "not_found", "request_too_large", "context_length", "model_not"), ModelErrorKind.INVALID),
)
"""Words in an error's type or code, where no status tells."""
_WHERE_TEXT_STANDS: Final = ("message", "detail", "error_description", "msg", "error")
_GIVES_NO_OBJECT: Final = (ValueError, RecursionError)


@frozen(kw_only=True)
class Complaint:
    """What an endpoint says of a failure: text from the outside."""

    said: str = ""
    marks: str = ""
    """The error's type and code, in lower case."""
    status: int | None = None
    """A status that the complaint itself states."""


def read_complaint(body: bytes) -> Complaint:
    """Find the endpoint's words in an answer that is not one; any text will do, if it is no JSON."""
    try:
        told: Any = json.loads(body)
    except _GIVES_NO_OBJECT:
        return Complaint(said=body.decode("utf-8", "replace"))
    return complaint_of(told)


def complaint_of(told: object) -> Complaint:
    """Find the words in what was said as JSON: ``{"error": {"message": ...}}`` and what comes near it."""
    if isinstance(told, list):
        told = next(iter(cast("list[object]", told)), None)
    if isinstance(told, Mapping):
        fields = cast("Mapping[str, object]", told)
        inner = fields.get("error")
        return _complaint_in(cast("Mapping[str, object]", inner) if isinstance(inner, Mapping) else fields)
    return Complaint(said=told if isinstance(told, str) else "")


def _complaint_in(fields: Mapping[str, object]) -> Complaint:
    texts = (fields.get(name) for name in _WHERE_TEXT_STANDS)
    said = next((text for text in texts if isinstance(text, str)), "")
    return Complaint(said=said or _dumped(fields), marks=_marks(fields), status=_status(fields))


def _dumped(fields: Mapping[str, object]) -> str:
    try:
        return json.dumps(fields, ensure_ascii=False)
    except _GIVES_NO_OBJECT:
        return ""


def kind_of_status(status: int, complaint: Complaint) -> ModelErrorKind:
    """Give the kind of a failure that came as an HTTP status."""
    by_marks = kind_of_marks(complaint)
    if by_marks is ModelErrorKind.EXHAUSTED:
        return by_marks
    if status == HTTPStatus.SERVICE_UNAVAILABLE and "overloaded" in f"{complaint.marks} {complaint.said}".lower():
        return ModelErrorKind.OVERLOADED
    if status in _KINDS:
        return _KINDS[status]
    if status < HTTPStatus.MULTIPLE_CHOICES:
        return ModelErrorKind.MALFORMED
    return ModelErrorKind.SERVER if status >= HTTPStatus.INTERNAL_SERVER_ERROR else ModelErrorKind.INVALID


def kind_of_complaint(complaint: Complaint) -> ModelErrorKind:
    """Give the kind of a failure that came where an answer should have been, without a status of its own."""
    by_marks = kind_of_marks(complaint)
    if by_marks is not None:
        return by_marks
    if complaint.status is not None and complaint.status >= HTTPStatus.BAD_REQUEST:
        return kind_of_status(complaint.status, complaint)
    return ModelErrorKind.SERVER


def kind_of_marks(complaint: Complaint) -> ModelErrorKind | None:
    """Give the kind that an error's type or code names, if it names one."""
    return next((kind for words, kind in _MARKS if any(word in complaint.marks for word in words)), None)


def read_retry_after(headers: Mapping[str, str], *, now: datetime | None = None) -> float | None:
    """Read how long an endpoint wants to be left alone: `retry-after` as seconds or as a date of HTTP.

    What is neither is not stated; a date that has passed is 0.
    """
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        return _seconds_until(text, now or datetime.now(UTC))
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _seconds_until(text: str, now: datetime) -> float | None:
    try:
        then = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if then.tzinfo is None:
        then = then.replace(tzinfo=UTC)
    return max(0.0, (then - now).total_seconds())


def _marks(fields: Mapping[str, object]) -> str:
    return " ".join(str(fields[name]).lower() for name in ("type", "code", "status") if name in fields)


def _status(fields: Mapping[str, object]) -> int | None:
    for name in ("code", "status"):
        value = fields.get(name)
        text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
        if text.isascii() and text.isdigit() and len(text) == len("503"):
            return int(text)
    return None
