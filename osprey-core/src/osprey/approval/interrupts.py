"""LangGraph's interrupt, in one place.

`interrupt()` is the first statement of the node that asks, outside any task group and any `except`: code
before it would run again on every resume, and `GraphInterrupt` is an `Exception` that a broad handler or an
exception group would swallow. It carries the request's id only; what was decided is read from the journal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from langgraph.types import Command, interrupt

from osprey.errors import ConflictError

if TYPE_CHECKING:
    from langgraph.types import StateSnapshot


def wait_for_decision(request_id: str) -> str:
    """Stop the graph until `answer_to` this request comes; give the id that was answered.

    :raises ConflictError: the answer belongs to another request; a stale answer never reaches a newer
        question, whatever LangGraph matched it to.
    """
    answered = _request_in(interrupt({"request_id": request_id}))
    if answered != request_id:
        msg = f"the answer to request {answered!r} reached the question about {request_id!r}; nothing was done"
        raise ConflictError(msg)
    return request_id


def pending_request(snapshot: StateSnapshot) -> str | None:
    """Give the request that this thread waits for, if it waits."""
    for pending in snapshot.interrupts:
        if (request_id := _request_in(pending.value)) is not None:
            return request_id
    return None


def answer_to(snapshot: StateSnapshot, request_id: str) -> Command[Any]:
    """Build the command that resumes exactly the interrupt of this request.

    :raises ConflictError: the thread does not wait for it. LangGraph itself would start the graph anew or
        hand the answer to whatever question is pending.
    """
    for pending in snapshot.interrupts:
        if _request_in(pending.value) == request_id:
            return Command(resume={pending.id: {"request_id": request_id}})
    msg = f"the thread does not wait for request {request_id!r}"
    raise ConflictError(msg)


def _request_in(value: Any) -> str | None:
    request_id = cast("dict[str, Any]", value).get("request_id") if isinstance(value, dict) else None
    return request_id if isinstance(request_id, str) else None
