"""A project with people, rules and a machine that counts its puts."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from attrs import define, field

from osprey.approval import Draft, Facts, Identity, file_request, file_write_request, identity_of
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
from osprey.journal import Journal, RequestRow, journal_of
from osprey.project import Project, open_project

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

    async def asked(self, *groups: Mapping[str, float], by: str = "alice", **more: Any) -> RequestRow:
        """File a list of writes, each mapping a group; without any, one write."""
        made = groups or ({CHANNELS[0]: 1.5},)
        batch = WriteBatch(
            target="bench",
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

    async def state(self, row: RequestRow) -> str:
        return str((await self.journal.requests.get(row.id)).state)

    async def rules(self) -> list[str]:
        """Give the rule of every refusal that stands in the audit."""
        return [row.detail["rule"] for row in await self.journal.audit.log() if row.event == "refused"]


Maker = Callable[..., Awaitable[Room]]


@pytest.fixture
async def make_room(tmp_path: Path) -> AsyncIterator[Maker]:
    """Give a maker of rooms with the policies of a test; each is closed at the end."""
    rooms: list[Room] = []

    async def make(policies: Mapping[str, Any] | None = None, **approval: Any) -> Room:
        folder = tmp_path / f"project{len(rooms)}"
        folder.mkdir()
        (folder / "config.yml").write_text(config_of(policies or {}, **approval), encoding="utf-8")
        (folder / "limits.yml").write_text(LIMITS, encoding="utf-8")
        rooms.append(await open_room(folder))
        return rooms[-1]

    yield make
    for room in rooms:
        await room.project.aclose()


async def open_room(folder: Path, clock: Clock | None = None) -> Room:
    """Open a project whose journal and guard go by a clock of the test's own."""
    clock = clock or Clock()
    project = open_project(folder)
    journal = project.part("journal", lambda p: Journal.open(p.database, clock=clock))
    project.on_close(journal.aclose)
    project.part("guard", lambda p: Guard(p, clock=clock))
    target = await targets_of(project).get()
    assert isinstance(target.connector, MockConnector)
    return Room(project, target.connector, clock)
