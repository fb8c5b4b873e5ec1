"""What steps leave behind for later ones: typed values with provenance and units, kept as JSON; large ones as files.

`context` has the base class, `_serialization` the way to JSON and back, `built_in` the classes of the built-in
capabilities, `artifacts` the files of what is too large for a turn's state.
"""

from osprey.base.contexts._serialization import plain_context, read_context
from osprey.base.contexts.artifacts import ArtifactHandle, Artifacts
from osprey.base.contexts.built_in import (
    BUILT_IN,
    ArchivedChannel,
    ArchiverData,
    ChannelAddresses,
    ChannelReading,
    ChannelValues,
    ChannelWriteResults,
    MemoryContext,
    PythonResults,
    ScanAxisData,
    ScanData,
    SnapshotContext,
    TimeRange,
    Written,
)
from osprey.base.contexts.context import CapabilityContext, PlainContext, Provenance

__all__ = [
    "BUILT_IN",
    "ArchivedChannel",
    "ArchiverData",
    "ArtifactHandle",
    "Artifacts",
    "CapabilityContext",
    "ChannelAddresses",
    "ChannelReading",
    "ChannelValues",
    "ChannelWriteResults",
    "MemoryContext",
    "PlainContext",
    "Provenance",
    "PythonResults",
    "ScanAxisData",
    "ScanData",
    "SnapshotContext",
    "TimeRange",
    "Written",
    "plain_context",
    "read_context",
]
