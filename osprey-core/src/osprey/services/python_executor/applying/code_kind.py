"""Generated code before a person: with the writes that its rehearsal made, or by its text where all code is approved.

An edit is other code, with other effects: it is rehearsed anew in the sandbox, and what it would write is judged anew.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from attrs import evolve

from osprey.approval import Card, Facts
from osprey.approval.card import base_card, card_of_writes, code_of
from osprey.approval.facts import alarms_of_judgement, facts_of_judgement, require_allowed, shown_of_judgement
from osprey.approval.kinds import Revision
from osprey.approval.kinds.document import read_content, write_content
from osprey.approval.risk import risk_of
from osprey.control import JudgeRequest, guard_of
from osprey.control.payload import write_document
from osprey.errors import RefusedError, UsageError
from osprey.services.python_executor import new_run_folder, runner_of
from osprey.services.python_executor.applying.rehearsals import (
    batch_of,
    bound_of,
    load_rehearsal,
    save_rehearsal,
    shown_of,
)

if TYPE_CHECKING:
    from osprey.approval.people import Identity
    from osprey.journal import RequestRow
    from osprey.project import Project


class PythonCodeKind:
    """The kind `python_executor`."""

    def card(self, row: RequestRow) -> Card:
        if _has_writes(row):
            return card_of_writes(row)
        return base_card(row, code=str(read_content(row.kind, row.document).get("code", "")))

    def editable(self, row: RequestRow) -> dict[str, Any]:
        if _has_writes(row):
            return {"code": code_of(json.loads(row.document), row.presentation)}
        return {"code": read_content(row.kind, row.document)["code"]}

    async def revise(self, project: Project, row: RequestRow, edited: Any, identity: Identity) -> Revision:
        code = _code_in(edited)
        if not _has_writes(row):
            content = {**read_content(row.kind, row.document), "code": code}
            facts = Facts(kind=row.kind, target=str(content.get("target", "")))
            return Revision(document=write_content(row.kind, content), title=row.title, risk=row.risk, facts=facts)
        return await _rehearsed(project, row, code, identity)


async def _rehearsed(project: Project, row: RequestRow, code: str, identity: Identity) -> Revision:
    before, _ = load_rehearsal(Path(str(row.presentation.get("folder", ""))))
    job = evolve(before, code=code, folder=new_run_folder(project.state_dir, row.title))
    outcome = await runner_of(project).run(job)
    if not outcome.is_done:
        msg = f"the edited code ended with {outcome.status} in its rehearsal: {outcome.error}"
        raise UsageError(msg)
    if not outcome.writes:
        msg = "the edited code writes nothing, so there is nothing to approve: reject the request, and ask anew"
        raise UsageError(msg)
    if not outcome.replayable:
        raise RefusedError(outcome.why_not, rule="python.not_replayable")
    batch = batch_of(str(job.target), outcome.writes)
    judgement = await guard_of(project).judge(JudgeRequest(batch=batch, actor=identity.actor))
    require_allowed(judgement)
    save_rehearsal(job, outcome)
    return Revision(
        document=write_document(judgement, alarms=alarms_of_judgement(judgement), **bound_of(job, outcome)),
        title=row.title,
        risk=risk_of(judgement),
        facts=facts_of_judgement(judgement, row.kind),
        shown={**shown_of_judgement(judgement), **shown_of(job, outcome)},
        judgement=judgement,
    )


def _has_writes(row: RequestRow) -> bool:
    return "writes" in json.loads(row.document)


def _code_in(edited: Any) -> str:
    code = cast("Mapping[str, Any]", edited).get("code") if isinstance(edited, Mapping) else edited
    if not isinstance(code, str) or not code.strip():
        msg = "an edited script is its whole text, or {code: text}"
        raise UsageError(msg)
    return code
