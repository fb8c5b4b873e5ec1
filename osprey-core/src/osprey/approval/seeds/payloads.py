"""What a question carries back with its answer: made from the stored request, so that it is what was approved."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from osprey.approval.kinds.document import read_content
from osprey.approval.seeds.plain import plain_json
from osprey.control.payload import read_document
from osprey.control.wire import to_wire
from osprey.errors import UsageError

if TYPE_CHECKING:
    from osprey.journal import RequestRow

PAYLOAD: Final = "resume_payload"
"""What its author wants back with the answer and nobody approves (paths, links), as part of what is shown."""
TYPES: Final = "approval_types"
ASKED: Final = "asked"
"""What was asked, before anything was read for it, as a short hash."""


def payload_of(row: RequestRow) -> dict[str, Any]:
    """Give what an approval of this request lets go on: its id and hash, and its content under the seeds' names."""
    aside: Mapping[str, Any] = row.presentation.get(PAYLOAD, {})
    known = {"approval_id": row.id, "sha256": row.sha256, "approval_type": row.kind, TYPES: list(types_of(row))}
    return {**aside, **_content(row), **known}


def types_of(row: RequestRow) -> tuple[str, ...]:
    """Give the types that a request is found by: its own, and that of the capability which called the service."""
    return tuple(dict.fromkeys((row.kind, *row.presentation.get(TYPES, ()))))


def differing_keys(row: RequestRow, payload: Mapping[str, Any]) -> list[str]:
    """Give the keys under which a payload holds something else than the request; unknown keys are its author's own."""
    stored = payload_of(row)
    return [key for key in stored if key in payload and not _is_same(stored[key], payload[key])]


def _is_same(stored: Any, given: Any) -> bool:
    try:
        return bool(stored == plain_json(given, "the payload"))
    except UsageError:
        return False


def _content(row: RequestRow) -> dict[str, Any]:
    document: Any = json.loads(row.document)
    if "writes" in document:
        return {"operations": _operations(row)}
    content = read_content(row.kind, row.document)
    reader = _READERS.get(row.kind)
    return content if reader is None else reader(content)


def _operations(row: RequestRow) -> list[dict[str, Any]]:
    """Give the writes as they are approved; a note stays with its channel, and an edited list has its own values."""
    notes = {item.get("channel_address"): item for item in row.presentation.get(PAYLOAD, {}).get("operations", ())}
    items = (item for group in read_document(row.document).groups for item in group)
    asked = [str(item.get("asked", "")) for item in row.presentation.get("items", ())]
    found: list[dict[str, Any]] = []
    for place, item in enumerate(items):
        name = asked[place] if place < len(asked) else item.channel
        note = notes.get(name, {}).get("notes", "")
        value = to_wire(item.value)
        found.append({"channel_address": item.channel, "value": value, "units": item.unit, "notes": note})
    return found


def _plan(content: Mapping[str, Any]) -> dict[str, Any]:
    return {"execution_plan": content["plan"], "step_objective": content.get("question", "")}


def _step(content: Mapping[str, Any]) -> dict[str, Any]:
    return {"step": content["step"], "step_number": content["step_number"], "execution_plan": content["plan"]}


_READERS: Final[Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]]] = {
    "orchestrator_plan": _plan,
    "reactive_orchestrator_step": _step,
}
"""Kinds whose content has other names in the seeds."""
