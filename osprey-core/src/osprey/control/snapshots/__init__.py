"""Snapshots: what channels read at one time, kept as a file that a person can read, compared, and the way back to it.

Nothing here writes to a machine: the way back is a list of writes, which is requested and approved like any other.
"""

from osprey.control.snapshots.capture import capture
from osprey.control.snapshots.difference import Change, Difference, Tolerances, compare
from osprey.control.snapshots.folder import SnapshotFolder
from osprey.control.snapshots.snapshot import Snapshot
from osprey.control.snapshots.way_back import Grouping, Order, WayBack, way_back

__all__ = [
    "Change",
    "Difference",
    "Grouping",
    "Order",
    "Snapshot",
    "SnapshotFolder",
    "Tolerances",
    "WayBack",
    "capture",
    "compare",
    "way_back",
]
