"""A project with the mock connector, the real journal, and the guard."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from attrs import define, field

from osprey.control import (
    Actor,
    ApplyReport,
    ApplyRequest,
    Judgement,
    JudgeRequest,
    MockConnector,
    MockSettings,
    Value,
    WriteBatch,
    WriteItem,
    guard_of,
    targets_of,
)
from osprey.control.guard.guard import Guard
from osprey.control.payload import write_document
from osprey.journal import Journal, NewRequest, RequestRow, journal_of
from osprey.project import Project, open_project
from osprey.registrations import Connector

FAR_FUTURE_NS = 4_000_000_000_000_000_000
ALICE = Actor(subject="os:alice", terminal="pts/1", host="console")


@define
class Plugins:
    """The part of the registry that the control room asks, with what a test puts into it."""

    connectors: dict[str, tuple[type, bool]] = field(factory=dict)
    archivers: dict[str, type] = field(factory=dict)
    policies: dict[str, Any] = field(factory=dict)
    policies_withheld: tuple[str, ...] = ()
    folds_case: bool = False

    def entry(self, point: str, name: str) -> Any:
        assert point == "connectors"
        registration = Connector(
            name=name,
            summary="",
            implementation="a:B",
            simulated=self.connectors[name][1],
            folds_case=self.folds_case,
            value_field="VAL",
        )
        return SimpleNamespace(registration=registration)

    def names(self, point: str) -> tuple[str, ...]:
        assert point == "write_policies"
        return tuple(self.policies)

    def resolve(self, point: str, name: str) -> Any:
        match point:
            case "connectors":
                return self.connectors[name][0]
            case "archivers":
                return self.archivers[name]
            case _:
                return self.policies[name]

    def settings_class(self, point: str, name: str) -> type | None:
        return MockSettings if point == "connectors" and name == "mock" else None


@define
class ControlRoom:
    """What a test of the guard does: judge, file, approve, apply."""

    project: Project
    plugins: Plugins
    connector: Any
    filed: int = 0

    @property
    def guard(self) -> Guard:
        return guard_of(self.project)

    @property
    def journal(self) -> Journal:
        return journal_of(self.project)

    async def judge(self, *groups: Mapping[str, Value] | Sequence[WriteItem], **batch: Any) -> Judgement:
        request = JudgeRequest(batch=batch_of_groups(*groups, **batch), actor=ALICE)
        return await self.guard.judge(request)

    async def approve(self, *groups: Mapping[str, Value] | Sequence[WriteItem], **batch: Any) -> ApplyRequest:
        judgement = await self.judge(*groups, **batch)
        assert judgement.is_allowed, [(item.rule, item.reason) for item in judgement.items]
        return await self.approve_document(write_document(judgement))

    async def approve_document(self, document: str, **changes: Any) -> ApplyRequest:
        self.filed += 1
        facts: dict[str, Any] = {
            "kind": "channel_write",
            "title": f"write {self.filed}",
            "thread": "t",
            "risk": "",
            "requester": ALICE.subject,
            "expires_ns": FAR_FUTURE_NS,
            "policy": self.project.config.approval.version,
            **changes,
        }
        row = await self.journal.requests.create(NewRequest(document=document, **facts))
        row = await self.journal.requests.approve(row.id, row.sha256, ALICE)
        return ApplyRequest(request_id=row.id, sha256=row.sha256, actor=ALICE)

    async def write(self, *groups: Mapping[str, Value] | Sequence[WriteItem], **batch: Any) -> ApplyReport:
        return await self.guard.apply(await self.approve(*groups, **batch))

    async def row(self, request: ApplyRequest | ApplyReport) -> RequestRow:
        return await self.journal.requests.get(request.request_id)

    async def refusals(self) -> list[str]:
        rows = await self.journal.audit.log()
        return [row.detail.get("rule", "") for row in rows if row.event == "refused"]


def batch_of_groups(*groups: Mapping[str, Value] | Sequence[WriteItem], **batch: Any) -> WriteBatch:
    """Make a batch of mappings from channel to value, or of items."""
    made = [
        tuple(WriteItem(channel=name, value=value) for name, value in group.items())
        if isinstance(group, Mapping)
        else tuple(group)
        for group in groups
    ]
    return WriteBatch(**{"target": "machine", "groups": tuple(made), **batch})


CONFIG = """
control_system:
  default_target: machine
  targets:
    machine:
      connector: mock
      posture: {posture}
      writes_enabled: {writes_enabled}
      read_timeout_s: 5.0
      write_timeout_s: {write_timeout_s}
      settings: {settings}
      limits: {{unlisted: {unlisted}{file}}}
"""


def _open_journal(project: Project, clock: Callable[[], int]) -> Journal:
    return project.part("journal", lambda p: Journal.open(p.database, clock=clock))


def make_project(
    root: Path,
    *,
    limits: str | None = None,
    posture: str = "simulation",
    writes_enabled: str = "true",
    unlisted: str = "native_only",
    write_timeout_s: float = 5.0,
    settings: str = "{}",
    limits_name: str = "limits.yml",
) -> Project:
    """Write a configuration with one target, and its limits file, and open the project."""
    root.mkdir(exist_ok=True)
    file = f", file: {limits_name}" if limits is not None else ""
    if limits is not None:
        (root / limits_name).write_text(limits)
    (root / "config.yml").write_text(
        CONFIG.format(
            posture=posture,
            writes_enabled=writes_enabled,
            write_timeout_s=write_timeout_s,
            settings=settings,
            unlisted=unlisted,
            file=file,
        )
    )
    return open_project(root)


async def open_room(
    project: Project,
    *,
    connector: type = MockConnector,
    policies: Mapping[str, Any] | None = None,
    clock: Callable[[], int] = time.time_ns,
    folds_case: bool = False,
) -> ControlRoom:
    """Open a project's default target with a registry of the test's own."""
    plugins = Plugins(connectors={"mock": (connector, True)}, policies=dict(policies or {}), folds_case=folds_case)
    project.part("registry", lambda _: plugins)
    project.on_close(_open_journal(project, clock).aclose)
    project.part("guard", lambda p: Guard(p, clock=clock))
    target = await targets_of(project).get()
    return ControlRoom(project, plugins, target.connector)


@pytest.fixture
async def make_room(tmp_path: Path) -> AsyncIterator[Callable[..., Any]]:
    """Give a maker of control rooms; each is a project of its own, closed at the end."""
    projects: list[Project] = []

    async def make(*, folder: str | None = None, **parts: Any) -> ControlRoom:
        root = tmp_path / (folder or f"project{len(projects)}")
        opening = {key: parts.pop(key) for key in ("connector", "policies", "clock", "folds_case") if key in parts}
        project = make_project(root, **parts)
        projects.append(project)
        return await open_room(project, **opening)

    yield make
    for project in projects:
        await project.aclose()


@pytest.fixture
def open_trial_room() -> Callable[..., Any]:
    """Give an opener of rooms for trials that change the limits all the time: JSON is read in no time."""

    async def open_it(folder: Path, connector: type, clock: Callable[[], int]) -> ControlRoom:
        project = make_project(folder, limits='{"channels": {"*": {}}}', limits_name="limits.json")
        return await open_room(project, connector=connector, clock=clock)

    return open_it


@pytest.fixture
def plugins() -> Plugins:
    """Give an empty registry to fill."""
    return Plugins()
