"""The one page that plugin authors import from.

Declarations (`hookimpl` and the registrations) are here at once and cost nothing. Values and protocols of
the control room are resolved on first use, so that a light `plugin.py` stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from osprey.errors import ConfigError, ConnectorError, OspreyError, RefusedError, UsageError
from osprey.hookspecs import hookimpl
from osprey.registrations import (
    Archiver,
    Capability,
    Command,
    Connector,
    Deployer,
    Generator,
    Provider,
    WritePolicy,
)

if TYPE_CHECKING:
    from osprey import control
    from osprey.control import (
        ArchiveSeries,
        ArchiveSpan,
        Bounds,
        ChannelInfo,
        ChannelRecord,
        ConnectContext,
        DType,
        ErrorKind,
        Fault,
        Outcome,
        Put,
        PutResult,
        Reading,
        ReadResult,
        Severity,
        Value,
    )

_FROM_CONTROL = frozenset(
    {
        "ArchiveSeries",
        "ArchiveSpan",
        "Bounds",
        "ChannelInfo",
        "ChannelRecord",
        "ConnectContext",
        "DType",
        "ErrorKind",
        "Fault",
        "Outcome",
        "Put",
        "PutResult",
        "ReadResult",
        "Reading",
        "Severity",
        "Value",
    }
)

__all__ = [
    "ArchiveSeries",
    "ArchiveSpan",
    "Archiver",
    "Bounds",
    "Capability",
    "ChannelInfo",
    "ChannelRecord",
    "Command",
    "ConfigError",
    "ConnectContext",
    "Connector",
    "ConnectorError",
    "DType",
    "Deployer",
    "ErrorKind",
    "Fault",
    "Generator",
    "OspreyError",
    "Outcome",
    "Provider",
    "Put",
    "PutResult",
    "ReadResult",
    "Reading",
    "RefusedError",
    "Severity",
    "UsageError",
    "Value",
    "WritePolicy",
    "control",
    "hookimpl",
]


def __getattr__(name: str) -> Any:
    if name == "control":
        return import_module("osprey.control")
    if name in _FROM_CONTROL:
        return getattr(import_module("osprey.control"), name)
    msg = f"osprey.api has no {name!r}"
    raise AttributeError(msg)
