"""The EPICS records of the ring: one a channel, with the limits and the texts of the channel list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from osprey.api import DType, Severity
from osprey_sim.catalogue import Channel
from osprey_sim.ring import Ring

DESCRIPTION_CHARS: Final = 40
"""What the DESC field of a record holds."""
_PREFIX: Final = "SR"


def build_records(builder: Any, ring: Ring, values: Mapping[int, float]) -> dict[int, Any]:
    """Make all records, by the numbers of their channels.

    :param builder: `softioc.builder`.
    :param values: what they show at first.
    """
    builder.SetDeviceName(_PREFIX)
    channels = ring.catalogue.channels
    return {i: _build(builder, channels[i], i, value) for i, value in values.items()}


def _build(builder: Any, channel: Channel, number: int, value: float) -> Any:
    name = channel.record.name.removeprefix(f"{_PREFIX}:")
    fields: dict[str, Any] = {"DESC": shorten(channel.record.description)}
    if channel.is_writable:
        # Each put is a change of its own, and completes when the history holds it. The device's callback
        # only says which channel it was; `RingServer.dispatch` takes it from there.
        fields |= {"always_update": True, "blocking": True, "on_update": lambda new: (number, new)}
    else:
        # What is measured cannot be put: DISP makes the server refuse it.
        fields["DISP"] = 1
    if channel.dtype is DType.ENUM:
        make = builder.mbbOut if channel.is_writable else builder.mbbIn
        labels = [(label, "MAJOR") if label == "FAULT" else label for label in channel.labels]
        record = make(name, *labels, **fields, initial_value=round(value))
    else:
        make = builder.aOut if channel.is_writable else builder.aIn
        fields |= {"EGU": channel.record.unit, "PREC": channel.precision, **_limit_fields(channel)}
        if channel.is_writable:
            fields["validate"] = _is_finite
        record = make(name, **fields, initial_value=value)
    for alias in channel.record.aliases:
        record.add_alias(alias)
    return record


def _is_finite(_record: object, value: float) -> bool:
    """Refuse what the drive limits of an `ao` let through."""
    return bool(np.isfinite(value))


def shorten(text: str) -> str:
    """Fit a description into a record's DESC, at a word."""
    if len(text) <= DESCRIPTION_CHARS:
        return text
    return text[: DESCRIPTION_CHARS + 1].rpartition(" ")[0] or text[:DESCRIPTION_CHARS]


def _limit_fields(channel: Channel) -> dict[str, Any]:
    """Give the limits as fields of a record, each with its severity."""
    limits = (
        ("LOLO", "LLSV", channel.alarm.low, Severity.MAJOR),
        ("LOW", "LSV", channel.warning.low, Severity.MINOR),
        ("HIGH", "HSV", channel.warning.high, Severity.MINOR),
        ("HIHI", "HHSV", channel.alarm.high, Severity.MAJOR),
    )
    fields: dict[str, Any] = {}
    for field, severity_field, limit, severity in limits:
        if limit is not None:
            fields |= {field: limit, severity_field: severity.name}
    if channel.is_writable:
        drive = channel.drive
        fields |= {"DRVL": drive.low, "DRVH": drive.high, "LOPR": drive.low, "HOPR": drive.high}
    return fields
