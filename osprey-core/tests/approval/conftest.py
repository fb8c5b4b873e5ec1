"""A project with people, rules and a machine that counts its puts."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from attrs import define, field

from osprey.approval import Draft, Facts, Identity, file_request, file_write_request, identity_of
from osprey.approval.executing import carry_out_approved, grant_approved, spend_approved
from osprey.approval.kinds.document import write_content
from osprey.approval.people import authenticate
from osprey.control import (
    Actor,
    ApplyReport,
    ApplyRequest,
    JudgeRequest,
    MockConnector,
    WriteBatch,
    WriteItem,
    guard_of,
    targets_of,
)
from osprey.control.guard.guard import Guard
from osprey.errors import RefusedError, StorageError
from osprey.journal import Journal, RequestRow, Voter, journal_of
from osprey.project import Project, open_project
from osprey.storage import Database

CHANNELS = ("X:HCM1:SP", "X:HCM2:SP", "X:HCM3:SP")
SALT = bytes(16)
ROLES = {"alice": ["operator"], "bob": ["operator"], "carol": ["expert"], "dave": []}
MACHINE = """
control_system:
  default_target: bench
  targets:
    bench:
      connector: mock
      posture: approval
      writes_enabled: true
      settings: {noise: 0}
      limits: {file: limits.yml}
    annex:
      connector: mock
      posture: approval
      writes_enabled: true
      settings: {noise: 0}
      limits: {file: limits.yml}
"""
LIMITS = "channels: {'X:*:SP': {min: -10, max: 10, tolerance_absolute: 0.01}}\n"


def secret_of(name: str) -> str:
    return f"the secret of {name}"


def cheap_hash(secret: str) -> str:
    """Hash as `hash_secret` does, at a cost that a test can afford."""
    digest = hashlib.scrypt(secret.encode(), salt=SALT, n=16, r=8, p=1, dklen=32)
    return f"scrypt:16:8:1:{SALT.hex()}:{digest.hex()}"


def config_of(policies: Mapping[str, Any], **approval: Any) -> str:
    """Give a configuration with four people, each with a subject and a secret, and these policies."""
    people = {
        name: {"subjects": [f"os:{name}"], "roles": roles, "secret_hash": cheap_hash(secret_of(name))}
        for name, roles in ROLES.items()
    }
    # JSON is YAML.
    return f"{MACHINE}\napproval: {json.dumps({'people': people, 'policies': dict(policies), **approval})}\n"


@define
class Clock:
    """The time of day, and as much as a test has put it forward or back."""

    ahead_ns: int = 0

    def __call__(self) -> int:
        return time.time_ns() + self.ahead_ns

    def move(self, seconds: float) -> None:
        self.ahead_ns += int(seconds * 1e9)


@define
class Room:
    """A project with what a test needs to ask, decide and carry out."""

    project: Project
    machine: MockConnector
    clock: Clock = field(factory=Clock)

    @property
    def journal(self) -> Journal:
        return journal_of(self.project)

    def who(self, name: str) -> Identity:
        """Give somebody as the operating system knows them."""
        return identity_of(self.project, Actor(subject=f"os:{name}", terminal="pts/1", host="console"))

    async def proved(self, name: str, *, at: str | None = None) -> Identity:
        """Give somebody who has shown their secret, at the terminal of somebody else perhaps."""
        actor = Actor(subject=f"os:{at or name}", terminal="pts/1", host="console")
        return await authenticate(self.project, name, secret_of(name), actor=actor)

    async def asked(
        self, *groups: Mapping[str, float], by: str = "alice", target: str = "bench", **more: Any
    ) -> RequestRow:
        """File a list of writes, each mapping a group; without any, one write."""
        made = groups or ({CHANNELS[0]: 1.5},)
        batch = WriteBatch(
            target=target,
            groups=tuple(
                tuple(WriteItem(channel=name, value=value) for name, value in group.items()) for group in made
            ),
        )
        actor = self.who(by).actor
        judgement = await guard_of(self.project).judge(JudgeRequest(batch=batch, actor=actor))
        filed = {"kind": "channel_write", "title": "set", "thread": "t1", "key": None, **more}
        return await file_write_request(self.project, judgement, actor=actor, **filed)

    async def asked_text(self, kind: str = "memory_save", text: str = "keep this", by: str = "alice") -> RequestRow:
        """File a request that carries no writes."""
        draft = Draft(
            document=write_content(kind, {"content": text}),
            title=text,
            thread="t1",
            risk="",
            actor=self.who(by).actor,
            facts=Facts(kind=kind),
        )
        return await file_request(self.project, draft)

    async def apply(self, row: RequestRow, *, sha256: str | None = None) -> ApplyReport:
        request = ApplyRequest(request_id=row.id, sha256=sha256 or row.sha256, actor=self.who("alice").actor)
        return await guard_of(self.project).apply(request)

    async def reopen(self) -> None:
        """Go on in a new process, as far as the project can tell."""
        folder = self.project.root
        await self.project.aclose()
        fresh = await open_room(folder, self.clock)
        self.project, self.machine = fresh.project, fresh.machine

    async def state(self, row: RequestRow) -> str:
        return str((await self.journal.requests.get(row.id)).state)

    async def rules(self) -> list[str]:
        """Give the rule of every refusal that stands in the audit."""
        return [row.detail["rule"] for row in await self.journal.audit.log() if row.event == "refused"]


GUARDED = ("channel_write", "python_executor")
GRANTED = ("orchestrator_plan", "channel_read")


@define
class Trial:
    """One path by which something takes effect, in a room of its own."""

    room: Room
    path: str
    patch: pytest.MonkeyPatch
    done: list[str] = field(factory=list)
    sha256: str = ""
    """Another hash than the request's, to be carried out by."""
    heal: Callable[[], Any] = field(default=lambda: None)
    """Ends a fault that can end."""

    async def asked(self, by: str = "alice") -> Any:
        self.room.machine.change(CHANNELS[0], 0.0)
        if self.path in GUARDED:
            return await self.room.asked({CHANNELS[0]: 1.5}, by=by, kind=self.path)
        return await self.room.asked_text(self.path, by=by)

    async def approved(self) -> Any:
        row = await self.asked()
        requests = self.room.journal.requests
        return await requests.approve(row.id, row.sha256, self.room.who("bob").actor, voter=Voter(person="bob"))

    async def carry_out(self, row: Any) -> str:
        """Have it take effect by its path; give how that ended, or the rule that said no."""
        project, actor, sha256 = self.room.project, self.room.who("alice").actor, self.sha256 or row.sha256
        try:
            if self.path in GUARDED:
                report = await self.room.apply(row, sha256=sha256)
                return report.rule or report.status
            if self.path in GRANTED:
                ended = await grant_approved(project, row.id, sha256, actor)
                self.done.append(row.id)
            elif self.path == "memory_save":
                ended = await spend_approved(project, row.id, sha256, actor, self._keep)
            else:
                ended = await carry_out_approved(project, row.id, sha256, actor, self._work)
        except RefusedError as error:
            return error.rule
        except StorageError:
            return "ledger.unavailable"
        return str(ended.state)

    def _keep(self, connection: Any, content: Mapping[str, Any]) -> Mapping[str, Any]:
        connection.exec_driver_sql("INSERT INTO noted VALUES (?, '')", (f"effect {content['content']}",))
        return {}

    async def _work(self, content: Mapping[str, Any]) -> Mapping[str, Any]:
        self.done.append(content["content"])
        return {}

    async def effects(self) -> int:
        """Count everything that was carried out."""
        query = "SELECT count(*) FROM noted WHERE name LIKE 'effect %'"
        kept = self.room.project.database.read_sync(lambda c: c.exec_driver_sql(query).scalar())
        return len(self.room.machine.puts) + len(self.done) + kept

    async def reopen(self) -> None:
        """Go on in a new process; the machine stands as it was when the request was filed."""
        await self.room.reopen()
        self.room.machine.change(CHANNELS[0], 0.0)

    def copy(self) -> Path:
        """Keep a copy of the database as it is now."""
        kept = self.room.project.root / "kept.db"
        with closing(sqlite3.connect(self.room.project.database.path)) as now, closing(sqlite3.connect(kept)) as then:
            now.backup(then)
        return kept

    def do(self, statement: str) -> None:
        """Run a statement on the database from outside."""
        with closing(sqlite3.connect(self.room.project.database.path)) as raw, raw:
            raw.execute(statement)

    def tamper(self, statement: str, *values: Any) -> None:
        """Change the database as somebody without the audit's key could."""
        with closing(sqlite3.connect(self.room.project.database.path)) as raw, raw:
            triggers = raw.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
            for name, _ in triggers:
                raw.execute(f"DROP TRIGGER {name}")
            raw.execute(statement, values)
            for _, sql in triggers:
                raw.execute(sql)


Maker = Callable[..., Awaitable[Room]]


@pytest.fixture
async def make_room(tmp_path: Path) -> AsyncIterator[Maker]:
    """Give a maker of rooms with the policies of a test; each is closed at the end."""
    rooms: list[Room] = []

    async def make(policies: Mapping[str, Any] | None = None, **approval: Any) -> Room:
        folder = tmp_path / f"project{len(rooms)}"
        folder.mkdir(exist_ok=True)
        (folder / "config.yml").write_text(config_of(policies or {}, **approval), encoding="utf-8")
        (folder / "limits.yml").write_text(LIMITS, encoding="utf-8")
        rooms.append(await open_room(folder))
        return rooms[-1]

    yield make
    for room in rooms:
        await room.project.aclose()


@pytest.fixture
def make_trial(make_room: Maker, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Awaitable[Trial]]:
    """Give a maker of trials of one path."""

    async def make(path: str, policies: Mapping[str, Any] | None = None) -> Trial:
        return Trial(await make_room(policies), path, monkeypatch)

    return make


async def open_room(folder: Path, clock: Clock | None = None) -> Room:
    """Open a project whose journal and guard go by a clock of the test's own."""
    clock = clock or Clock()
    project = open_project(folder)
    # A test that locks the database need not wait for long.
    database = project.part("database", lambda p: Database.open(p.state_dir, busy_timeout_s=0.5))
    project.on_close(database.aclose)
    journal = project.part("journal", lambda p: Journal.open(p.database, clock=clock))
    project.on_close(journal.aclose)
    project.part("guard", lambda p: Guard(p, clock=clock))
    target = await targets_of(project).get()
    assert isinstance(target.connector, MockConnector)
    return Room(project, target.connector, clock)
