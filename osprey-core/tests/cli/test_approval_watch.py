"""The living inbox: every change once, a warning before a request's time is over, and its expiry recorded."""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from attrs import define

from osprey.approval import Draft, Facts, file_request, identity_of
from osprey.approval.desk import approve, reject
from osprey.approval.kinds.document import write_content
from osprey.approval.people import authenticate
from osprey.cli.approvals.watch import Inbox
from osprey.control import Actor
from osprey.errors import StorageError
from osprey.journal import Journal, RequestRow, journal_of
from osprey.project import Project, open_project

pytestmark = pytest.mark.anyio


@define
class Clock:
    """The time of day, and as much as a test has put it forward."""

    ahead_ns: int = 0

    def __call__(self) -> int:
        return time.time_ns() + self.ahead_ns

    def move(self, seconds: float) -> None:
        self.ahead_ns += int(seconds * 1e9)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def project(inbox: Any, clock: Clock) -> AsyncIterator[Project]:
    inbox.configure({"two": {"persons": 2}}, expires_after_s=1000, warn_before_s=100)
    async with open_project(inbox.folder) as opened:
        journal = opened.part("journal", lambda p: Journal.open(p.database, clock=clock))
        opened.on_close(journal.aclose)
        yield opened


async def _filed(project: Project, text: str = "keep this") -> RequestRow:
    draft = Draft(
        document=write_content("memory_save", {"content": text}),
        title=text,
        thread="t1",
        risk="",
        actor=Actor(subject="os:guest"),
        facts=Facts(kind="memory_save"),
    )
    return await file_request(project, draft)


@pytest.fixture
def events(capsys: pytest.CaptureFixture[str]) -> Any:
    """Give what was printed since the last time: event and state of each request."""

    def read() -> list[tuple[str, str]]:
        found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        return [(one["event"], one["request"]["state"]) for one in found]

    return read


async def test_every_change_is_told_once(project: Project, clock: Clock, events: Any) -> None:
    waiting = await _filed(project)
    watch = Inbox(project, as_json=True, clock=clock)
    await watch.look()
    assert events() == [("waiting", "pending")]
    await watch.look()
    assert events() == []
    await _filed(project, "another")
    await watch.look()
    assert events() == [("filed", "pending")]
    await approve(project, waiting.id, waiting.sha256, await authenticate(project, "anna", "secret of anna"))
    await watch.look()
    assert events() == [("voted", "pending")]
    await approve(project, waiting.id, waiting.sha256, await authenticate(project, "ben", "secret of ben"))
    await watch.look()
    assert events() == [("changed", "approved")]


async def test_what_was_decided_between_two_looks_is_told_with_its_end(
    project: Project, clock: Clock, events: Any
) -> None:
    row = await _filed(project)
    watch = Inbox(project, as_json=True, clock=clock)
    await watch.look()
    await reject(project, row.id, identity_of(project), "no")
    events()
    await watch.look()
    assert events() == [("changed", "rejected")]


async def test_it_warns_once_before_the_time_is_over_and_records_the_expiry(
    project: Project, clock: Clock, events: Any
) -> None:
    row = await _filed(project)
    watch = Inbox(project, as_json=True, clock=clock)
    await watch.look()
    events()
    clock.move(899)
    await watch.look()
    assert events() == []
    clock.move(2)
    await watch.look()
    await watch.look()
    assert events() == [("expiring", "pending")]
    clock.move(100)
    await watch.look()
    assert events() == [("changed", "expired")]
    recorded = [one.event for one in await journal_of(project).audit.log() if one.subject == row.id]
    assert recorded == ["request.created", "request.expired"]


async def test_people_see_the_inbox_when_it_changes_and_only_then(
    project: Project, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    watch = Inbox(project, as_json=False, clock=clock)
    await watch.look()
    assert "0 requests not finished" in capsys.readouterr().out
    await watch.look()
    assert capsys.readouterr().out == ""
    row = await _filed(project)
    await watch.look()
    shown = capsys.readouterr()
    assert "1 request not finished" in shown.out
    assert row.id in shown.out
    assert "\a" not in shown.out + shown.err, "a pipe gets no bell"
    clock.move(950)
    await watch.look()
    assert re.search(rf"{row.id} ends in \d+ s, and nobody has decided it: keep this", capsys.readouterr().out)


async def test_a_database_that_cannot_be_read_is_said_once_and_looked_at_again(
    project: Project, clock: Clock, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*states: object, **more: object) -> list[RequestRow]:
        raise StorageError("the database is locked by another process")

    watch = Inbox(project, as_json=False, clock=clock)
    with monkeypatch.context() as patch:
        patch.setattr(journal_of(project).requests, "list", broken)
        await watch.look()
        await watch.look()
    assert capsys.readouterr().err.count("cannot be read now") == 1
    await watch.look()
    assert "0 requests not finished" in capsys.readouterr().out
