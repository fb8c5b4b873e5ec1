"""The seeds' `create_channel_write_approval_interrupt`: writes, judged by the guard before a person is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Final, cast

import anyio

from osprey.approval.filing import file_write_request
from osprey.approval.identity import current_actor
from osprey.approval.seeds.arguments import mapping_of, objective_of, texts_of
from osprey.approval.seeds.asking import Question, find_asked, title_of
from osprey.approval.seeds.places import current_place
from osprey.approval.seeds.plain import plain_json
from osprey.approval.seeds.questions import ApprovalQuestion, question_about
from osprey.approval.seeds.stored import read_stored
from osprey.control import JudgeRequest, WriteBatch, WriteItem, guard_of
from osprey.errors import UsageError
from osprey.journal.requests.steps import require_request
from osprey.project import current_project

if TYPE_CHECKING:
    from osprey.journal import RequestRow
    from osprey.project import Project

KIND: Final = "channel_write"
_KEYS: Final = frozenset({"channel_address", "value", "units", "notes"})


def create_channel_write_approval_interrupt(
    operations: Sequence[Any],
    analysis_details: Any = None,
    safety_concerns: Sequence[str] | None = None,
    step_objective: Any = None,
    *,
    task_description: Any = None,
    target: str | None = None,
) -> ApprovalQuestion:
    """Ask for the approval of writes, one after another, each with what its channel holds now.

    The machine is asked before this returns, and the event loop that it is called in waits for that.

    :param operations: each with `channel_address` and `value`, and `units` and `notes` if it has any.
    :param target: the control system; None: the default one.
    :raises RefusedError: the guard, or a policy, refuses a write; it is audited, and nothing is filed.
    """
    project = current_project()
    stated = [_operation(operation, place) for place, operation in enumerate(operations, start=1)]
    objective = objective_of(step_objective, task_description, default="Write channels")
    concerns = texts_of(safety_concerns, "safety_concerns")
    question = Question(
        kind=KIND,
        title=title_of("Write", objective),
        risk="",
        content={
            "operations": stated,
            "target": target or project.config.control_system.default_target,
            "step_objective": objective,
        },
        objective=objective,
        concerns=concerns,
        aside={
            "operations": stated,
            "analysis_details": plain_json(analysis_details, "analysis_details"),
            "safety_concerns": concerns,
            "step_objective": objective,
        },
    )
    return question_about(project, find_asked(project, question) or _file(project, question))


def _operation(operation: Any, place: int) -> dict[str, Any]:
    stated = mapping_of(operation, f"operation {place}")
    if not {"channel_address", "value"} <= set(stated) <= _KEYS:
        msg = f"operation {place} is {stated}: it has channel_address and value, and may have units and notes"
        raise UsageError(msg)
    return {"units": None, "notes": "", **stated}


def _file(project: Project, question: Question) -> RequestRow:
    """Judge and file in a thread of its own, with an event loop and an open project that nobody else uses.

    The caller's loop cannot run while this is waited for, and what is bound to it must not be touched from another.
    """
    place = current_place()
    thread, key, shown = place.thread if place else "", question.key or f"asked-once:{token_hex(16)}", question.shown

    async def judge_and_file() -> str:
        async with project.reopened() as own:
            actor = current_actor()
            request = JudgeRequest(batch=_batch(question.content), actor=actor)
            row = await file_write_request(
                own,
                await guard_of(own).judge(request),
                kind=KIND,
                title=question.title,
                thread=thread,
                key=key,
                actor=actor,
                shown=shown,
            )
            return row.id

    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="osprey-judge") as threads:
        request_id = threads.submit(anyio.run, judge_and_file).result()
    return read_stored(project, lambda connection: require_request(connection, request_id))


def _batch(content: Mapping[str, Any]) -> WriteBatch:
    items = [
        WriteItem(channel=str(one["channel_address"]), value=_value(one["value"]), unit=one["units"] or None)
        for one in content["operations"]
    ]
    return WriteBatch(target=str(content["target"]), groups=tuple((item,) for item in items))


def _value(value: Any) -> Any:
    return tuple(cast("list[Any]", value)) if isinstance(value, list) else value
