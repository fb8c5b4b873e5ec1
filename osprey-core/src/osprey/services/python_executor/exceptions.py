"""What the executor raises. How one run of code ended is a value (`RunOutcome`); these end a whole request.

A refusal is `osprey.errors.RefusedError` (`ChannelLimitsViolationError` where limits say no), and a sandbox that fails
`osprey.errors.SandboxError`: neither is mended by other code. A person's no is no exception at all, but a result that
says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import ClassVar

from osprey.errors import OspreyError, RefusedError


class ErrorCategory(StrEnum):
    """What has to change before it can work."""

    INFRASTRUCTURE = "infrastructure"
    """Where code runs; the code itself was not at fault."""
    CODE_RELATED = "code_related"
    """The code; other code may work."""
    WORKFLOW = "workflow"
    """The order of things: a stage, or a budget that is used up."""
    CONFIGURATION = "configuration"


class PythonExecutorException(OspreyError):  # noqa: N818 - the name that applications catch it by
    """The root of what ends a request to the executor."""

    category: ClassVar[ErrorCategory] = ErrorCategory.WORKFLOW

    def should_retry_execution(self) -> bool:
        """Say whether the same code may work if it is run again."""
        return self.category is ErrorCategory.INFRASTRUCTURE

    def should_retry_code_generation(self) -> bool:
        """Say whether other code may work."""
        return self.category is ErrorCategory.CODE_RELATED


class ContainerConnectivityError(PythonExecutorException):
    """The container that code should run in cannot be reached."""

    category = ErrorCategory.INFRASTRUCTURE

    def __init__(self, message: str, host: str = "", port: int | None = None) -> None:
        super().__init__(message)
        self.host = host
        self.port = port


class ContainerConfigurationError(PythonExecutorException):
    """The configuration asks for a container that there cannot be."""

    category = ErrorCategory.CONFIGURATION


class CodeGenerationError(PythonExecutorException):
    """A generator could not write code for a request."""

    category = ErrorCategory.CODE_RELATED

    def __init__(self, message: str, *, generation_attempt: int = 1, error_chain: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.generation_attempt = generation_attempt
        self.error_chain = list(error_chain)


class CodeSyntaxError(PythonExecutorException):
    """The code does not parse, or would deceive a reader; it was not run."""

    category = ErrorCategory.CODE_RELATED

    def __init__(self, message: str, *, syntax_issues: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.syntax_issues = list(syntax_issues)


class CodeRuntimeError(PythonExecutorException):
    """The code failed while it ran, reached a limit, or left nothing."""

    category = ErrorCategory.CODE_RELATED

    def __init__(self, message: str, *, traceback_info: str = "", execution_attempt: int = 1) -> None:
        super().__init__(message)
        self.traceback_info = traceback_info
        self.execution_attempt = execution_attempt


class ExecutionTimeoutError(CodeRuntimeError):
    """The code did not end within `python_executor.execution_timeout_seconds`."""

    def __init__(
        self, message: str, *, timeout_seconds: float, traceback_info: str = "", execution_attempt: int = 1
    ) -> None:
        super().__init__(message, traceback_info=traceback_info, execution_attempt=execution_attempt)
        self.timeout_seconds = timeout_seconds


class ChannelLimitsViolationError(RefusedError, PythonExecutorException):
    """A write of the code is outside the limits of its channel: terminal, like every refusal.

    It is raised to who called, by the trusted process; the code itself never sees it and cannot catch it.
    """


class MaxAttemptsExceededError(PythonExecutorException):
    """No attempt is left; it is the cause of the error that the last one ended with."""

    def __init__(self, message: str, *, operation_type: str = "", max_attempts: int = 0) -> None:
        super().__init__(message)
        self.operation_type = operation_type
        self.max_attempts = max_attempts


class WorkflowError(PythonExecutorException):
    """A stage could not be carried through; `stage` names it."""

    def __init__(self, message: str, *, stage: str = "") -> None:
        super().__init__(message)
        self.stage = stage
