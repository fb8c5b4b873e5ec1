"""Describing channels as the server does, asked anew each time; and whether they can be reached."""

from __future__ import annotations

import time
from collections.abc import Sequence

from asyncua import ua

from osprey.api import ChannelInfo, ChannelStatus, Fault
from osprey_labview.opcua import status
from osprey_labview.opcua.asking import read_nodes
from osprey_labview.opcua.facts import Facts, facts_for
from osprey_labview.opcua.failure import Failure, LinkError
from osprey_labview.opcua.nodes import Node, resolve
from osprey_labview.opcua.session import Session


async def describe(session: Session, channels: Sequence[str], deadline: float) -> list[ChannelInfo | Fault]:
    """Describe channels; one whose limits for writes cannot be learned has no description."""
    nodes = await resolve(session, channels, deadline)
    good = [node for node in nodes if not isinstance(node, Failure)]
    facts = iter(await facts_for(session, good, deadline, fresh=True))
    return [
        node.as_fault(channel) if isinstance(node, Failure) else _info(channel, node, next(facts))
        for channel, node in zip(channels, nodes, strict=True)
    ]


def _info(channel: str, node: Node, facts: Facts | Failure) -> ChannelInfo | Fault:
    if isinstance(facts, Failure):
        return facts.as_fault(channel)
    if facts.limits_failure is not None:
        return facts.limits_failure.as_fault(channel)
    return ChannelInfo(
        channel=channel,
        name=node.name,
        field="Value",
        dtype=facts.dtype,
        shape=() if facts.length is None else (facts.length,),
        unit=facts.unit,
        description=facts.description,
        drive=facts.drive,
        display=facts.drive,
        labels=facts.labels,
        writable=facts.is_writable,
    )


async def probe(session: Session, channels: Sequence[str], deadline: float) -> list[ChannelStatus]:
    """Ask each node for its data type, which costs no device anything."""
    started = time.monotonic()
    nodes = await resolve(session, channels, deadline)
    ids = [
        ua.ReadValueId(NodeId=node.id, AttributeId=ua.AttributeIds.DataType)
        for node in nodes
        if not isinstance(node, Failure)
    ]
    samples = iter(await read_nodes(session, ids, deadline))
    latency_ms = (time.monotonic() - started) * 1e3
    found: list[ChannelStatus] = []
    for channel, node in zip(channels, nodes, strict=True):
        failure = node if isinstance(node, Failure) else None
        if failure is None:
            sample = next(samples)
            if isinstance(sample, Failure):
                failure = sample
            elif not status.is_good(sample.status):
                failure = status.failure_of(sample.status)
        if failure is None:
            found.append(ChannelStatus(channel=channel, latency_ms=latency_ms))
        else:
            found.append(ChannelStatus(channel=channel, fault=failure.as_fault(channel)))
    return found


async def greet(session: Session, deadline: float) -> None:
    """Ask the server for its state.

    :raises LinkError: no answer, or none that is good.
    """
    state = ua.NodeId(ua.ObjectIds.Server_ServerStatus_State)
    (sample,) = await read_nodes(session, [ua.ReadValueId(NodeId=state, AttributeId=ua.AttributeIds.Value)], deadline)
    if isinstance(sample, Failure):
        raise LinkError(sample)
