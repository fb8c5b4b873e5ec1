"""What a put that failed means.

`ECA_PUTFAIL` is no promise that nothing happened. A server answers with it after a put that was refused outright (the
record's DISP is set), but also after one that stored the value or a part of it, and processed the record, before
something failed (`write_notify_put_callback` and `processNotifyCommon` in EPICS base: a record is processed even where
the put reported an error). Only DISP tells the first from the others, so it is asked.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from attrs import evolve

from osprey.control import ErrorKind
from osprey_epics.batch import Ask, Failure, Request
from osprey_epics.dbr import Sample
from osprey_epics.libca import Eca
from osprey_epics.names import parse_name


def may_have_been_refused(request: Request, failure: Failure) -> bool:
    """True for a failed put that the record's DISP may explain."""
    return failure.condition is Eca.PUTFAIL and parse_name(request.name).field != "DISP"


def question_about(request: Request, failure: Failure) -> Request:
    """Make the request that asks why; its answer turns the put's doubt into a refusal, where it is one."""
    record = parse_name(request.name).record
    return Request(f"{record}.DISP", Ask.FIELD, then=partial(_conclude, request, failure))


def _conclude(request: Request, failure: Failure, answer: Any) -> None:
    if isinstance(answer, Sample) and answer.value == 1:
        message = f"{request.name}: the record takes no puts, its DISP is set"
        request.result = evolve(failure, kind=ErrorKind.REJECTED, message=message)
