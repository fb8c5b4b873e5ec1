"""Answers of ``getData.json``: parsed by orjson, made into arrays, in a worker thread."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import orjson

from osprey.api import ErrorKind
from osprey_epics.archiver_appliance.samples import (
    Samples,
    means_of,
    severities_of,
    texts_as_numbers,
    times_of,
    waveform,
)
from osprey_epics.archiver_appliance.server import AnswerError

_REMEDY = "ask for one of its elements as a channel of its own"


def parse_json(body: bytes) -> Samples:
    """Make columns of an answer about one channel.

    :raises AnswerError: it is no such answer, or the channel is a waveform.
    """
    try:
        parts = load(body)
        data: list[Any] = [sample for part in parts for sample in part["data"]] if len(parts) != 1 else parts[0]["data"]
        unit = next((str(part["meta"]["EGU"]) for part in parts if "EGU" in part["meta"]), "")
        if not data:
            return Samples(unit=unit)
        times_ns = times_of([sample["secs"] for sample in data], [sample["nanos"] for sample in data])
        severities = severities_of([sample["severity"] for sample in data])
        values, labels, counted = _values([sample["val"] for sample in data])
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as exc:
        message = f"the archiver's answer is not what getData.json gives ({type(exc).__name__}: {exc})"
        raise AnswerError(ErrorKind.INVALID_DATA, message, raw=repr(body[:80])) from exc
    return Samples(times_ns=times_ns, values=values, severities=severities, labels=labels, counted=counted, unit=unit)


def load(body: bytes) -> Any:
    """Read JSON, also the Appliance's: what is no number is written there as Java does, which JSON does not have.

    :raises ValueError: it is no JSON.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return json.loads(body)  # it knows NaN and Infinity, and is slower: only for an answer that has them


def _values(raw: list[Any]) -> tuple[Any, tuple[str, ...], int | None]:
    first = raw[0]
    if isinstance(first, list):
        sizes = set(map(len, raw))
        if len(sizes) != 1:
            raise waveform(0, _REMEDY)
        means, counted = means_of(np.array(raw, dtype=np.float64), _REMEDY)
        return means, (), counted
    if isinstance(first, str) and not all(map(_is_number, raw)):
        values, labels = texts_as_numbers([str(value) for value in raw])
        return values, labels, None
    return np.array(raw, dtype=np.float64), (), None


def _is_number(value: Any) -> bool:
    """Say whether a text is one of Java's words for what is no number; some versions put them in quotes."""
    return not isinstance(value, str) or value in ("NaN", "Infinity", "-Infinity")
