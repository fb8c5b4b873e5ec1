"""A project under attack: people, rules, a machine and a logbook that count what was done, and a clock that obeys.

What was carried out is counted apart from Osprey: by the machine's puts, by rows of a table of its own, and by entries.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import anyio
from attrs import define, field

from osprey.approval import Draft, Facts, Identity, desk, file_request, file_write_request, filing, people, remembering
from osprey.approval.executing import carry_out_approved, spend_approved
from osprey.approval.kinds.document import write_content
from osprey.approval.people import authenticate
from osprey.control import Actor, ApplyRequest, JudgeRequest, MockConnector, WriteBatch, WriteItem, guard_of, targets_of
from osprey.control.guard.guard import Guard
from osprey.errors import RefusedError
from osprey.journal import Journal, RequestRow, journal_of
from osprey.project import Project, open_project

CHANNELS: Final = ("X:HCM1:SP", "X:HCM2:SP", "X:HCM3:SP")
ROLES: Final = {"alice": ["operator"], "bob": ["operator"], "carol": ["expert"], "dave": []}
POLICIES: Final[Mapping[str, Any]] = {
    "two": {"channels": [CHANNELS[1]], "persons": 2},
    "often": {"kinds": ["logbook_entry"], "remember_uses": 2, "remember_for_s": 600.0},
}
HOUR_S: Final = 3600.0
_SALT: Final = bytes(16)
_MACHINE: Final = """
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
_LIMITS: Final = "channels: {'X:*:SP': {min: -10, max: 10, tolerance_absolute: 0.01}}\n"
_TABLE: Final = "CREATE TABLE IF NOT EXISTS notes (text TEXT NOT NULL)"


@define
class Clock:
    """A clock that moves when it is told to, and a little with each look, as time does."""

    now_ns: int = 1_800_000_000 * 10**9

    def __call__(self) -> int:
        self.now_ns += 1000
        return self.now_ns

    def move(self, seconds: float) -> None:
        self.now_ns += int(seconds * 1e9)


@define
class Room:
    """One open project."""

    folder: Path
    project: Project
    clock: Clock
    machine: MockConnector
    entries: list[str] = field(factory=list)
    """What the logbook elsewhere was told."""
    _known: dict[str, Identity] = field(factory=dict)

    @property
    def journal(self) -> Journal:
        return journal_of(self.project)

    async def who(self, name: str) -> Identity:
        """Give somebody who has shown their secret; once is enough."""
        if name not in self._known:
            self._known[name] = await authenticate(self.project, name, _secret_of(name), actor=_actor(name))
        return self._known[name]

    async def ask_writes(self, *groups: Mapping[str, float], by: str = "alice") -> RequestRow:
        """File a list of writes."""
        for channel in CHANNELS:
            self.machine.change(channel, 0.0)
        made = [tuple(WriteItem(channel=name, value=value) for name, value in group.items()) for group in groups]
        batch = WriteBatch(target="bench", groups=tuple(made))
        judgement = await guard_of(self.project).judge(JudgeRequest(batch=batch, actor=_actor(by)))
        about: dict[str, Any] = {"kind": "channel_write", "title": "set", "thread": "t", "key": None}
        return await file_write_request(self.project, judgement, actor=_actor(by), **about)

    async def ask_text(self, kind: str, text: str, by: str = "alice") -> RequestRow:
        """File a request whose effect is a row of a table, or an entry elsewhere."""
        document = write_content(kind, {"content": text})
        about: dict[str, Any] = {"title": text, "thread": "t", "risk": "", "facts": Facts(kind=kind)}
        return await file_request(self.project, Draft(document=document, actor=_actor(by), **about))

    async def approve(self, row: RequestRow, *names: str, **more: Any) -> RequestRow:
        """Have people approve, one after the other."""
        for name in names:
            row = await desk.approve(self.project, row.id, row.sha256, await self.who(name), **more)
        return row

    async def execute(self, row: RequestRow, sha256: str | None = None) -> str:
        """Carry out a request by the way of its kind; give how it ended, or the rule that said no.

        The machine is as it was when the request was filed, so that nothing is refused for having moved.
        """
        sha256 = sha256 or row.sha256
        for channel in CHANNELS:
            self.machine.change(channel, 0.0)
        try:
            match row.kind:
                case "channel_write":
                    request = ApplyRequest(request_id=row.id, sha256=sha256, actor=_actor("alice"))
                    report = await guard_of(self.project).apply(request)
                    return report.rule or report.status
                case "memory_save":
                    ended = await spend_approved(self.project, row.id, sha256, _actor("alice"), _note)
                case _:
                    ended = await carry_out_approved(self.project, row.id, sha256, _actor("alice"), self._write)
        except RefusedError as error:
            return error.rule
        return str(ended.state)

    async def _write(self, content: Mapping[str, Any]) -> Mapping[str, Any]:
        await anyio.lowlevel.checkpoint()
        self.entries.append(str(content["content"]))
        return {}

    def executed(self) -> int:
        """Count everything that was ever carried out in this room."""
        rows = self.project.database.read_sync(lambda c: c.exec_driver_sql("SELECT count(*) FROM notes").scalar())
        return len(self.machine.puts) + len(self.entries) + int(rows or 0)

    async def last_refusal(self) -> str:
        """Give the rule of the newest row of the audit, if it tells of a refusal."""
        [row] = await self.journal.audit.log(limit=1)
        return str(row.detail["rule"]) if row.event == "refused" else ""


def write_project(folder: Path, policies: Mapping[str, Any] = POLICIES) -> None:
    """Write the configuration of a room."""
    known = {
        name: {"subjects": [f"os:{name}"], "roles": roles, "secret_hash": _cheap_hash(_secret_of(name))}
        for name, roles in ROLES.items()
    }
    folder.mkdir(parents=True, exist_ok=True)
    # JSON is YAML.
    approval = json.dumps({"people": known, "policies": dict(policies)})
    (folder / "config.yml").write_text(f"{_MACHINE}\napproval: {approval}\n", encoding="utf-8")
    (folder / "limits.yml").write_text(_LIMITS, encoding="utf-8")


@contextmanager
def _going_by(clock: Clock) -> Iterator[None]:
    """Have what asks for the time of day ask this clock."""
    kept = [(module, module.time) for module in (filing, people, remembering)]  # type: ignore[attr-defined]
    for module, _ in kept:
        module.time = SimpleNamespace(time_ns=clock)  # type: ignore[attr-defined]
    try:
        yield
    finally:
        for module, time in kept:
            module.time = time  # type: ignore[attr-defined]


@asynccontextmanager
async def open_room(folder: Path, clock: Clock) -> AsyncGenerator[Room]:
    """Open a room whose every part goes by one clock."""
    with _going_by(clock):
        async with open_project(folder) as project:
            journal = project.part("journal", lambda p: Journal.open(p.database, clock=clock))
            project.on_close(journal.aclose)
            project.part("guard", lambda p: Guard(p, clock=clock))
            project.database.general.run_sync(lambda connection: connection.exec_driver_sql(_TABLE))
            machine = (await targets_of(project).get()).connector
            assert isinstance(machine, MockConnector)
            yield Room(folder, project, clock, machine)


def _note(connection: Any, content: Mapping[str, Any]) -> Mapping[str, Any]:
    connection.exec_driver_sql("INSERT INTO notes VALUES (?)", (content["content"],))
    return {}


def _actor(name: str) -> Actor:
    return Actor(subject=f"os:{name}", terminal="pts/1", host="console")


def _secret_of(name: str) -> str:
    return f"the secret of {name}"


def _cheap_hash(secret: str) -> str:
    """Hash as `hash_secret` does, at a cost that thousands of trials can afford."""
    digest = hashlib.scrypt(secret.encode(), salt=_SALT, n=16, r=8, p=1, dklen=32)
    return f"scrypt:16:8:1:{_SALT.hex()}:{digest.hex()}"
