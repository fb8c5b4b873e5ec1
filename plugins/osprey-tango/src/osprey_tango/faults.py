"""Why a call failed: Tango's reasons in the words of all control systems."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import tango
from attrs import frozen

from osprey.api import ErrorKind, Fault

_KINDS: Final = {
    "API_AttrNotFound": ErrorKind.NOT_FOUND,
    "API_CommandNotFound": ErrorKind.NOT_FOUND,
    "API_DeviceNotDefined": ErrorKind.NOT_FOUND,
    "API_DeviceNotFound": ErrorKind.NOT_FOUND,
    "DB_DeviceNotDefined": ErrorKind.NOT_FOUND,
    "DB_AliasNotDefined": ErrorKind.NOT_FOUND,
    "API_UnsupportedAttribute": ErrorKind.NOT_FOUND,
    "API_WrongDeviceNameSyntax": ErrorKind.NOT_FOUND,
    "API_DeviceTimedOut": ErrorKind.TIMEOUT,
    "API_DeviceNotExported": ErrorKind.UNREACHABLE,
    "API_CantConnectToDevice": ErrorKind.UNREACHABLE,
    "API_CantConnectToDatabase": ErrorKind.UNREACHABLE,
    "API_TangoHostNotSet": ErrorKind.UNREACHABLE,
    "API_ServerNotRunning": ErrorKind.UNREACHABLE,
    "API_CommunicationFailed": ErrorKind.UNREACHABLE,
    "API_CorbaException": ErrorKind.UNREACHABLE,
    "API_EventTimeout": ErrorKind.UNREACHABLE,
    "API_AttrNotWritable": ErrorKind.PERMISSION,
    "API_ReadOnlyMode": ErrorKind.PERMISSION,
    "API_DeviceLocked": ErrorKind.PERMISSION,
    "API_WAttrOutsideLimit": ErrorKind.OUT_OF_LIMITS,
    "API_IncompatibleAttrDataType": ErrorKind.BAD_VALUE,
    "API_IncompatibleAttrArgumentType": ErrorKind.BAD_VALUE,
    "API_IncompatibleCmdArgumentType": ErrorKind.BAD_VALUE,
    "API_AttrOptProp": ErrorKind.BAD_VALUE,
    "API_NotSupportedFeature": ErrorKind.UNSUPPORTED,
}
_RETRYABLE: Final = frozenset({ErrorKind.UNREACHABLE, ErrorKind.TIMEOUT})
_MOST_WORDS: Final = 500


@frozen
class Failure:
    """Why something has no answer, or which no it got."""

    kind: ErrorKind
    message: str
    raw: str = ""
    is_of_device: bool = False
    """True if the device as a whole did not answer: what its breaker counts."""


def failure_of(errors: Sequence[Any]) -> Failure:
    """Give a stack of errors in our words; the first is the root, the last what the library made of it."""
    reasons = [str(error.reason) for error in errors]
    kind = _kind_of(reasons, errors)
    root = errors[0] if errors else None
    text = " ".join(str(root.desc).split()) if root is not None else "the Tango library gave no reason"
    return Failure(kind, text[:_MOST_WORDS], " < ".join(dict.fromkeys(reasons)))


def _kind_of(reasons: Sequence[str], errors: Sequence[Any]) -> ErrorKind:
    # A time-out is wrapped by a CORBA exception (or the other way round), and always wins: it may have landed.
    if "API_DeviceTimedOut" in reasons or any("TRANSIENT_CallTimedout" in str(error.desc) for error in errors):
        return ErrorKind.TIMEOUT
    for reason in reasons:
        if reason in _KINDS:
            return _KINDS[reason]
    return ErrorKind.REJECTED


def failure_of_call(exc: Exception) -> Failure:
    """Give what a call raised in our words; lost connections and time-outs are the device's as a whole."""
    if isinstance(exc, tango.DevFailed):
        found = failure_of(exc.args)
        is_lost = isinstance(exc, tango.ConnectionFailed | tango.CommunicationFailed)
        kind = ErrorKind.UNREACHABLE if is_lost and found.kind is ErrorKind.REJECTED else found.kind
        return Failure(kind, found.message, found.raw, is_of_device=kind in _RETRYABLE)
    if isinstance(exc, TypeError | ValueError | OverflowError):
        return Failure(ErrorKind.BAD_VALUE, " ".join(str(exc).split())[:_MOST_WORDS], type(exc).__name__)
    return Failure(ErrorKind.REJECTED, f"{type(exc).__name__}: {exc}"[:_MOST_WORDS], type(exc).__name__)


def fault(channel: str, failure: Failure) -> Fault:
    """Give a failure as the fault of one channel."""
    return Fault(
        channel=channel,
        kind=failure.kind,
        message=failure.message if channel in failure.message else f"{channel}: {failure.message}",
        raw=failure.raw,
        retryable=failure.kind in _RETRYABLE,
    )
