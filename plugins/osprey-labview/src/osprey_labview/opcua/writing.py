"""Writing values: each is sent once, exactly of its node's type, and has its own status."""

from __future__ import annotations

from collections.abc import Sequence

from asyncua import ua
from attrs import frozen

from osprey.api import ErrorKind, Put, PutResult
from osprey_labview.opcua import status
from osprey_labview.opcua.asking import decode_write
from osprey_labview.opcua.codec import MalformedAnswerError
from osprey_labview.opcua.facts import Facts, facts_for
from osprey_labview.opcua.failure import LATE, Failure
from osprey_labview.opcua.nodes import Node, resolve
from osprey_labview.opcua.session import LOST, NotSentError, Session, SessionLostError
from osprey_labview.opcua.values import WRITABLE, BadValueError, encode

_NO_TYPE = Failure(ErrorKind.UNSUPPORTED, "values of its type cannot be written")


@frozen
class _Item:
    place: int
    value: ua.WriteValue


async def write(session: Session, puts: Sequence[Put], deadline: float) -> list[PutResult]:
    """Send each put once, together, and nothing after the deadline."""
    channels = [put.channel for put in puts]
    nodes = await resolve(session, channels, deadline)
    good = [node for node in nodes if not isinstance(node, Failure)]
    facts = iter(await facts_for(session, good, deadline, fresh=False))
    results: list[PutResult | None] = []
    items: list[_Item] = []
    for place, (put, node) in enumerate(zip(puts, nodes, strict=True)):
        item = node if isinstance(node, Failure) else _item(place, put, node, next(facts))
        if isinstance(item, Failure):
            results.append(result_of(put.channel, item, was_sent=False))
        else:
            items.append(item)
            results.append(None)
    most = session.limits.write
    for start in range(0, len(items), most):
        part = items[start : start + most]
        for item, result in zip(part, await _send(session, part, channels, deadline), strict=True):
            results[item.place] = result
    return [result for result in results if result is not None]


def _item(place: int, put: Put, node: Node, facts: Facts | Failure) -> _Item | Failure:
    if isinstance(facts, Failure):
        return facts
    if facts.built_in not in WRITABLE or facts.is_matrix:
        return _NO_TYPE
    try:
        variant = encode(put, facts.built_in, facts.length, facts.states)
    except BadValueError as exc:
        return Failure(ErrorKind.BAD_VALUE, str(exc))
    # Many servers reject a status or a time stamp that a client tries to set.
    data = ua.DataValue(Value=variant, StatusCode=None)
    return _Item(place, ua.WriteValue(NodeId=node.id, AttributeId=ua.AttributeIds.Value, Value=data))


async def _send(session: Session, part: Sequence[_Item], channels: Sequence[str], deadline: float) -> list[PutResult]:
    request = ua.WriteRequest(Parameters=ua.WriteParameters(NodesToWrite=[item.value for item in part]))
    was_sent = True
    try:
        codes = decode_write(await session.ask(request, deadline))
        if len(codes) == len(part):
            answers = zip(part, codes, strict=True)
            return [result_of(channels[i.place], status.put_failure_of(code.value)) for i, code in answers]
        failure = Failure(ErrorKind.INVALID_DATA, "the server answered for another number of nodes than were written")
    except NotSentError as exc:
        failure, was_sent = exc.failure, False
    except TimeoutError:
        failure = LATE
    except SessionLostError:
        failure = LOST
    except MalformedAnswerError as exc:
        failure = Failure(ErrorKind.INVALID_DATA, str(exc))
    except ua.UaStatusCodeError as exc:
        failure = status.put_failure_of(exc.code) or LATE
    return [result_of(channels[item.place], failure, was_sent=was_sent) for item in part]


def result_of(channel: str, failure: Failure | None, *, was_sent: bool = True) -> PutResult:
    """Give what became of one put."""
    if failure is None:
        return PutResult(channel=channel)
    return PutResult(
        channel=channel,
        error=failure.kind,
        message=f"{channel}: {failure.message}",
        raw=failure.raw,
        was_sent=was_sent,
    )
