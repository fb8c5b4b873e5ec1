"""LangGraph's interrupts, in one place.

A question is asked as the first statement of a node, outside any task group and any `except`: code before it runs
again on every resume, also on that of a sibling, and `GraphInterrupt` is an `Exception` that a broad handler or an
exception group would swallow. It carries the request's id; what was decided is read from the journal.

LangGraph hands an answer that comes late to whatever the node asks now, and keeps an answer for good once `interrupt`
has returned it. So each answer is checked before that, as a validator of the answer, and whatever LangGraph matched it
to: a stale or forged one is refused, and the question stays open for the right one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar, cast

from langgraph.config import get_config
from langgraph.types import Command, interrupt
from pydantic import BeforeValidator, WithJsonSchema  # comes with LangGraph, which checks answers by it

from osprey.approval.answers import StoredDecision, request_id_in, stored_decision
from osprey.errors import ConflictError, RefusedError, UsageError
from osprey.project import current_project

if TYPE_CHECKING:
    from langgraph.types import StateSnapshot

    from osprey.project import Project

T = TypeVar("T")

_ANSWER_FORM: Final = {
    "type": "object",
    "properties": {
        "approved": {"type": "boolean", "description": "false ends the step; true counts with a stored approval only"},
        "approval_id": {"type": "string", "description": "the id that the question carries"},
    },
}
"""What an interface is told that it may answer."""
_RESUME_MAP: Final = "__pregel_resume_map"
_SCRATCHPAD: Final = "__pregel_scratchpad"


def ask_person(asked: Mapping[str, Any] | str, *, project: Project | None = None) -> StoredDecision:
    """Stop the graph until a person has decided a stored request; give what is stored then.

    The first statement of a node of an application's own graph. The graph is resumed with ``{"request_id": ID}``, or in
    the seeds' form with ``{"approved": True, **resume_payload}`` or ``{"approved": False}``.

    :param asked: what a `create_*_interrupt` function gave, or the id of a request.
    :raises RefusedError: the answer does not count, for a reason of its own that is audited; the question stays open.
    """
    request_id = asked if isinstance(asked, str) else request_id_in(asked)
    if request_id is None:
        msg = "this question carries no id of a stored request: ask what a `create_*_interrupt` function gave"
        raise UsageError(msg)
    question = {"request_id": asked} if isinstance(asked, str) else dict(asked)
    here = project or current_project()
    return _ask(question, lambda answer: stored_decision(here, answer, asked=request_id))


def wait_for_decision(request_id: str, question: Mapping[str, Any] | None = None) -> str:
    """Stop the graph until `answer_to` this request comes; give the id that was answered.

    :param question: what the interrupt carries beside the id, for whoever shows it.
    :raises ConflictError: the answer belongs to another request; a stale answer never reaches a newer
        question, whatever LangGraph matched it to.
    """

    def check(answer: Any) -> str:
        if request_id_in(answer) == request_id:
            return request_id
        named = request_id_in(answer)
        msg = f"the answer to request {named!r} reached the question about {request_id!r}; nothing was done"
        raise ConflictError(msg)

    return _ask({**(question or {}), "request_id": request_id}, check)


def _ask(question: dict[str, Any], check: Callable[[Any], T]) -> T:
    form = Annotated[Any, BeforeValidator(check), WithJsonSchema(_ANSWER_FORM)]
    return cast("T", interrupt(question, response_schema=cast("Any", form)))


def pending_requests(snapshot: StateSnapshot) -> list[str]:
    """Give every request that this thread waits for, those of subgraphs and parallel branches too, each once."""
    found = (request_id_in(pending.value) for pending in snapshot.interrupts)
    return list(dict.fromkeys(request_id for request_id in found if request_id is not None))


def pending_request(snapshot: StateSnapshot) -> str | None:
    """Give the first request that this thread waits for, if it waits."""
    return next(iter(pending_requests(snapshot)), None)


def answer_to(snapshot: StateSnapshot, request_id: str) -> Command[Any]:
    """Build the command that resumes exactly the questions about this request.

    :raises ConflictError: the thread does not wait for it. LangGraph itself would start the graph anew or
        hand the answer to whatever question is pending.
    """
    return answers_to(snapshot, [request_id])


def answers_to(snapshot: StateSnapshot, request_ids: Iterable[str]) -> Command[Any]:
    """Build the command that resumes the questions about several requests; the others stay pending.

    :raises ConflictError: the thread does not wait for one of them, or none is named.
    """
    wanted, waiting = list(request_ids), pending_requests(snapshot)
    for request_id in wanted:
        if request_id not in waiting:
            msg = f"the thread does not wait for request {request_id!r}"
            raise ConflictError(msg)
    if not wanted:
        msg = "no request is named, so nothing is answered"
        raise ConflictError(msg)
    named = ((pending.id, request_id_in(pending.value)) for pending in snapshot.interrupts)
    # By the id of each interrupt and never None, which LangGraph takes for no answer at all.
    return Command(resume={place: {"request_id": request_id} for place, request_id in named if request_id in wanted})


def strict_resume() -> dict[str, bool]:
    """Give what makes LangGraph refuse an answer to a question that is not pending, as part of `configurable`.

    Empty where the installed LangGraph has no such switch; the checks of this module hold without it.
    """
    constants = import_module("langgraph._internal._constants")
    switch = getattr(constants, "CONFIG_KEY_STRICT_RESUME", None)
    return {} if switch is None else {switch: True}


def answers_for_node() -> Any:
    """Give the answers that the graph was resumed with, as the node that runs now may pass them on to a service.

    :return: by the ids of interrupts, or the one answer that was given without an id; an empty mapping without any.
    """
    configurable: dict[str, Any] = get_config().get("configurable", {})
    by_id: Mapping[str, Any] | None = configurable.get(_RESUME_MAP)
    scratchpad = configurable.get(_SCRATCHPAD)
    single = None if by_id or scratchpad is None else scratchpad.get_null_resume()
    return dict(by_id or {}) if single is None else single


def check_answers_of_node(check: Callable[[Any], object]) -> None:
    """Have the answers that have reached the running node checked, before its questions are asked again.

    :param check: raises `RefusedError` for one that does not count.
    """
    scratchpad = get_config().get("configurable", {}).get(_SCRATCHPAD)
    if scratchpad is None:
        return
    for answer in scratchpad.resume:
        check(answer)
    single = scratchpad.get_null_resume()
    try:
        check(single)
    except RefusedError:
        if not scratchpad.resume:
            raise
        # It was refused before, and the right answer has come since. LangGraph keeps it for the node's next question.
        scratchpad.get_null_resume(True)
