"""Why one node has no answer, before it is known for which channel of the caller that counts."""

from __future__ import annotations

from attrs import frozen

from osprey.api import ErrorKind, Fault

_RETRYABLE = frozenset({ErrorKind.UNREACHABLE, ErrorKind.TIMEOUT})


@frozen
class Failure:
    """A kind of error with its words."""

    kind: ErrorKind
    message: str
    raw: str = ""

    def as_fault(self, channel: str) -> Fault:
        """Give it as the fault of a channel."""
        return Fault(
            channel=channel,
            kind=self.kind,
            message=f"{channel}: {self.message}",
            raw=self.raw,
            retryable=self.kind in _RETRYABLE,
        )


LATE = Failure(ErrorKind.TIMEOUT, "no answer before the deadline")


class LinkError(Exception):
    """There is no session with the server; carries why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure

    def fault(self, channel: str) -> Fault:
        """Give it as the fault of a channel."""
        return self.failure.as_fault(channel)
