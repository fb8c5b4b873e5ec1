"""People are told of what happened to a request; whatever becomes of a notice, nothing else depends on it."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import anyio
import pytest
from attrs import frozen

from osprey.agent.session import open_agent
from osprey.api import Notice
from osprey.approval import Draft, Facts, Identity, Notifier, current_actor, desk, file_write_request, identity_of
from osprey.approval.filing import file_request_sync
from osprey.approval.kinds.document import write_content
from osprey.approval.notices import tell, tell_outcome, try_notifier
from osprey.approval.notifiers import NotSentError, delivery
from osprey.approval.remembering import Wish
from osprey.base import ApprovalNeeded
from osprey.config import NoticeEvent
from osprey.control import Actor, JudgeRequest, WriteBatch, WriteItem, guard_of
from osprey.errors import ConfigError, PluginError, StorageError, UsageError
from osprey.journal import AuditRow, NewRequest, RequestRow, RequestState, Voter, journal_of
from osprey.plugins import LoadOptions
from osprey.project import Project, open_project
from osprey.services.python_executor.applying.carrying_out import carry_out

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return request.param


CONTROL = """
facility: {name: Test ring}
control_system:
  default_target: bench
  targets:
    bench: {connector: mock, posture: simulation, writes_enabled: true, limits: {file: limits.yml}}
"""
LIMITS = "defaults: {min: -10, max: 10, tolerance_absolute: 0.01}\nchannels:\n  'BEND:CURRENT:SP': {}\n"
PLUGIN = '''"""Ways to tell people in these tests."""
from osprey.api import Notifier, hookimpl

@hookimpl
def osprey_notifiers():
    for name in ("pager", "broken", "hanging", "leaving", "mute"):
        settings = "toy_pagers:Settings" if name != "mute" else None
        yield Notifier(name=name, summary="a toy", implementation=f"toy_pagers:{name}", settings=settings)
'''


@frozen(kw_only=True)
class Settings:
    number: int = 0
    token: str = ""


class Told(list[tuple[int, Notice]]):
    """Who was told what, by the number in the settings."""

    def of(self, number: int = 0) -> list[NoticeEvent]:
        return [notice.event for told, notice in self if told == number]


class Broken:
    def __init__(self, settings: Settings) -> None:
        self._token = settings.token

    async def send(self, notice: Notice) -> None:
        raise RuntimeError(f"no route to {notice.title}\nwith token {self._token} at https://bob:{self._token}@x/")


class Leaving(Broken):
    async def send(self, notice: Notice) -> None:
        sys.exit(f"bye {self._token}")


class Hanging(Broken):
    ended = 0

    async def send(self, notice: Notice) -> None:
        try:
            await anyio.sleep_forever()
        finally:
            type(self).ended += 1


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    """The toy notifiers, and what the pager among them was given."""
    found = Told()

    class Pager(Broken):
        def __init__(self, settings: Settings) -> None:
            self._number = settings.number

        async def send(self, notice: Notice) -> None:
            found.append((self._number, notice))

    toys = ModuleType("toy_pagers")
    vars(toys).update(Settings=Settings, pager=Pager, broken=Broken, hanging=Hanging, leaving=Leaving, mute=dict)
    monkeypatch.setitem(sys.modules, "toy_pagers", toys)
    return found


Opened = Callable[[str], Project]


@pytest.fixture
async def opened(tmp_path: Path, told: Told) -> AsyncIterator[Opened]:
    """Open a project with this `approval` section."""
    projects: list[Project] = []
    (tmp_path / "limits.yml").write_text(LIMITS, encoding="utf-8")
    (tmp_path / "toy_plugin.py").write_text(PLUGIN, encoding="utf-8")

    def open_with(approval: str) -> Project:
        (tmp_path / "config.yml").write_text(f"{CONTROL}approval: {approval}\n", encoding="utf-8")
        options = LoadOptions(allow=(), local=(tmp_path / "toy_plugin.py",))
        projects.append(open_project(tmp_path, options=options))
        return projects[-1]

    yield open_with
    for project in projects:
        await project.aclose()


async def _stored(project: Project, **changes: Any) -> RequestRow:
    values = {
        "kind": "deployment",
        "title": "start the archive",
        "thread": "t1",
        "document": '{"content":{"services":["archive"]},"kind":"deployment","schema":1}',
        "risk": "low",
        "requester": "os:alice",
        "expires_ns": 4_000_000_000_000_000_000,
        "presentation": {},
    }
    return await journal_of(project).requests.create(NewRequest(**{**values, **changes}))


async def _write_request(project: Project, value: float = 0.3, **more: Any) -> RequestRow:
    item = WriteItem(channel="BEND:CURRENT:SP", value=value)
    request = JudgeRequest(batch=WriteBatch(target="bench", groups=((item,),)), actor=current_actor())
    judgement = await guard_of(project).judge(request)
    filed = {"kind": "channel_write", "title": "Set the bend", "thread": "t1", "key": f"t1/{value}", **more}
    return await file_write_request(project, judgement, actor=current_actor(), **filed)


async def _failures(project: Project) -> list[AuditRow]:
    return [row for row in await journal_of(project).audit.log() if row.event == "notice.failed"]


def _approver(name: str) -> Identity:
    voter = Voter(person=name, method="secret", is_authenticated=True)
    return Identity(actor=Actor(subject=f"os:{name}"), voter=voter)


# Who is told what


@pytest.mark.parametrize(
    ("wanted", "is_told"),
    [
        ("", True),
        ("events: [filed, ended]", True),
        ("events: [voted]", False),
        ("kinds: [deployment]", True),
        ("kinds: ['channel_*', 'deploy*']", True),
        ("kinds: [channel_write], events: [filed]", False),
    ],
)
async def test_an_entry_is_told_of_the_events_and_kinds_that_it_names(
    opened: Opened, told: Told, wanted: str, is_told: bool
) -> None:
    project = opened(f"{{notify: {{crew: {{via: pager, {wanted}}}}}}}".replace(", }", "}"))
    await tell(project, await _stored(project), NoticeEvent.FILED)
    assert told.of() == ([NoticeEvent.FILED] if is_told else [])


async def test_where_nobody_is_told_no_plugin_is_loaded(opened: Opened) -> None:
    project = opened("{}")
    await tell(project, await _stored(project), NoticeEvent.FILED)
    assert "registry" not in project._parts


async def test_two_entries_of_one_notifier_have_settings_of_their_own(opened: Opened, told: Told) -> None:
    settings = "a: {via: pager, settings: {number: 1}}, b: {via: pager, settings: {number: 2}}"
    project = opened(f"{{notify: {{{settings}}}}}")
    await tell(project, await _stored(project), NoticeEvent.FILED)
    assert sorted(number for number, _ in told) == [1, 2]


async def test_people_hear_of_the_whole_life_of_a_request(opened: Opened, told: Told) -> None:
    project = opened("{notify: {crew: {via: pager}}, policies: {two: {persons: 2}}}")
    row = await _write_request(project)
    for name in ("bob", "carol"):
        await desk.approve(project, row.id, row.sha256, _approver(name))
    await carry_out(project, ApprovalNeeded(request_id=row.id, sha256=row.sha256))
    assert told.of() == [NoticeEvent.FILED, NoticeEvent.VOTED, NoticeEvent.DECIDED, NoticeEvent.ENDED]
    voted, decided, ended = (notice for _, notice in told[1:])
    assert "has 1 of 2 approvals" in voted.subject()
    assert decided.approved_by == ("bob", "carol")
    assert f"{row.id} is done" in ended.subject()


async def test_a_no_is_told(opened: Opened, told: Told) -> None:
    project = opened("{notify: {crew: {via: pager}}}")
    row = await _write_request(project)
    await desk.reject(project, row.id, _approver("bob"), "not during user beam")
    assert [told[-1][1].event, told[-1][1].state] == [NoticeEvent.DECIDED, RequestState.REJECTED]


async def test_what_a_new_request_replaces_is_told_as_well(opened: Opened, told: Told) -> None:
    project = opened("{notify: {crew: {via: pager}}}")
    first = await _write_request(project)
    second = await _write_request(project, value=0.4, supersedes=first.id)
    events = {(notice.request_id, notice.event) for _, notice in told[1:]}
    assert events == {(first.id, NoticeEvent.DECIDED), (second.id, NoticeEvent.FILED)}
    filed = next(notice for _, notice in told if notice.request_id == second.id)
    assert f"It replaces or continues: {first.id}" in filed.text()


async def test_a_remembered_decision_is_told_as_one(opened: Opened, told: Told) -> None:
    project = opened("{notify: {crew: {via: pager}}, policies: {daily: {remember_uses: 3, remember_for_s: 600}}}")
    first = await _write_request(project)
    await desk.approve(project, first.id, first.sha256, identity_of(project), wish=Wish(uses=2, lasts_s=60))
    second = await _write_request(project, key="again")
    assert second.state is RequestState.APPROVED
    assert [told[-1][1].request_id, told[-1][1].event] == [second.id, NoticeEvent.DECIDED]


async def test_an_approval_that_the_guard_takes_back_is_told_as_withdrawn(opened: Opened, told: Told) -> None:
    project = opened("{notify: {crew: {via: pager}}}")
    row = await _write_request(project)
    await desk.approve(project, row.id, row.sha256, identity_of(project))
    (project.root / "limits.yml").write_text(LIMITS.replace("max: 10", "max: 0.1"), encoding="utf-8")
    report = await carry_out(project, ApprovalNeeded(request_id=row.id, sha256=row.sha256))
    assert report.status == "refused"
    assert [told[-1][1].event, told[-1][1].state] == [NoticeEvent.DECIDED, RequestState.WITHDRAWN]


async def test_people_are_told_of_what_is_filed_by_a_caller_that_cannot_await(opened: Opened, told: Told) -> None:
    project = opened("{notify: {crew: {via: pager}}}")
    draft = Draft(
        document=write_content("deployment", {"services": ["archive"]}),
        title="start the archive",
        thread="t1",
        risk="low",
        actor=current_actor(),
        facts=Facts(kind="deployment"),
    )
    row = file_request_sync(project, draft)
    await project.aclose()  # waits until they are
    assert [(notice.request_id, notice.event) for _, notice in told] == [(row.id, NoticeEvent.FILED)]


@pytest.mark.parametrize("anyio_backend", ["asyncio"])  # LangGraph's checkpoints need it
async def test_what_a_crash_has_left_behind_is_told(opened: Opened, told: Told) -> None:
    """Whoever starts after a crash records what became of a request, and people hear of it as of any other end."""
    project = opened("{notify: {crew: {via: pager}}}")
    row = await _write_request(project)
    await desk.approve(project, row.id, row.sha256, identity_of(project))
    dead = open_project(project.root)
    await journal_of(dead).ledger.claim(row.id, row.sha256, current_actor(), [])
    await dead.aclose()
    async with open_agent(project) as agent:
        await agent.ask("what is the weather")
    assert [told[-1][1].request_id, told[-1][1].event] == [row.id, NoticeEvent.ENDED]


async def test_an_outcome_is_told_only_where_it_has_come(opened: Opened, told: Told) -> None:
    project = opened("{notify: {crew: {via: pager}}}")
    row = await _stored(project)
    await tell_outcome(project, row.id, (RequestState.EXPIRED,))
    late = await _stored(project, expires_ns=1)
    await tell_outcome(project, late.id, (RequestState.EXPIRED,))
    assert [(notice.request_id, notice.event, notice.state) for _, notice in told] == [
        (late.id, NoticeEvent.ENDED, RequestState.EXPIRED)
    ]


# What may go wrong


async def test_a_notifier_that_fails_costs_an_audit_row_and_nothing_else(opened: Opened, told: Told) -> None:
    project = opened("{notify: {bad: {via: broken, settings: {token: hunter2}}, good: {via: pager}}}")
    row = await _write_request(project)
    assert row.state is RequestState.PENDING
    assert told.of() == [NoticeEvent.FILED]
    [failure] = await _failures(project)
    assert failure.subject == row.id
    assert failure.actor == "osprey:notices"
    assert failure.detail == {
        "notifier": "bad",
        "via": "broken",
        "event": "filed",
        "reason": "RuntimeError: no route to Set the bend with token ******** at https://bob:********@x/",
    }


@pytest.mark.parametrize("token", ["pass word", "it's\\n", "p/w?ü"])
async def test_no_secret_of_the_settings_gets_into_the_audit_in_another_spelling(
    opened: Opened, told: Told, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    from urllib.parse import quote

    async def send(self: Any, notice: Notice) -> None:
        raise ValueError(f"{token} {token!r} {quote(token, safe='')}")

    monkeypatch.setattr(Broken, "send", send)
    project = opened(f"{{notify: {{bad: {{via: broken, settings: {{token: {json.dumps(token)}}}}}}}}}")
    await tell(project, await _stored(project), NoticeEvent.FILED)
    [failure] = await _failures(project)
    assert failure.detail["reason"].replace("'", "").replace('"', "") == "ValueError: ******** ******** ********"


async def test_who_hangs_is_given_up_at_the_deadline_and_keeps_nobody_from_being_told(
    opened: Opened, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "DEADLINE_S", 0.2)
    monkeypatch.setattr(Hanging, "ended", 0)
    project = opened("{notify: {a: {via: hanging}, b: {via: pager}, c: {via: hanging}}}")
    await tell(project, await _stored(project), NoticeEvent.FILED)
    assert told.of() == [NoticeEvent.FILED]
    assert Hanging.ended == 2
    late = {(row.detail["notifier"], row.detail["reason"]) for row in await _failures(project)}
    assert late == {("a", "nobody was told within 0.2 s"), ("c", "nobody was told within 0.2 s")}


async def test_a_notifier_cannot_end_the_process(opened: Opened, told: Told) -> None:
    project = opened("{notify: {bad: {via: leaving, settings: {token: hunter2}}}}")
    await tell(project, await _stored(project), NoticeEvent.FILED)
    [failure] = await _failures(project)
    assert failure.detail["reason"] == "SystemExit: bye ********"


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("{via: pigeon}", "notifier 'pigeon' is not installed: pip install osprey-pigeon"),
        ("{via: pagr}", "notifier 'pagr' is not known: did you mean"),
        ("{via: pager, settings: {numbr: 1}}", "did you mean 'number'?"),
        ("{via: mute}", "notifier 'mute' has no method send(notice): add it to its class"),
    ],
)
async def test_an_entry_that_cannot_be_used_is_recorded_with_the_remedy(
    opened: Opened, entry: str, reason: str
) -> None:
    project = opened(f"{{notify: {{crew: {entry}}}}}")
    await tell(project, await _stored(project), NoticeEvent.FILED)
    [failure] = await _failures(project)
    assert reason in failure.detail["reason"]


async def test_a_request_that_cannot_be_shown_is_recorded_as_not_told(opened: Opened, told: Told) -> None:
    project = opened("{notify: {crew: {via: pager}}}")
    row = await _stored(project, kind="beam_request")
    await tell(project, row, NoticeEvent.FILED)
    [failure] = await _failures(project)
    assert "nothing declares the kind 'beam_request'" in failure.detail["reason"]
    assert not told


async def test_telling_raises_nothing_even_if_the_audit_cannot_be_written(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    project = opened("{notify: {bad: {via: broken, settings: {token: hunter2}}}}")
    row = await _stored(project)

    async def full(*_: Any) -> None:
        raise StorageError("the disk is full")

    monkeypatch.setattr(journal_of(project).audit, "record", full)
    with caplog.at_level(logging.WARNING):
        await tell(project, row, NoticeEvent.FILED)
    [line] = caplog.messages
    assert "bad was not told of" in line
    assert "the disk is full" in line
    assert "hunter2" not in line


# A trial


async def test_a_trial_reaches_an_entry_whatever_it_wants_to_hear(opened: Opened, told: Told) -> None:
    project = opened("{notify: {crew: {via: pager, events: [ended], kinds: [none]}}}")
    await try_notifier(project, "crew")
    [(_, notice)] = told
    assert "there is no such request" in notice.title
    assert notice.simulated


async def test_a_trial_that_fails_says_why(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "DEADLINE_S", 0.1)
    entries = "bad: {via: broken, settings: {token: hunter2}}, slow: {via: hanging}, gone: {via: pigeon}"
    project = opened(f"{{notify: {{{entries}, wrong: {{via: pager, settings: {{x: 1}}}}}}}}")
    with pytest.raises(NotSentError, match=r"notifier 'bad' \(via broken\) has told nobody: RuntimeError") as failed:
        await try_notifier(project, "bad")
    assert "hunter2" not in str(failed.value)
    with pytest.raises(NotSentError, match=r"nobody was told within 0\.1 s"):
        await try_notifier(project, "slow")
    with pytest.raises(PluginError, match=r"pip install osprey-pigeon"):
        await try_notifier(project, "gone")
    with pytest.raises(ConfigError, match=r"approval\.notify\.wrong\.settings\.x: unknown key"):
        await try_notifier(project, "wrong")
    with pytest.raises(UsageError, match="names no 'crew': it names bad, slow, gone, wrong"):
        await try_notifier(project, "crew")


def test_whatever_can_send_is_a_notifier() -> None:
    assert isinstance(Broken(Settings()), Notifier)
    assert not isinstance({}, Notifier)
