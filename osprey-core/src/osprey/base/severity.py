"""How bad an error of a step is, and so what may be tried after it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from attrs import field, frozen

from osprey.errors import ConnectorError, ModelError, OspreyError, RefusedError, UsageError


class ErrorSeverity(StrEnum):
    """What an error of a step allows."""

    CRITICAL = "critical"
    """The turn ends, and says why."""
    RETRIABLE = "retriable"
    """The same step may be tried again, by its capability's retry policy."""
    REPLANNING = "replanning"
    """The step cannot work as it was planned; another plan may."""
    RECLASSIFICATION = "reclassification"
    """Another capability is needed."""
    FATAL = "fatal"
    """Nothing may be tried: something is wrong that no plan mends."""


@frozen
class ErrorClassification:
    """What a capability makes of an error."""

    severity: ErrorSeverity = field(converter=ErrorSeverity)
    user_message: str | None = None
    """What a person reads; None: the error's own text."""
    metadata: Mapping[str, Any] | None = None
    """JSON that helps whoever plans anew: what was wrong, what there is instead."""

    def format_for_llm(self) -> str:
        """Give the error as a planner reads it: severity, message, and each entry of the metadata on a line."""
        lines = [f"{self.severity.value}: {self.user_message or 'no message'}"]
        lines += [f"  {key}: {value}" for key, value in (self.metadata or {}).items()]
        return "\n".join(lines)


class StepFailedError(OspreyError):
    """A step ended with an error that its capability has classified; the error itself is its cause.

    :ivar classification: what the capability made of it.
    """

    def __init__(self, message: str, *, classification: ErrorClassification) -> None:
        super().__init__(message)
        self.classification = classification


def usual_classification(exc: Exception) -> ErrorClassification:
    """Judge an error as every capability does that says nothing else.

    A refusal is fatal: neither a retry nor another plan goes around it.
    """
    match exc:
        case RefusedError():
            severity = ErrorSeverity.FATAL
        case ConnectorError() | ModelError() | TimeoutError() | ConnectionError():
            severity = ErrorSeverity.RETRIABLE
        case UsageError():
            severity = ErrorSeverity.REPLANNING
        case _:
            severity = ErrorSeverity.CRITICAL
    return ErrorClassification(severity, str(exc) or type(exc).__name__)
