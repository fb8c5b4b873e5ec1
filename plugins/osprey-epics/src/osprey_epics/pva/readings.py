"""What is told of a channel of PV Access: readings, faults and results of puts."""

from __future__ import annotations

from osprey.control import DType, ErrorKind, Fault, PutResult, Reading, ReadResult
from osprey_epics.batch import Failure, Request
from osprey_epics.dbr import severity_of
from osprey_epics.pva.client import PvaClient
from osprey_epics.pva.names import parse_pva_name
from osprey_epics.pva.structures import NotOneValueError, Told, decode
from osprey_epics.pva.watching import Arrived
from osprey_epics.readings import fault, text_of


def reading_of(name: str, told: Told, *, is_text: bool) -> Reading:
    """Give what a server told of a channel as a reading."""
    sample, control = told.sample, told.control
    value, dtype, shape = sample.value, sample.dtype, sample.shape
    if is_text and dtype is DType.INT and shape:
        value, dtype, shape = text_of(sample), DType.STR, ()
    label = None
    if dtype is DType.ENUM:
        label = control.labels[int(value)] if 0 <= value < len(control.labels) else None
    return Reading(
        channel=name,
        value=value,
        dtype=dtype,
        shape=shape,
        unit=control.unit,
        severity=severity_of(sample.severity),
        alarm=told.alarm,
        label=label,
        source_ns=sample.source_ns,
        received_ns=sample.received_ns,
        quality=f"status {sample.status} severity {sample.severity}",
    )


def update_of(name: str, arrived: Arrived, *, is_text: bool) -> ReadResult:
    """Give an update of a subscription as a reading."""
    try:
        told = decode(name, arrived.value, parse_pva_name(name).path, arrived.received_ns)
    except NotOneValueError as exc:
        return fault(name, Failure(ErrorKind.UNSUPPORTED, str(exc)))
    return reading_of(name, told, is_text=is_text)


def read_result_of(client: PvaClient, request: Request, *, is_text: bool) -> ReadResult:
    """Give what became of a request for a reading."""
    if isinstance(request.result, Told):
        return reading_of(request.name, request.result, is_text=is_text)
    return fault_of(client, request)


def fault_of(client: PvaClient, request: Request) -> Fault:
    """Say why a request has no good answer."""
    return fault(request.name, _failure_of(client, request))


def put_result_of(client: PvaClient, request: Request) -> PutResult:
    """Give what became of a put, and whether it may have left this process."""
    if request.result is not None and not isinstance(request.result, Failure):
        return PutResult(channel=request.name)
    failure = _failure_of(client, request)
    return PutResult(
        channel=request.name,
        error=failure.kind,
        message=failure.message,
        raw=failure.raw,
        was_sent=request.is_sent,
    )


def _failure_of(client: PvaClient, request: Request) -> Failure:
    return request.result if isinstance(request.result, Failure) else explain_silence(client, request)


def explain_silence(client: PvaClient, request: Request) -> Failure:
    """Say why a request had no answer by its deadline."""
    name = request.name
    if request.is_sent:
        return Failure(ErrorKind.TIMEOUT, f"{name}: the put was sent, and did not complete before the deadline")
    if not client.has_answered(parse_pva_name(name).channel):
        return Failure(ErrorKind.NOT_FOUND, f"{name}: no answer from any server in time: not found or unreachable")
    if request.batch.length_s < SILENCE_S:
        return Failure(ErrorKind.TIMEOUT, f"{name}: no answer before the deadline")
    message = f"{name}: its server answered before and does not now: it is lost, or it hangs"
    return Failure(ErrorKind.UNREACHABLE, message)


SILENCE_S = 0.5
"""p4p does not tell a lost connection from a silent server; after this long without an answer it counts as lost."""
