"""What is left of a list that stopped half-way: nothing of it is forgotten, and nothing that was done is hidden."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from osprey.approval import current_actor
from osprey.base import ApprovalNeeded, StepResult, StepStatus
from osprey.control import (
    ApplyReport,
    ApplyRequest,
    JudgeRequest,
    MockConnector,
    Outcome,
    WriteBatch,
    WriteItem,
    guard_of,
    targets_of,
)
from osprey.control.payload import batch_of, write_document
from osprey.control.wire import to_wire
from osprey.journal import NewRequest, journal_of
from osprey.project import Project, open_project
from osprey.services.python_executor.applying.remainders import merged_report, request_remainder

A, B, C = "SR:01:HCM1:SP", "SR:01:HCM2:SP", "SR:01:HCM3:SP"
CONFIG = """
control_system:
  default_target: bench
  targets:
    bench: {connector: mock, posture: simulation, writes_enabled: true, limits: {file: limits.yml}}
"""

pytestmark = pytest.mark.anyio


@pytest.fixture
async def project(tmp_path: Path) -> AsyncIterator[Project]:
    (tmp_path / "config.yml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "limits.yml").write_text("channels: {'*': {}}", encoding="utf-8")
    async with open_project(tmp_path) as opened:
        yield opened


async def halted_after_the_first(project: Project, *values: float) -> tuple[ApprovalNeeded, ApplyReport]:
    """Approve one group a value, and stop all writes while the first one is put."""
    connector = (await targets_of(project).get()).connector
    assert isinstance(connector, MockConnector)
    journal, actor, write = journal_of(project), current_actor(), connector.write

    async def write_and_halt(puts: Any, *, timeout_s: float) -> Any:
        results = await write(puts, timeout_s=timeout_s)
        await journal.halt.set(actor, "somebody is in the tunnel")
        return results

    groups = tuple((WriteItem(channel=name, value=value),) for name, value in zip((A, B, C), values, strict=False))
    judged = await guard_of(project).judge(JudgeRequest(batch=WriteBatch(target="bench", groups=groups), actor=actor))
    row = await journal.requests.create(
        NewRequest(
            kind="channel_write", title="three", thread="t", document=write_document(judged), risk="", key="t/1/write",
            requester=actor.subject, expires_ns=4_000_000_000_000_000_000, policy=project.config.approval.version,
        )
    )  # fmt: skip
    await journal.requests.approve(row.id, row.sha256, actor)
    connector.write = write_and_halt  # type: ignore[method-assign]
    report = await guard_of(project).apply(ApplyRequest(request_id=row.id, sha256=row.sha256, actor=actor))
    await journal.halt.release(actor, "all are out")
    assert report.status == "partial"
    return ApprovalNeeded(request_id=row.id, sha256=row.sha256), report


async def test_the_group_that_was_refused_before_it_was_sent_is_part_of_the_rest(project: Project) -> None:
    needed, report = await halted_after_the_first(project, 1.0, 2.0, 3.0)
    left = await request_remainder(project, needed, report, report, shown={})
    assert isinstance(left, ApprovalNeeded)
    row = await journal_of(project).requests.get(left.request_id)
    assert [[item.channel for item in group] for group in batch_of(row.document).groups] == [[B], [C]]


async def test_a_rest_that_is_refused_does_not_hide_what_was_written(project: Project) -> None:
    needed, report = await halted_after_the_first(project, 1.0, 2.0, 3.0)
    (project.root / "limits.yml").write_text("channels: {'*': {max: 0.5}}", encoding="utf-8")
    left = await request_remainder(project, needed, report, report, shown={})
    assert isinstance(left, StepResult)
    assert left.status is StepStatus.FAILED
    assert f"{A}" in left.text
    assert "set and read back" in left.text
    assert "nothing was written" not in left.text
    assert "above the maximum 0.5" in left.text


async def test_an_approved_rest_that_has_to_wait_keeps_waiting(project: Project) -> None:
    needed, report = await halted_after_the_first(project, 1.0, 2.0)
    waiting = ApplyReport(request_id="req-2", status="approved", rule="approval.stale", reason="it moved")
    needed = ApprovalNeeded(request_id="req-2", sha256="", memo={"parts": [to_wire(report)]})
    merged = merged_report(needed, waiting)
    assert merged.status == "approved"
    assert merged.items[0].outcome is Outcome.CONFIRMED
    assert "it moved" in merged.reason
