"""`telemetry` and `logging` as values: where traces are sent, and where what goes on is written."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import ClassVar

from attrs import field, frozen

from osprey.config.rules import HeaderFields, Layout, NotBlank, Positive, WebAddress
from osprey.config.section import Unset


class LogFormat(StrEnum):
    """`logging.format`: what a record looks like."""

    TEXT = "text"
    """A line for people; what follows of an exception is indented below it."""
    JSON = "json"
    """An object a line, for programs."""


class LogLevel(StrEnum):
    """`logging.level`: from where on a record is kept."""

    DEBUG = "debug"
    """All of it, that of libraries too."""
    INFO = "info"
    """What is done."""
    WARNING = "warning"
    """What somebody should look at."""
    ERROR = "error"
    """What failed."""


@frozen(kw_only=True)
class LoggingConfig(Layout):
    """`logging`."""

    NULLABLE: ClassVar[frozenset[str]] = frozenset({"level", "file"})

    format: LogFormat = LogFormat.TEXT
    """What a record looks like."""
    level: LogLevel | None = None
    """From where on a record is kept; None: `info` in a file, `warning` on stderr."""
    file: Path | None = None
    """The file that records are appended to; it is opened anew once it was moved away. None: stderr."""

    @property
    def threshold(self) -> LogLevel:
        """From where on a record is kept."""
        return self.level or (LogLevel.WARNING if self.file is None else LogLevel.INFO)


@frozen(kw_only=True)
class TelemetryConfig(Layout):
    """`telemetry`."""

    otlp_endpoint: str | Unset | None = field(default=None, validator=WebAddress())
    """A collector of OpenTelemetry that speaks OTLP over HTTP, such as ``http://127.0.0.1:4318``; None: no trace is
    sent. Needs `osprey-core[otel]`."""
    headers: Mapping[str, str | Unset] = field(factory=dict[str, "str | Unset"], repr=False, validator=HeaderFields())
    """Further headers of every request to it; they are shown as little as keys are."""
    service_name: str = field(default="osprey", validator=NotBlank())
    """What the traces are said to come from."""
    timeout_s: float = field(default=5.0, validator=Positive())
    """The deadline of one request, and of the wait for the last ones when a command ends."""
