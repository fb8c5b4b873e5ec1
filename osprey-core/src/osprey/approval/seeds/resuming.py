"""The seeds' way to go on after a decision: two keys of a graph's state, of which only the request's id is believed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from osprey.approval.answers import request_id_in, stored_decision
from osprey.approval.seeds.payloads import payload_of, types_of
from osprey.approval.seeds.stored import read_stored
from osprey.journal.requests.steps import find_request
from osprey.project import current_project

if TYPE_CHECKING:
    from osprey.project import Project

_APPROVED, _PAYLOAD = "approval_approved", "approved_payload"


def get_approval_resume_data(state: Any, expected_type: str) -> tuple[bool, dict[str, Any] | None]:
    """Say whether this step goes on after a decision on a request of a type, and give what was approved.

    The payload is made from the stored document, whatever stands in the state; None says that people did not agree.

    :param state: a mapping, or an object with the attributes `approval_approved` and `approved_payload`.
    :param expected_type: the request's own type, or that of the capability which called the service that filed it.
    :raises RefusedError: the state says yes, and no stored decision does; it is audited.
    """
    is_yes, payload = _get(state, _APPROVED), _get(state, _PAYLOAD)
    if is_yes is None:
        return False, None
    request_id = request_id_in(payload)
    if request_id is None and is_yes is False:
        return True, None  # a no needs nothing stored to end a step
    project = current_project()
    row = None if request_id is None else read_stored(project, lambda connection: find_request(connection, request_id))
    if row is not None and expected_type not in types_of(row):
        return False, None
    if is_yes is False:
        return True, None
    answer: Any = {**cast("Mapping[str, Any]", payload), "approved": None} if is_yes is True and request_id else is_yes
    decision = stored_decision(project, answer, asked=None)
    return True, payload_of(decision.row) if decision.is_approved else None


def clear_approval_state() -> dict[str, Any]:
    """Give what a node returns so that the decision it has used is not taken for the next one."""
    return {_APPROVED: None, _PAYLOAD: None}


def approval_state_of(project: Project, request_id: str) -> dict[str, Any]:
    """Give what an interface puts into the graph's state, so that `get_approval_resume_data` finds a decision.

    LangGraph takes one such update for a step that waits: ``Command(resume=..., update=approval_state_of(...))``. The
    answer alone, which `interrupts.answer_to` gives, lets `handle_service_with_interrupts` go on as well.

    :raises RefusedError: nobody has decided the request yet, or it was carried out before.
    """
    decision = stored_decision(project, {"request_id": request_id}, asked=request_id)
    return {_APPROVED: decision.is_approved, _PAYLOAD: payload_of(decision.row)}


def _get(state: Any, name: str) -> Any:
    if isinstance(state, Mapping):
        return cast("Mapping[str, Any]", state).get(name)
    return getattr(state, name, None)
