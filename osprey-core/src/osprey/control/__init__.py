"""Control systems: values, protocols, targets, limits, and the guard, the one door to every machine.

Import from this page. `guard_of` and `targets_of` are resolved on first use, so that a connector, which needs
the values only, does not import the journal. Only `osprey.control.guard.sending`, the guard's own hand, may call a
connector's `write`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from osprey.control.archive.series import SEVERITIES, ArchivedSample, ArchiveInfo, ArchiveSeries, ArchiveSpan
from osprey.control.protocols import (
    Archiver,
    ConnectContext,
    Connector,
    Denial,
    PolicyItem,
    Requirement,
    Updates,
    WritePolicy,
)
from osprey.control.requests import (
    Actor,
    ApplyReport,
    ApplyRequest,
    ItemReport,
    JudgedItem,
    Judgement,
    JudgeRequest,
    PolicyDemand,
    WriteBatch,
    WriteItem,
)
from osprey.control.values import (
    Bounds,
    ChannelInfo,
    ChannelRecord,
    ChannelStatus,
    DType,
    Endpoint,
    ErrorKind,
    Fault,
    Outcome,
    Put,
    PutResult,
    Reading,
    ReadResult,
    Scalar,
    Severity,
    Value,
)

if TYPE_CHECKING:
    from osprey.control.archive import describe_coverage, to_frame
    from osprey.control.channels.directory import ChannelDirectory
    from osprey.control.guard.guard import Guard, guard_of
    from osprey.control.mock.connector import MockConnector, MockSettings
    from osprey.control.targets import Target, Targets, targets_of

_HOMES = {
    "ChannelDirectory": "channels.directory",
    "Guard": "guard.guard",
    "MockConnector": "mock.connector",
    "MockSettings": "mock.connector",
    "Target": "targets",
    "Targets": "targets",
    "describe_coverage": "archive",
    "guard_of": "guard.guard",
    "targets_of": "targets",
    "to_frame": "archive",
}

__all__ = [
    "SEVERITIES",
    "Actor",
    "ApplyReport",
    "ApplyRequest",
    "ArchiveInfo",
    "ArchiveSeries",
    "ArchiveSpan",
    "ArchivedSample",
    "Archiver",
    "Bounds",
    "ChannelDirectory",
    "ChannelInfo",
    "ChannelRecord",
    "ChannelStatus",
    "ConnectContext",
    "Connector",
    "DType",
    "Denial",
    "Endpoint",
    "ErrorKind",
    "Fault",
    "Guard",
    "ItemReport",
    "JudgeRequest",
    "JudgedItem",
    "Judgement",
    "MockConnector",
    "MockSettings",
    "Outcome",
    "PolicyDemand",
    "PolicyItem",
    "Put",
    "PutResult",
    "ReadResult",
    "Reading",
    "Requirement",
    "Scalar",
    "Severity",
    "Target",
    "Targets",
    "Updates",
    "Value",
    "WriteBatch",
    "WriteItem",
    "WritePolicy",
    "describe_coverage",
    "guard_of",
    "targets_of",
    "to_frame",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        msg = f"osprey.control has no {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(f"osprey.control.{home}"), name)
