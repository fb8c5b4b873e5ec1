"""The one page that plugin authors import from.

Declarations (`hookimpl` and the registrations) are here at once and cost nothing. Values and protocols of
the control room, and what commands of plugins need, are resolved on first use, so that a light `plugin.py`
stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from osprey.errors import ConfigError, ConnectorError, OspreyError, RefusedError, UsageError
from osprey.hookspecs import hookimpl
from osprey.registrations import (
    ApprovalKind,
    Archiver,
    Capability,
    Command,
    Connector,
    Deployer,
    Generator,
    Notifier,
    Provider,
    WritePolicy,
)

if TYPE_CHECKING:
    from osprey import control
    from osprey.approval.notifiers.notice import Notice
    from osprey.cli.context import cli_project
    from osprey.config import structure_settings
    from osprey.control import (
        SEVERITIES,
        ArchivedSample,
        ArchiveInfo,
        ArchiveSeries,
        ArchiveSpan,
        Bounds,
        ChannelInfo,
        ChannelRecord,
        ChannelStatus,
        ConnectContext,
        Denial,
        DType,
        Endpoint,
        ErrorKind,
        Fault,
        Outcome,
        PolicyItem,
        Put,
        PutResult,
        Reading,
        ReadResult,
        Severity,
        Updates,
        Value,
        describe_coverage,
        to_frame,
    )
    from osprey.control.channels.channel_file import dump_channels, load_channels
    from osprey.control.limits.limits_file import load_limits
    from osprey.project import Project

_CONTROL = (
    "SEVERITIES",
    "ArchiveInfo",
    "ArchiveSeries",
    "ArchiveSpan",
    "ArchivedSample",
    "Bounds",
    "ChannelInfo",
    "ChannelRecord",
    "ChannelStatus",
    "ConnectContext",
    "DType",
    "Denial",
    "Endpoint",
    "ErrorKind",
    "Fault",
    "Outcome",
    "PolicyItem",
    "Put",
    "PutResult",
    "ReadResult",
    "Reading",
    "Severity",
    "Updates",
    "Value",
    "describe_coverage",
    "to_frame",
)
_HOMES = {
    **dict.fromkeys(_CONTROL, "osprey.control"),
    "Notice": "osprey.approval.notifiers.notice",
    "Project": "osprey.project",
    "cli_project": "osprey.cli.context",
    "dump_channels": "osprey.control.channels.channel_file",
    "load_channels": "osprey.control.channels.channel_file",
    "load_limits": "osprey.control.limits.limits_file",
    "structure_settings": "osprey.config",
}

__all__ = [
    "SEVERITIES",
    "ApprovalKind",
    "ArchiveInfo",
    "ArchiveSeries",
    "ArchiveSpan",
    "ArchivedSample",
    "Archiver",
    "Bounds",
    "Capability",
    "ChannelInfo",
    "ChannelRecord",
    "ChannelStatus",
    "Command",
    "ConfigError",
    "ConnectContext",
    "Connector",
    "ConnectorError",
    "DType",
    "Denial",
    "Deployer",
    "Endpoint",
    "ErrorKind",
    "Fault",
    "Generator",
    "Notice",
    "Notifier",
    "OspreyError",
    "Outcome",
    "PolicyItem",
    "Project",
    "Provider",
    "Put",
    "PutResult",
    "ReadResult",
    "Reading",
    "RefusedError",
    "Severity",
    "Updates",
    "UsageError",
    "Value",
    "WritePolicy",
    "cli_project",
    "control",
    "describe_coverage",
    "dump_channels",
    "hookimpl",
    "load_channels",
    "load_limits",
    "structure_settings",
    "to_frame",
]


def __getattr__(name: str) -> Any:
    if name == "control":
        return import_module("osprey.control")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    msg = f"osprey.api has no {name!r}"
    raise AttributeError(msg)
