"""Asks the requests of a run: for real, in a project of its own on a simulated target, with nobody to approve."""

from __future__ import annotations

import math
import re
import shutil
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import anyio
from attrs import field, frozen

from osprey.agent.plan_approval.validation import read_plan, require_valid
from osprey.agent.session import open_agent
from osprey.agent.state import TurnStatus
from osprey.control import Reading, targets_of
from osprey.errors import OspreyError, RefusedError, UsageError
from osprey.evaluation.expectations import Ending, Entry
from osprey.evaluation.observations import Observation, channels_in, spans_in, writes_of
from osprey.evaluation.patterns import channels_to_know
from osprey.evaluation.runs import CONFIG_FILE
from osprey.journal import journal_of
from osprey.project import open_project

if TYPE_CHECKING:
    from osprey.agent.session import Agent
    from osprey.agent.state import TurnResult
    from osprey.control.channels.directory import ChannelDirectory
    from osprey.evaluation.runs import Run
    from osprey.project import Project

LONGEST_S: Final = 120.0
"""A request that takes longer has failed: a model that hangs must not stop the run."""
_ENDINGS: Final = {
    TurnStatus.DONE: Ending.DONE,
    TurnStatus.WAITING: Ending.WAITING,
    TurnStatus.REFUSED: Ending.REFUSED,
}
_SIMULATED: Final = re.compile(r"\n\(Simulation: [^\n]*\Z")
"""The line that ends every answer here."""
_LEFT: Final = (".osprey", ".git", ".venv", "__pycache__")
_CONFIG: Final = "facility: {time_zone: UTC}\n"


@frozen(kw_only=True)
class _Said:
    """What came of one message."""

    ending: Ending
    answer: str = ""
    error: str = ""
    plan: Mapping[str, Any] = field(factory=dict[str, Any])
    contexts: Mapping[str, Any] = field(factory=dict[str, Any])
    usage: Mapping[str, Any] = field(factory=dict[str, Any])

    @property
    def steps(self) -> list[dict[str, Any]]:
        return list(self.plan.get("steps", ()))


class Interview:
    """One project in which requests are asked, each on a thread of its own."""

    def __init__(self, project: Project, agent: Agent, target: str, directory: ChannelDirectory) -> None:
        self._project = project
        self._agent = agent
        self._target = target
        self.directory = directory

    async def ask(self, entry: Entry, repetition: int) -> Observation:
        """Ask a request, all its turns, and say what the last one came to."""
        thread = f"{entry.id}-{repetition}"
        for said in entry.turns[:-1]:
            await self._say(said, thread)
        before = {row.id for row in await self._requests(thread)}
        started_ns, started = time.time_ns(), time.perf_counter()
        said = await self._say(entry.turns[-1], thread)
        seconds = time.perf_counter() - started
        filed = [row for row in await self._requests(thread) if row.id not in before]
        writes = writes_of(filed)
        found = [step for step in said.steps if step["capability"] == "channel_find"]
        named = [step["parameters"] for step in said.steps]
        shown = [said.contexts.get(step["context_key"]) for step in found]
        return Observation(
            entry=entry.id,
            repetition=repetition,
            asked_ns=started_ns,
            ending=said.ending,
            answer=said.answer,
            capabilities=tuple(step["capability"] for step in said.steps),
            channels=tuple(sorted(channels_in([named, shown, [write.channel for write in writes]], self.directory))),
            spans=tuple(spans_in(named)),
            writes=tuple(writes),
            plan_fault=self._fault_of(said.plan),
            present=await self._read(channels_to_know(entry, self.directory)),
            seconds=seconds,
            error=said.error,
            input_tokens=said.usage.get("input_tokens"),
            output_tokens=said.usage.get("output_tokens"),
            cost=said.usage.get("cost"),
            discarded=said.usage.get("discarded"),
        )

    async def _say(self, said: str, thread: str) -> _Said:
        try:
            with anyio.fail_after(LONGEST_S):
                result = await self._agent.ask(said, target=self._target, thread=thread)
        except OspreyError as exc:
            return _Said(ending=Ending.REFUSED if isinstance(exc, RefusedError) else Ending.FAILED, answer=str(exc))
        except TimeoutError:
            return _Said(ending=Ending.FAILED, error=f"no answer within {LONGEST_S:g} s")
        except Exception as exc:  # noqa: BLE001 - a defect fails its request, is reported, and stops no other
            return _Said(ending=Ending.FAILED, error=f"{type(exc).__name__}: {exc}")
        return _Said(
            ending=_ending(result),
            answer=result.answer,
            plan=result.plan,
            contexts=result.contexts,
            usage=result.usage,
        )

    async def _requests(self, thread: str) -> list[Any]:
        return await journal_of(self._project).requests.list(thread=thread)

    def _fault_of(self, plan: Mapping[str, Any]) -> str | None:
        if not plan.get("steps"):
            return None
        try:
            require_valid(read_plan(plan), self._project.registry)
        except UsageError as exc:
            return str(exc)
        return ""

    async def _read(self, names: list[str]) -> dict[str, float]:
        if not names:
            return {}
        target = await targets_of(self._project).get(self._target)
        results = await target.connector.read(names, timeout_s=target.config.read_timeout_s)
        numbers = (each for each in results if isinstance(each, Reading) and isinstance(each.value, int | float))
        values = {each.channel: float(each.value) for each in numbers}  # pyright: ignore[reportArgumentType]
        return {name: value for name, value in values.items() if math.isfinite(value)}

    async def setpoints(self) -> dict[str, float]:
        """Read everything that can be set."""
        return await self._read([record.name for record in self.directory.records if record.role == "setpoint"])

    async def effects(self) -> list[str]:
        """Give every write that the ledger knows of: none, since nobody approves."""
        rows = await journal_of(self._project).ledger.list(unresolved_only=False)
        return [f"{row.channel} ({row.state})" for row in rows]


def _ending(result: TurnResult) -> Ending:
    if result.unplanned is not None:
        return Ending(result.unplanned.value)
    if result.turn and result.status is TurnStatus.DONE and not result.plan.get("steps"):
        # Planned as it goes, and nothing was: a model's words alone ask, or say why there is nothing to do.
        return Ending.ASKS if _SIMULATED.sub("", result.answer).rstrip().endswith("?") else Ending.NOT_UNDERSTOOD
    return _ENDINGS.get(result.status, Ending.FAILED)


@asynccontextmanager
async def open_interview(run: Run) -> AsyncGenerator[Interview]:
    """Open the run's project in a temporary folder, which is gone afterwards, and its agent.

    :raises UsageError: the project has a target that is no simulation; an evaluation speaks to no real machine.
    """
    with TemporaryDirectory(prefix="osprey-eval-") as temporary:
        folder = Path(temporary, "project")
        _lay_out(run.project, folder)
        async with open_project(folder) as project:
            _require_simulations(project)
            async with open_agent(project) as agent:
                name = run.file.target or project.config.control_system.default_target
                target = await targets_of(project).get(name)
                yield Interview(project, agent, name, await target.directory())


def _lay_out(source: Path | None, folder: Path) -> None:
    """Copy a project's files, but nothing of what it has done."""
    if source is None:
        folder.mkdir()
        (folder / CONFIG_FILE).write_text(_CONFIG, encoding="utf-8")
        return
    try:
        shutil.copytree(source, folder, ignore=shutil.ignore_patterns(*_LEFT))
    except (OSError, shutil.Error) as exc:
        msg = f"the project in {source} cannot be copied ({exc}): name a folder with its files alone"
        raise UsageError(msg) from exc


def _require_simulations(project: Project) -> None:
    for name, target in project.config.control_system.targets.items():
        if not project.registry.entry("connectors", target.connector).registration.simulated:
            msg = f"target {name!r} is no simulation: an evaluation asks simulated targets only; leave it out"
            raise UsageError(msg)
