"""Status codes of OPC UA, and what each says of a reading or of a put (OPC 10000-4, 7.39 and annex of part 6)."""

from __future__ import annotations

from typing import Final

from asyncua import ua

from osprey.api import ErrorKind, Severity
from osprey_labview.opcua.failure import Failure

_CODE: Final = 0xFFFF_0000
"""The upper half is the code; the lower half holds hints such as "at its upper limit"."""
_OVERFLOW: Final = 0x0480
_SEVERITY: Final = 0xC000_0000

_READ_KINDS: Final = {
    "BadNodeIdUnknown": ErrorKind.NOT_FOUND,
    "BadNodeIdInvalid": ErrorKind.NOT_FOUND,
    "BadNoMatch": ErrorKind.NOT_FOUND,
    "BadBrowseNameInvalid": ErrorKind.NOT_FOUND,
    "BadUserAccessDenied": ErrorKind.PERMISSION,
    "BadNotReadable": ErrorKind.PERMISSION,
    "BadSecurityModeInsufficient": ErrorKind.PERMISSION,
    "BadAttributeIdInvalid": ErrorKind.UNSUPPORTED,
    "BadServiceUnsupported": ErrorKind.UNSUPPORTED,
    "BadTimeout": ErrorKind.TIMEOUT,
}
_SESSION_ENDS: Final = {
    "BadSessionIdInvalid",
    "BadSessionClosed",
    "BadSessionNotActivated",
    "BadSecureChannelClosed",
    "BadSecureChannelIdInvalid",
    "BadConnectionClosed",
    "BadServerHalted",
    "BadShutdown",
}
_WRITE_KINDS: Final = {
    "BadUserAccessDenied": ErrorKind.PERMISSION,
    "BadNotWritable": ErrorKind.PERMISSION,
    "BadSecurityModeInsufficient": ErrorKind.PERMISSION,
    "BadOutOfRange": ErrorKind.OUT_OF_LIMITS,
    "BadTypeMismatch": ErrorKind.BAD_VALUE,
    "BadIndexRangeInvalid": ErrorKind.BAD_VALUE,
    "BadIndexRangeNoData": ErrorKind.BAD_VALUE,
    "BadTimeout": ErrorKind.TIMEOUT,
    "BadRequestTimeout": ErrorKind.TIMEOUT,
}
# The server took the request and something went wrong on the way to the device: the value may have arrived.
_DOUBTFUL: Final = {
    "Bad",
    "BadCommunicationError",
    "BadConnectionClosed",
    "BadDeviceFailure",
    "BadInternalError",
    "BadNoCommunication",
    "BadOperationAbandoned",
    "BadOutOfMemory",
    "BadRequestInterrupted",
    "BadResourceUnavailable",
    "BadSecureChannelClosed",
    "BadServerHalted",
    "BadShutdown",
    "BadSystemError",
    "BadUnexpectedError",
    "BadUnknownResponse",
    "BadWouldBlock",
}
TOO_LARGE: Final = {
    "BadEncodingLimitsExceeded",
    "BadRequestTooLarge",
    "BadResponseTooLarge",
    "BadTooManyOperations",
    "BadTooManyMonitoredItems",
}
"""The same request with fewer nodes may do."""

_UNKNOWN: Final = {"Good", "Uncertain", "Bad"}
"""What asyncua calls codes that it does not know, too."""

_NAMES: dict[int, str] = {}


def name_of(code: int) -> str:
    """Give the name of a code, such as ``BadNodeIdUnknown``; in hexadecimal digits if it has none."""
    name = _NAMES.get(code)
    if name is None:
        name, _ = ua.status_codes.get_name_and_doc(code & _CODE)
        if name in _UNKNOWN and code & _CODE & ~_SEVERITY:
            name = f"0x{code:08X}"
        _NAMES[code] = name
    return name


def is_good(code: int) -> bool:
    return code & _SEVERITY == 0


def is_bad(code: int) -> bool:
    return bool(code & 0x8000_0000)


def has_overflow(code: int) -> bool:
    """Tell whether the server's own queue of a monitored item has lost values before this one."""
    return code & _OVERFLOW == _OVERFLOW


def ends_session(code: int) -> bool:
    """Tell whether the session is of no use any more."""
    return name_of(code) in _SESSION_ENDS


def severity_of(code: int) -> Severity:
    """Give the alarm severity of a value that is not bad."""
    return Severity.OK if is_good(code) else Severity.MINOR


def failure_of(code: int, what: str = "") -> Failure:
    """Say why a node was not read, browsed or described."""
    name = name_of(code)
    kind = _READ_KINDS.get(name, ErrorKind.UNREACHABLE if name in _SESSION_ENDS else ErrorKind.INVALID_DATA)
    words = {
        ErrorKind.NOT_FOUND: "the server has no such node",
        ErrorKind.UNSUPPORTED: "it is not a variable, or the server cannot do that",
        ErrorKind.PERMISSION: "the server does not let this user read it",
    }.get(kind, "the server gave no good value")
    return Failure(kind, f"{what or words} ({name})", name)


def put_failure_of(code: int) -> Failure | None:
    """Say why a node did not take a value; None if it did.

    What is not surely a no gets a kind that leaves the put in doubt.
    """
    if is_good(code):
        return None
    name = name_of(code)
    if not is_bad(code) or name in _DOUBTFUL or name.startswith("0x"):
        return Failure(ErrorKind.INVALID_DATA, f"the server does not say whether it took the value ({name})", name)
    kind = _WRITE_KINDS.get(name, ErrorKind.REJECTED)
    words = {
        ErrorKind.PERMISSION: "the server does not let this user write it",
        ErrorKind.OUT_OF_LIMITS: "the value is out of the server's range",
        ErrorKind.BAD_VALUE: "the value is not of the node's type",
        ErrorKind.TIMEOUT: "the server ran out of time",
    }.get(kind, "the server rejected it")
    return Failure(kind, f"{words} ({name})", name)
