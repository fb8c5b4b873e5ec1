"""Reading values: fresh from the server, each with status, time, unit and label."""

from __future__ import annotations

import time
from collections.abc import Sequence

from osprey.api import DType, ErrorKind, Reading, ReadResult
from osprey_labview.opcua import status
from osprey_labview.opcua.asking import read_nodes
from osprey_labview.opcua.codec import Sample
from osprey_labview.opcua.facts import Facts, facts_for
from osprey_labview.opcua.failure import Failure
from osprey_labview.opcua.nodes import resolve
from osprey_labview.opcua.session import Session
from osprey_labview.opcua.values import DTYPES, is_supported, plain

_NO_VALUE = Failure(ErrorKind.INVALID_DATA, "the server has no value for it yet")
_GOOD = "Good"


async def read(session: Session, channels: Sequence[str], deadline: float) -> list[ReadResult]:
    """Read channels within one deadline; types, units and labels are asked with a channel's first reading."""
    nodes = await resolve(session, channels, deadline)
    good = [node for node in nodes if not isinstance(node, Failure)]
    facts = iter(await facts_for(session, good, deadline, fresh=False))
    known: list[Facts | Failure] = [node if isinstance(node, Failure) else next(facts) for node in nodes]
    asked = [
        node.value
        for node, fact in zip(nodes, known, strict=True)
        if not isinstance(node, Failure) and not isinstance(fact, Failure)
    ]
    samples = iter(await read_nodes(session, asked, deadline))
    received_ns = time.time_ns()
    return [
        fact.as_fault(channel) if isinstance(fact, Failure) else result_of(channel, next(samples), fact, received_ns)
        for channel, fact in zip(channels, known, strict=True)
    ]


def result_of(channel: str, sample: Sample | Failure, facts: Facts, received_ns: int) -> ReadResult:
    """Give a sample as a reading, or as the fault that it is."""
    if isinstance(sample, Failure):
        return sample.as_fault(channel)
    code = sample.status
    if status.is_bad(code):
        return status.failure_of(code).as_fault(channel)
    if sample.value is None:
        return _NO_VALUE.as_fault(channel)
    if not is_supported(sample.kind):
        message = f"its value is of built-in type {sample.kind}, which has no form here"
        return Failure(ErrorKind.UNSUPPORTED, message).as_fault(channel)
    value, shape = plain(sample)
    dtype = DTYPES[sample.kind]
    label = None
    if facts.labels and dtype is DType.INT:
        dtype = DType.ENUM
        label = None if shape else facts.states.get(value)
    name = status.name_of(code) if code else _GOOD
    return Reading(
        channel=channel,
        value=value,
        dtype=dtype,
        shape=shape,
        unit=facts.unit,
        severity=status.severity_of(code),
        alarm="" if status.is_good(code) else name,
        label=label,
        source_ns=sample.source_ns,
        received_ns=received_ns,
        quality=name,
    )
