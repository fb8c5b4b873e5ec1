"""A snapshot as a value, and as the document that is kept: readable, exact to the last bit, and sealed by its hash."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, cast

from attrs import field, frozen

from osprey.control.comparison import shape_of
from osprey.control.exact import exact, inexact
from osprey.control.values import DType, ErrorKind, Fault, Reading, ReadResult, Severity, Value
from osprey.errors import UsageError

VERSION: Final = 1


@frozen(kw_only=True)
class Snapshot:
    """What the channels of one target read, in the order they were asked for; a fault where there was no value."""

    name: str
    target: str
    simulated: bool
    saved_ns: int
    """int64 ns UTC."""
    saved_by: str
    note: str = ""
    results: tuple[ReadResult, ...] = field(factory=tuple[ReadResult, ...])

    def by_channel(self) -> dict[str, ReadResult]:
        """Give what was read of each channel."""
        return {result.channel: result for result in self.results}


def dump(snapshot: Snapshot) -> str:
    """Give the document: JSON with a line for each channel."""
    document = _document(snapshot)
    head = {key: value for key, value in document.items() if key != "channels"}
    lines = [f"  {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}," for key, value in head.items()]
    channels = ",\n".join(f"    {json.dumps(entry, ensure_ascii=False)}" for entry in document["channels"])
    lines.append(f'  "channels": [\n{channels}\n  ],')
    lines.append(f'  "sha256": "{_hash_of(document)}"')
    return "{\n" + "\n".join(lines) + "\n}\n"


def load(text: str, source: str) -> Snapshot:
    """Read a document.

    :raises UsageError: it is none, of a later version, or not as it was saved.
    """
    try:
        document = cast("dict[str, Any]", json.loads(text))
        seal = document.pop("sha256")
        version = document["osprey_snapshot"]
    except (ValueError, AttributeError, KeyError, TypeError) as exc:
        msg = f"{source} is no snapshot ({exc!r}): save it again, or take it from a backup"
        raise UsageError(msg) from exc
    if seal != _hash_of(document):
        msg = f"{source} is not as it was saved (its hash differs): take it from a backup, or save another"
        raise UsageError(msg)
    if version != VERSION:
        msg = f"{source} is a snapshot of version {version}, and this Osprey reads version {VERSION}: update Osprey"
        raise UsageError(msg)
    try:
        return _snapshot(document)
    except (KeyError, TypeError, ValueError) as exc:
        msg = f"{source} is no snapshot ({exc!r}): save it again, or take it from a backup"
        raise UsageError(msg) from exc


def _hash_of(document: Mapping[str, Any]) -> str:
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _document(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "osprey_snapshot": VERSION,
        "name": snapshot.name,
        "target": snapshot.target,
        "simulated": snapshot.simulated,
        "saved": datetime.fromtimestamp(snapshot.saved_ns // 10**9, tz=UTC).isoformat(),
        "saved_ns": str(snapshot.saved_ns),
        "saved_by": snapshot.saved_by,
        "note": snapshot.note,
        "channels": [_entry(result) for result in snapshot.results],
    }


def _entry(result: ReadResult) -> dict[str, Any]:
    if isinstance(result, Fault):
        return {"channel": result.channel, "error": result.kind.value, "message": result.message}
    return {
        "channel": result.channel,
        "value": _readable(result.value),
        "unit": result.unit,
        "label": result.label,
        "severity": result.severity.value,
        "alarm": result.alarm,
        "dtype": result.dtype.value,
        "exact": exact(result.value, result.dtype),
        "setpoint": None if result.setpoint is None else exact(result.setpoint, result.dtype),
        "source_ns": None if result.source_ns is None else str(result.source_ns),
        "received_ns": str(result.received_ns),
    }


def _readable(value: Value) -> Any:
    if isinstance(value, float):
        # JSON has no word for what is no number.
        return value if math.isfinite(value) else str(value)
    return value if isinstance(value, str | int) else [_readable(element) for element in value]


def _snapshot(document: Mapping[str, Any]) -> Snapshot:
    return Snapshot(
        name=document["name"],
        target=document["target"],
        simulated=document["simulated"],
        saved_ns=int(document["saved_ns"]),
        saved_by=document["saved_by"],
        note=document["note"],
        results=tuple(_result(entry) for entry in document["channels"]),
    )


def _result(entry: Mapping[str, Any]) -> ReadResult:
    if "error" in entry:
        return Fault(channel=entry["channel"], kind=ErrorKind(entry["error"]), message=entry["message"])
    dtype = DType(entry["dtype"])
    value = inexact(entry["exact"], dtype)
    held = entry.get("setpoint")  # not in those of earlier days
    return Reading(
        channel=entry["channel"],
        value=value,
        dtype=dtype,
        shape=shape_of(value),
        unit=entry["unit"],
        label=entry["label"],
        setpoint=None if held is None else inexact(held, dtype),
        severity=Severity(entry["severity"]),
        alarm=entry["alarm"],
        source_ns=None if entry["source_ns"] is None else int(entry["source_ns"]),
        received_ns=int(entry["received_ns"]),
    )
