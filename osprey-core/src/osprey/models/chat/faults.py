"""What went wrong on the way to an endpoint and back, in Osprey's words."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any, Final

from osprey.errors import ModelError, ModelErrorKind
from osprey.models.chat.reading import AnswerError
from osprey.models.chat.statuses import Complaint, complaint_of
from osprey.models.chat.wire import ModelWire

_TIMEOUTS: Final = ("TimeoutException",)
_CUT_OFF: Final = ("RemoteProtocolError",)
_TRANSPORT: Final = ("TransportError", "APIConnectionError")
"""Classes by name: httpx, its successor and what is built on them share these; none of them is imported here."""


class ComplaintError(Exception):
    """An endpoint reports an error where an answer should be."""

    def __init__(self, complaint: Complaint) -> None:
        super().__init__("it reports an error instead of an answer")
        self.complaint = complaint


def require_no_complaint(answer: Mapping[str, Any]) -> None:
    """Look whether a JSON answer is the report of an error.

    :raises ComplaintError: it is.
    """
    if answer.get("error"):
        raise ComplaintError(complaint_of(answer))


def fault_of(exc: Exception, wire: ModelWire) -> ModelError:
    """Give the error that a caller gets for what was raised.

    It keeps no reference to that: the exceptions of a client library hold the request, and with it the key.
    """
    led = _led_to(exc)
    for cause in led:
        if isinstance(cause, ModelError):
            # Made anew: its traceback leads through the library's frames.
            return ModelError(str(cause), kind=cause.kind, retry_after_s=cause.retry_after_s)
        if isinstance(cause, ComplaintError):
            return wire.fault_of(cause.complaint)
    kind, happened = _judged(led)
    return wire.fault(kind, happened, said="" if kind is ModelErrorKind.TIMEOUT else str(led[-1]))


def _judged(led: list[BaseException]) -> tuple[ModelErrorKind, str]:
    if any(isinstance(cause, ssl.SSLError) for cause in led):
        return ModelErrorKind.UNREACHABLE, "no trusted connection (TLS) could be made"
    if any(isinstance(cause, AnswerError) for cause in led):
        return ModelErrorKind.MALFORMED, "what came back is no answer"
    if any(isinstance(cause, TimeoutError) or _is_a(cause, _TIMEOUTS) for cause in led):
        return ModelErrorKind.TIMEOUT, "no whole answer before the deadline"
    cut_off = next((cause for cause in led if _is_a(cause, _CUT_OFF)), None)
    if cut_off is not None and "without sending a response" not in str(cut_off):
        return ModelErrorKind.MALFORMED, "the answer was cut off"
    if cut_off is not None or any(isinstance(cause, OSError) or _is_a(cause, _TRANSPORT) for cause in led):
        return ModelErrorKind.UNREACHABLE, "it cannot be reached, or the connection broke"
    if any(isinstance(cause, UnicodeEncodeError) for cause in led):
        return ModelErrorKind.INVALID, "the question cannot be sent"
    return ModelErrorKind.MALFORMED, f"the question or the answer is not understood ({type(led[0]).__name__})"


def _led_to(exc: BaseException) -> list[BaseException]:
    """Give an exception and all that led to it, the first cause last."""
    found: list[BaseException] = []
    cause: BaseException | None = exc
    while cause is not None and cause not in found:
        found.append(cause)
        cause = cause.__cause__ or cause.__context__
    return found


def _is_a(exc: BaseException, names: tuple[str, ...]) -> bool:
    return any(base.__name__ in names for base in type(exc).__mro__)
