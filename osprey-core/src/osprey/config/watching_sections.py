"""Reads `logging` and `telemetry` of the file, and says where a header would go in plain text."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from attrs import evolve

from osprey.config.draft import Draft
from osprey.config.rules import is_loopback
from osprey.config.targets import absolute
from osprey.config.watching import LoggingConfig, TelemetryConfig


def read_logging(draft: Draft, root: Path) -> LoggingConfig:
    """Structure `logging`; what is wrong is added to the draft's problems."""
    section = draft.section("logging", LoggingConfig)
    return evolve(section, file=absolute(root, section.file))


def read_telemetry(draft: Draft) -> TelemetryConfig:
    """Structure `telemetry`; what is wrong is added to the draft's problems."""
    section = draft.section("telemetry", TelemetryConfig)
    if isinstance(section.otlp_endpoint, str) and section.headers:
        parts = urlsplit(section.otlp_endpoint)
        if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
            path = "telemetry.otlp_endpoint"
            draft.notes.append(
                f"{path} (line {draft.line_of(path)}) is plain http to another host: whoever is on the way reads the "
                "headers; use https"
            )
    return section
