"""What the mock connector answers where a channel gives nothing, or a put meets its fault."""

from __future__ import annotations

from osprey.control.mock.settings import MockFault
from osprey.control.values import ErrorKind, Fault, PutResult


def unsent(channel: str, kind: ErrorKind, message: str) -> PutResult:
    """Answer a put of which surely nothing has left."""
    return PutResult(channel=channel, error=kind, message=message, was_sent=False)


def lost(channel: str) -> Fault:
    """Answer for a channel whose connection is lost."""
    return Fault(channel=channel, kind=ErrorKind.UNREACHABLE, message="the connection is lost", retryable=True)


def completion(channel: str, fault: MockFault | None) -> PutResult:
    """Answer a put that has landed, as its fault lets its caller know."""
    match fault:
        case MockFault.NO_COMPLETION:
            return PutResult(channel=channel, error=ErrorKind.TIMEOUT, message="no completion in time")
        case MockFault.DISCONNECT:
            message = "the connection was lost after the put"
            return PutResult(channel=channel, error=ErrorKind.UNREACHABLE, message=message)
        case _:
            return PutResult(channel=channel)
