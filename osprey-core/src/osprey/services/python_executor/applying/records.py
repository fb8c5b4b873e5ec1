"""The record of a step: a notebook and its folder, for scripts and for plain lists of writes alike."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osprey.journal import RequestRow, journal_of
from osprey.services.python_executor import RunJob, RunOutcome, RunRecord, new_run_folder, write_record

if TYPE_CHECKING:
    from osprey.control import ApplyReport, ItemReport
    from osprey.project import Project


async def record_run(
    project: Project,
    *,
    title: str,
    question: str,
    code: str,
    outcome: RunOutcome | None,
    rehearsal: RunOutcome | None,
    report: ApplyReport | None,
    folder: Path,
    answer: str = "",
    job: RunJob | None = None,
    request_id: str = "",
) -> Path:
    """Write the record of a script into its run's folder; give the notebook.

    :param request_id: the request that was decided; empty: that of the report, if there is one.
    """
    row = await _request(project, request_id or (report.request_id if report else ""))
    return write_record(
        folder,
        RunRecord(
            title=title,
            question=question,
            code=code,
            outcome=outcome,
            rehearsal=rehearsal,
            plan=_document(row),
            decision=_decision(row),
            report=report,
            answer=answer,
            root=project.config.root,
            target=job.target if job else None,
            inputs=job.inputs if job else {},
        ),
    )


async def record_writes(project: Project, *, title: str, question: str, report: ApplyReport) -> Path:
    """Write the record of a list of writes that no script made; give the notebook."""
    return await record_run(
        project,
        title=title,
        question=question,
        code=_as_code(report.items),
        outcome=None,
        rehearsal=None,
        report=report,
        folder=new_run_folder(project.state_dir, title),
    )


async def _request(project: Project, request_id: str) -> RequestRow | None:
    return await journal_of(project).requests.get(request_id) if request_id else None


def _document(row: RequestRow | None) -> Mapping[str, Any] | None:
    return None if row is None else json.loads(row.document)


def _decision(row: RequestRow | None) -> str:
    if row is None:
        return "Nothing was to be decided: the run had no write."
    by = f" by {row.decided_by}" if row.decided_by else ""
    reason = f": {row.reason}" if row.reason else ""
    return f"Request {row.id} (hash {row.sha256}) was decided{by}; it ended as {row.state}{reason}."


def _as_code(items: Sequence[ItemReport]) -> str:
    lines = ["from osprey.runtime import write_channels", ""]
    for group in dict.fromkeys(item.group for item in items):
        writes = {item.name: item.value for item in items if item.group == group}
        lines.append(f"write_channels({writes!r})")
    return "\n".join(lines) + "\n"
