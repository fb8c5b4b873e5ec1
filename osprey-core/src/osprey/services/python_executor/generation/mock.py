"""The generator of tests and of trying things out: it writes what it was told to, at once and without a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, cast

from attrs import frozen

from osprey.services.python_executor.exceptions import CodeGenerationError
from osprey.services.python_executor.models import PythonExecutionRequest


class MockBehavior(StrEnum):
    """What kind of code it writes."""

    SUCCESS = "success"
    """Computes something and sets `results`."""
    SYNTAX_ERROR = "syntax_error"
    """Does not parse."""
    RUNTIME_ERROR = "runtime_error"
    """Raises while it runs."""
    MISSING_RESULTS = "missing_results"
    """Never sets `results`."""
    CHANNEL_WRITE = "channel_write"
    """Asks for one write."""
    EPICS_WRITE = "epics_write"
    """The predecessor's word for `channel_write`."""
    CHANNEL_READ = "channel_read"
    """Reads one channel."""
    ERROR_AWARE = "error_aware"
    """Fails at first, and works once it is told of an error."""
    SECURITY_RISK = "security_risk"
    """Starts another program."""


@frozen(kw_only=True)
class MockSettings:
    """`execution.generators.mock`."""

    behavior: MockBehavior = MockBehavior.SUCCESS
    """What kind of code it writes."""
    channel: str = "TEST:CHANNEL:SP"
    """The channel that `channel_read` and `channel_write` name."""
    value: float = 1.0
    """What `channel_write` asks for."""
    code: str | None = None
    """The code itself, instead of a behaviour."""


_SUCCESS: Final = """\
import math

samples = [math.sin(step / 10) for step in range(100)]
mean = sum(samples) / len(samples)
results = {"mean": mean, "samples": len(samples)}
"""
_SYNTAX_ERROR: Final = """\
results = {"mean": 1.0
"""
_RUNTIME_ERROR: Final = """\
readings = []
results = {"mean": sum(readings) / len(readings)}
"""
_MISSING_RESULTS: Final = """\
mean = sum(range(10)) / 10
"""
_WRITE: Final = """\
from osprey.runtime import read_channel, write_channel

before = read_channel({channel!r})
write_channel({channel!r}, {value!r})
results = {{"before": before, "asked": {value!r}}}
"""
_READ: Final = """\
from osprey.runtime import read_channel

results = {{"value": read_channel({channel!r})}}
"""
_SECURITY_RISK: Final = """\
import subprocess

results = {"users": subprocess.run(["who"], capture_output=True, text=True).stdout}
"""

_TEXTS: Final = {
    MockBehavior.SYNTAX_ERROR: _SYNTAX_ERROR,
    MockBehavior.RUNTIME_ERROR: _RUNTIME_ERROR,
    MockBehavior.MISSING_RESULTS: _MISSING_RESULTS,
    MockBehavior.SECURITY_RISK: _SECURITY_RISK,
}
_FORMS: Final = {
    MockBehavior.CHANNEL_WRITE: _WRITE,
    MockBehavior.EPICS_WRITE: _WRITE,
    MockBehavior.CHANNEL_READ: _READ,
}


class MockCodeGenerator:
    """Writes code by a behaviour, or exactly what `set_code` and `set_code_sequence` gave it.

    `call_count`, `last_request` and `last_error_chain` say how it was asked.
    """

    def __init__(self, model_config: MockSettings | Mapping[str, Any] | None = None, behavior: str | None = None):
        """Build it; without a configuration and a behaviour it has to be given code before it is asked.

        :raises ValueError: there is no such behaviour.
        """
        self._settings = _settings_of(model_config, behavior)
        self._codes: tuple[str, ...] = ()
        self.call_count = 0
        self.last_request: PythonExecutionRequest | None = None
        self.last_error_chain: list[str] = []

    def set_code(self, code: str) -> None:
        """Have it write `code`, however often it is asked."""
        self._codes = (code,)

    def set_code_sequence(self, codes: Sequence[str]) -> None:
        """Have it write one of `codes` after the other; the last one stays."""
        self._codes = tuple(codes)
        self.call_count = 0

    def reset(self) -> None:
        """Forget how it was asked; what it writes stays."""
        self.call_count, self.last_request, self.last_error_chain = 0, None, []

    async def generate_code(self, request: PythonExecutionRequest, error_chain: list[str]) -> str:
        """Write the code.

        :raises CodeGenerationError: it was never told what to write.
        """
        self.call_count += 1
        self.last_request, self.last_error_chain = request, list(error_chain)
        if self._codes:
            return self._codes[min(self.call_count, len(self._codes)) - 1]
        if self._settings is None:
            msg = "the mock generator was told nothing: give it a behavior, or call set_code()"
            raise CodeGenerationError(msg, generation_attempt=len(error_chain) + 1, error_chain=error_chain)
        return _code_of(self._settings, error_chain)


def _settings_of(model_config: MockSettings | Mapping[str, Any] | None, behavior: str | None) -> MockSettings | None:
    if isinstance(model_config, MockSettings) and behavior is None:
        return model_config
    given: dict[str, Any] = {}
    if isinstance(model_config, Mapping):
        known = ("behavior", "channel", "value", "code")
        given = {key: model_config[key] for key in known if key in model_config}
    if behavior is not None:
        given["behavior"] = behavior
    if not given:
        return None
    if "behavior" in given:
        given["behavior"] = MockBehavior(cast("str", given["behavior"]))
    return MockSettings(**given)


def _code_of(settings: MockSettings, error_chain: list[str]) -> str:
    if settings.code is not None:
        return settings.code
    behavior = settings.behavior
    if behavior is MockBehavior.ERROR_AWARE:
        behavior = MockBehavior.SUCCESS if error_chain else MockBehavior.RUNTIME_ERROR
    if behavior in _FORMS:
        return _FORMS[behavior].format(channel=settings.channel, value=settings.value)
    return _TEXTS.get(behavior, _SUCCESS)
