"""The error tree: one root, few leaves, each with the exit code that the command line ends with.

A message says what happened, to which thing, and how to mend it. The command line prints these without a
traceback (`osprey --debug` shows it); any other exception is a defect of Osprey and keeps its traceback.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """What a command of Osprey ends with."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    REFUSED = 3
    WAITING = 4


class OspreyError(Exception):
    """An expected failure, shown to the user as one sentence with a remedy."""

    exit_code: ClassVar[ExitCode] = ExitCode.FAILED


class ConfigError(OspreyError):
    """The configuration cannot be used; the message names file, line, column, key and remedy."""

    exit_code = ExitCode.USAGE


class UsageError(OspreyError):
    """A call or a command that cannot be carried out as it was written."""

    exit_code = ExitCode.USAGE


class PlanError(UsageError):
    """No plan can be made of a task, or none that can run; the message says why, or asks what has to be known."""


class PluginError(OspreyError):
    """A plugin, or one of its registrations, could not be used."""


class StorageError(OspreyError):
    """The project's database cannot be opened, read or written."""


class ConflictError(StorageError):
    """A row is no longer in the state that the caller expected; nothing was changed."""


class ConnectorError(OspreyError):
    """A control system could not be reached at all (one bad channel is a `Fault`, not an exception)."""


class SandboxError(OspreyError):
    """No isolation tier can run generated code here, or the sandbox itself failed."""


class ModelErrorKind(StrEnum):
    """Why a chat model did not answer."""

    UNREACHABLE = "unreachable"
    """Nobody answers at its address, or the connection broke."""
    TIMEOUT = "timeout"
    """Its deadline passed."""
    RATE_LIMITED = "rate_limited"
    OVERLOADED = "overloaded"
    SERVER = "server"
    """The endpoint itself failed."""
    DENIED = "denied"
    """The key is missing, wrong, or may not use this model."""
    INVALID = "invalid"
    """The endpoint does not take the question: an unknown model, a conversation that is too long."""
    MALFORMED = "malformed"
    """What came back is no answer of the protocol."""
    EXHAUSTED = "exhausted"
    """The budget of tokens or of money is used up."""


class ModelError(OspreyError):
    """A chat model could not be asked, or gave no answer; the message names provider, model and remedy.

    :ivar kind: why.
    :ivar retry_after_s: how long the endpoint wants to be left alone, if it says so.
    """

    def __init__(self, message: str, *, kind: ModelErrorKind, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.retry_after_s = retry_after_s


class RefusedError(OspreyError):
    """The guard, a policy or an approval rule said no.

    It is terminal by type: neither a model nor a retry goes around it.

    :ivar rule: the name of the rule that decided, such as ``limits.max`` or ``approval.expired``.
    """

    exit_code = ExitCode.REFUSED

    def __init__(self, message: str, *, rule: str) -> None:
        super().__init__(message)
        self.rule = rule
