"""The document that a person approves: canonical JSON whose hash stands for exactly these writes.

Keys are sorted, the text is ASCII without spaces, and numbers stand in exact form (a float by its hex form,
an integer as text), so that equal effects have equal hashes on every machine and in every version. The
guard applies exactly ``document["writes"]``; whatever else is in the document is bound by the hash.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any, Final, cast

from attrs import frozen

from osprey.control.comparison import shape_of, to_plain
from osprey.control.exact import exact, inexact
from osprey.control.requests import JudgedItem, Judgement, WriteBatch, WriteItem
from osprey.control.values import DType, Severity, Value
from osprey.errors import RefusedError

SCHEMA_VERSION: Final = 1
WRITE_KINDS: Final = frozenset({"channel_write", "python_executor"})
"""The kinds of request that carry a list of writes; the guard applies no other."""

_ITEM_KEYS: Final = frozenset(
    {"channel", "dtype", "shape", "value", "label", "before", "unit", "tolerance", "readback", "line"}
)
_DTYPES: Final = {dtype.value: dtype for dtype in DType}
_WRITES_KEYS: Final = frozenset({"target", "simulated", "groups", "observe", "settle_s", "limits_sha256"})


@frozen(kw_only=True)
class ApprovedItem:
    """One write as it was approved."""

    channel: str
    """Canonical."""
    dtype: DType
    shape: tuple[int, ...]
    value: Value
    label: str | None
    """The text of an enumeration's number when it was judged: what the person read, not what the number is now."""
    before: Value | None
    """None for a command, which has no present value."""
    unit: str
    tolerance: float
    readback: str | None
    line: int | None


@frozen(kw_only=True)
class ApprovedWrites:
    """All that a document says of the writes."""

    target: str
    simulated: bool
    groups: tuple[tuple[ApprovedItem, ...], ...]
    observe: tuple[str, ...]
    settle_s: float
    limits_sha256: str
    alarms: Mapping[str, str]
    """The alarm severity of each channel when the person looked; empty where nobody kept it."""

    @property
    def batch(self) -> WriteBatch:
        """The writes as the guard judges them once more before the claim."""
        return WriteBatch(
            target=self.target,
            groups=tuple(tuple(_as_written(item) for item in group) for group in self.groups),
            observe=self.observe,
            settle_s=self.settle_s,
        )


def write_document(judgement: Judgement, **extra: Any) -> str:
    """Give the document of an allowed judgement; `extra` adds JSON-able content that the hash shall bind.

    :raises RefusedError: the judgement refused an item, so there is nothing to approve.
    """
    if not judgement.is_allowed:
        msg = f"the writes to {judgement.target!r} were refused; there is nothing to approve"
        raise RefusedError(msg, rule="payload.refused")
    clash = extra.keys() & {"schema", "writes"}
    if clash:
        msg = f"{sorted(clash)[0]!r} is a key of the document itself"
        raise ValueError(msg)
    return canonical_json({**extra, "schema": SCHEMA_VERSION, "writes": _writes(judgement)})


def canonical_json(document: Mapping[str, Any]) -> str:
    """Write JSON in its one canonical form: sorted keys, ASCII, no spaces, no NaN."""
    return json.dumps(document, sort_keys=True, ensure_ascii=True, separators=(",", ":"), allow_nan=False)


def sha256_of(text: str) -> str:
    """Give the hash that an approval names."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def batch_of(document: str) -> WriteBatch:
    """Give back the writes of a document as the batch that they were judged as."""
    return read_document(document).batch


def read_document(document: str) -> ApprovedWrites:
    """Parse a document strictly.

    :raises RefusedError: it is not canonical, of another schema version, or has a key this version does
        not know; applying a document that is only half understood is out of the question.
    """
    try:
        return _read_document(document)
    except (ValueError, TypeError, LookupError, ArithmeticError, RecursionError) as exc:
        msg = f"the document is not understood: {exc}; make a new request with this version of Osprey"
        raise RefusedError(msg, rule="payload.not_understood") from exc


def _read_document(document: str) -> ApprovedWrites:
    parsed: Any = json.loads(document)
    if canonical_json(parsed) != document:
        raise ValueError("it is not in canonical form")
    if _typed(parsed["schema"], int) != SCHEMA_VERSION:
        raise ValueError(f"schema version {parsed['schema']} is not {SCHEMA_VERSION}")
    alarms = cast("dict[Any, Any]", _typed(parsed.get("alarms", {}), dict))
    kept = {_typed(name, str): str(Severity(severity)) for name, severity in alarms.items()}
    return _read_writes(parsed["writes"], kept)


def _writes(judgement: Judgement) -> dict[str, Any]:
    groups: dict[int, list[dict[str, Any]]] = {}
    for item in judgement.items:
        groups.setdefault(item.group, []).append(_item(item))
    return {
        "target": judgement.target,
        "simulated": judgement.simulated,
        "groups": [groups[number] for number in sorted(groups)],
        "observe": list(judgement.observe),
        "settle_s": judgement.settle_s.hex(),
        "limits_sha256": judgement.limits_sha256,
    }


def _item(item: JudgedItem) -> dict[str, Any]:
    if item.before is None and not item.is_command:
        msg = f"{item.name}: no fresh value stands beside the new one"
        raise RefusedError(msg, rule="payload.no_before")
    return {
        "channel": item.name,
        "dtype": item.dtype.value,
        "shape": list(item.shape),
        "value": exact(to_plain(item.value), item.dtype),
        "label": item.label,
        "before": None if item.before is None else exact(to_plain(item.before), item.dtype),
        "unit": item.unit,
        "tolerance": float(item.tolerance).hex(),
        "readback": item.readback,
        "line": item.line,
    }


def _read_writes(writes: Any, alarms: Mapping[str, str]) -> ApprovedWrites:
    _only(writes, _WRITES_KEYS, "writes")
    settle_s = float.fromhex(writes["settle_s"])
    if not math.isfinite(settle_s):
        raise ValueError(f"settle_s is {settle_s}")
    return ApprovedWrites(
        target=_typed(writes["target"], str),
        simulated=_typed(writes["simulated"], bool),
        groups=tuple(tuple(_read_item(item) for item in group) for group in writes["groups"]),
        observe=tuple(_typed(name, str) for name in writes["observe"]),
        settle_s=settle_s,
        limits_sha256=_typed(writes["limits_sha256"], str),
        alarms=alarms,
    )


def _read_item(item: Any) -> ApprovedItem:
    if not isinstance(item, dict) or cast("dict[str, Any]", item).keys() != _ITEM_KEYS:
        raise ValueError(f"an item must have exactly the keys {', '.join(sorted(_ITEM_KEYS))}")
    given = cast("dict[str, Any]", item)
    label, readback, line, before = given["label"], given["readback"], given["line"], given["before"]
    dtype = _DTYPES[given["dtype"]]
    value = inexact(given["value"], dtype)
    shape = tuple([_typed(length, int) for length in given["shape"]])
    if shape_of(value) != shape:
        raise ValueError(f"{given['channel']}: shape {shape} does not fit its value")
    return ApprovedItem(
        channel=_typed(given["channel"], str),
        dtype=dtype,
        shape=shape,
        value=value,
        label=None if label is None else _typed(label, str),
        before=None if before is None else inexact(before, dtype),
        unit=_typed(given["unit"], str),
        tolerance=float.fromhex(given["tolerance"]),
        readback=None if readback is None else _typed(readback, str),
        line=None if line is None else _typed(line, int),
    )


def _as_written(item: ApprovedItem) -> WriteItem:
    return WriteItem(channel=item.channel, value=item.value, unit=item.unit or None, line=item.line)


def _only(mapping: Any, keys: frozenset[str], where: str) -> None:
    if not isinstance(mapping, dict) or frozenset(cast("dict[str, Any]", mapping)) != keys:
        raise ValueError(f"{where} must have exactly the keys {', '.join(sorted(keys))}")


def _typed(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise TypeError(f"{value!r} is not of type {kind.__name__}")
    return value
