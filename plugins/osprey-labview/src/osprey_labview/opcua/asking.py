"""Asking about many nodes, in as many requests as the server's limits demand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import struct_from_binary

from osprey.api import ErrorKind
from osprey_labview.opcua import status
from osprey_labview.opcua.codec import MalformedAnswerError, Sample, decode_read_response
from osprey_labview.opcua.failure import LATE, Failure
from osprey_labview.opcua.session import LOST, NotSentError, Session, SessionLostError

_Answer = TypeVar("_Answer")

_MALFORMED = "the server's answer cannot be understood"


async def read_nodes(session: Session, ids: Sequence[ua.ReadValueId], deadline: float) -> list[Sample | Failure]:
    """Read attributes of nodes, in the order asked."""

    def request(part: Sequence[ua.ReadValueId]) -> ua.ReadRequest:
        parameters = ua.ReadParameters(NodesToRead=list(part), TimestampsToReturn=ua.TimestampsToReturn.Source)
        return ua.ReadRequest(Parameters=parameters)

    return await _ask_all(session, ids, session.limits.read, request, decode_read_response, deadline)


async def browse_nodes(
    session: Session, descriptions: Sequence[ua.BrowseDescription], deadline: float
) -> list[list[ua.ReferenceDescription] | Failure]:
    """Give the references of nodes, all of them, however few the server gives at a time."""

    def request(part: Sequence[ua.BrowseDescription]) -> ua.BrowseRequest:
        return ua.BrowseRequest(Parameters=ua.BrowseParameters(NodesToBrowse=list(part)))

    results = await _ask_all(session, descriptions, session.limits.browse, request, _decode_browse, deadline)
    return [result if isinstance(result, Failure) else await _complete(session, result, deadline) for result in results]


async def _complete(
    session: Session, result: ua.BrowseResult, deadline: float
) -> list[ua.ReferenceDescription] | Failure:
    references: list[ua.ReferenceDescription] = []
    while True:
        if not status.is_good(result.StatusCode.value):
            return status.failure_of(result.StatusCode.value)
        references += result.References or []
        if not result.ContinuationPoint:
            return references
        parameters = ua.BrowseNextParameters(
            ReleaseContinuationPoints=False, ContinuationPoints=[result.ContinuationPoint]
        )
        (further,) = await _ask_all(
            session, [parameters], 1, lambda part: ua.BrowseNextRequest(Parameters=part[0]), _decode_next, deadline
        )
        if isinstance(further, Failure):
            return further
        result = further


async def translate_paths(
    session: Session, paths: Sequence[ua.BrowsePath], deadline: float
) -> list[ua.BrowsePathResult | Failure]:
    """Give the nodes that browse paths lead to."""

    def request(part: Sequence[ua.BrowsePath]) -> ua.TranslateBrowsePathsToNodeIdsRequest:
        parameters = ua.TranslateBrowsePathsToNodeIdsParameters(BrowsePaths=list(part))
        return ua.TranslateBrowsePathsToNodeIdsRequest(Parameters=parameters)

    return await _ask_all(session, paths, session.limits.translate, request, _decode_paths, deadline)


async def _ask_all(
    session: Session,
    items: Sequence[Any],
    most: int,
    request: Callable[[Sequence[Any]], Any],
    decode: Callable[[Buffer], list[_Answer]],
    deadline: float,
) -> list[_Answer | Failure]:
    parts = [items[start : start + most] for start in range(0, len(items), most)]
    answers = await asyncio.gather(*(_ask_part(session, part, request, decode, deadline) for part in parts))
    return [answer for part in answers for answer in part]


async def _ask_part(
    session: Session,
    part: Sequence[Any],
    request: Callable[[Sequence[Any]], Any],
    decode: Callable[[Buffer], list[_Answer]],
    deadline: float,
) -> list[_Answer | Failure]:
    try:
        answers = decode(await session.ask(request(part), deadline))
        if len(answers) != len(part):
            return [Failure(ErrorKind.INVALID_DATA, f"{_MALFORMED}: it is for another number of nodes")] * len(part)
        return list(answers)
    except TimeoutError:
        return [LATE] * len(part)
    except SessionLostError:
        return [LOST] * len(part)
    except NotSentError as exc:
        return [exc.failure] * len(part)
    except MalformedAnswerError as exc:
        return [Failure(ErrorKind.INVALID_DATA, str(exc))] * len(part)
    except ua.UaStatusCodeError as exc:
        if status.name_of(exc.code) in status.TOO_LARGE and len(part) > 1:
            half = len(part) // 2
            first = await _ask_part(session, part[:half], request, decode, deadline)
            return first + await _ask_part(session, part[half:], request, decode, deadline)
        return [status.failure_of(exc.code, "the server refused the request")] * len(part)


def _decode(response: type[Any], data: Buffer) -> Any:
    try:
        answer = struct_from_binary(response, data)
    except Exception as exc:  # whatever bytes from outside do to asyncua's decoder
        msg = f"{_MALFORMED}: {type(exc).__name__}: {exc}"
        raise MalformedAnswerError(msg) from exc
    answer.ResponseHeader.ServiceResult.check()
    return answer


def _decode_browse(data: Buffer) -> list[ua.BrowseResult]:
    return _decode(ua.BrowseResponse, data).Results


def _decode_next(data: Buffer) -> list[ua.BrowseResult]:
    return _decode(ua.BrowseNextResponse, data).Parameters.Results


def _decode_paths(data: Buffer) -> list[ua.BrowsePathResult]:
    return _decode(ua.TranslateBrowsePathsToNodeIdsResponse, data).Results


def decode_write(data: Buffer) -> list[ua.StatusCode]:
    """Give the status of each node of a WriteRequest."""
    return _decode(ua.WriteResponse, data).Results
