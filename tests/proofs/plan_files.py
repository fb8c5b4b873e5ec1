"""Plan files changed in every way, before and after the plan was approved: what begins is the approved plan, or none.

A file of a plan that waits is changed and submitted: then it is refused, or it is a request that nobody has approved.
"""

from __future__ import annotations

import json
import random
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from tests.proofs.tampering import Tally

from osprey.agent.gates import approved_plan, file_plan
from osprey.agent.plan_approval.files import plan_file, read_plan_file
from osprey.approval import desk, identity_of
from osprey.base import ApprovalNeeded, ExecutionPlan, PlannedStep
from osprey.errors import OspreyError, RefusedError
from osprey.journal import RequestRow, RequestState, journal_of
from osprey.project import Project, open_project

A_PROJECT: Final = 200
CONFIG: Final = "control_system: {targets: {bench: {connector: mock, posture: simulation, writes_enabled: true}}}\n"
Change = Callable[[Path, random.Random, Path], None]


def _bit(path: Path, chance: random.Random, _: Path) -> None:
    data = bytearray(path.read_bytes())
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    path.write_bytes(data)


def _value(path: Path, chance: random.Random, _: Path) -> None:
    _rewrite(path, lambda plan: plan["steps"][0]["parameters"].update(text=f"value {chance.random()}"))


def _step_more(path: Path, chance: random.Random, _: Path) -> None:
    step = {"context_key": f"more{chance.random()}", "capability": "memory", "task_objective": "more"}
    _rewrite(path, lambda plan: plan["steps"].append({**step, "parameters": {"op": "save", "text": "more"}}))


def _order(path: Path, chance: random.Random, _: Path) -> None:
    _rewrite(path, lambda plan: plan["steps"].reverse())


def _of_another(path: Path, _: random.Random, other: Path) -> None:
    shutil.copy(other, path)


def _plan_of_another(path: Path, _: random.Random, other: Path) -> None:
    theirs = json.loads(other.read_text(encoding="utf-8"))["plan"]
    ours = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**ours, "plan": theirs}), encoding="utf-8")


def _hash_too(path: Path, chance: random.Random, other: Path) -> None:
    theirs = json.loads(other.read_text(encoding="utf-8"))
    ours = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**ours, "sha256": theirs["sha256"], "plan": theirs["plan"]}), encoding="utf-8")


def _cut(path: Path, chance: random.Random, _: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: chance.randrange(len(data))])


def _a_link(path: Path, _: random.Random, other: Path) -> None:
    path.unlink()
    path.symlink_to(other)


CHANGES: Final[tuple[Change, ...]] = (
    _bit, _value, _step_more, _order, _of_another, _plan_of_another, _hash_too, _cut, _a_link,
)  # fmt: skip


def _rewrite(path: Path, change: Callable[[Any], object]) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content["plan"])
    path.write_text(json.dumps(content), encoding="utf-8")


async def run_plan_files(folder: Path, trials: int, seed: int) -> Tally:
    """Change so many plan files, half of them of plans that are approved, half of plans that wait."""
    chance, tally = random.Random(seed), Tally()
    while tally.trials < trials:
        place = folder / f"plans{tally.trials}"
        place.mkdir(parents=True)
        (place / "config.yml").write_text(CONFIG, encoding="utf-8")
        async with open_project(place) as project:
            _, other = await _filed(project, "other")
            for _ in range(min(A_PROJECT, trials - tally.trials)):
                await _trial(project, other, chance, tally)
        shutil.rmtree(place)
    return tally


async def _trial(project: Project, other: Path, chance: random.Random, tally: Tally) -> None:
    number = tally.trials
    change = CHANGES[number // 2 % len(CHANGES)]
    row, path = await _filed(project, f"plan {number}")
    is_approved = number % 2 == 0
    name = f"a_plan_file_{change.__name__.strip('_')}_{'after' if is_approved else 'before'}_the_approval"
    if is_approved:
        await desk.approve(project, row.id, row.sha256[:8], identity_of(project))
    change(path, chance, other)
    found = await (_begun if is_approved else _submitted)(project, row, tally)
    tally.rules.setdefault(name, Counter())[found] += 1


async def _begun(project: Project, row: RequestRow, tally: Tally) -> str:
    """Begin the approved plan; whatever stands in its file, it is the one of the document."""
    filed = json.loads(row.document)["content"]["plan"]["steps"]
    plan = await approved_plan(project, ApprovalNeeded(request_id=row.id, sha256=row.sha256))
    if not isinstance(plan, ExecutionPlan) or [dict(step.parameters) for step in plan.steps] != [
        step["parameters"] for step in filed
    ]:
        tally.faults.append(f"{row.id}: another plan than the approved one has begun: {plan}")
    return "the approved plan began"


async def _submitted(project: Project, row: RequestRow, tally: Tally) -> str:
    """Submit the file of a plan that waits, and have what came of it begin: nobody has approved it."""
    identity, requests = identity_of(project), journal_of(project).requests
    try:
        newer = await desk.edit(project, row.id, read_plan_file(project, row), identity)
    except OspreyError:
        newer = row
    for one in (newer, row):
        try:
            await approved_plan(project, ApprovalNeeded(request_id=one.id, sha256=one.sha256))
        except RefusedError:
            continue
        if (await requests.get(one.id)).state is not RequestState.SUPERSEDED:
            tally.faults.append(f"{one.id}: a plan that nobody has approved has begun")
    return "a request that waits" if newer is not row else "refused"


async def _filed(project: Project, text: str) -> tuple[RequestRow, Path]:
    steps = tuple(
        PlannedStep(
            context_key=f"step{place}", capability="memory", task_objective=text,
            parameters={"op": "save", "text": f"{text}, {place}"},
        )
        for place in range(2)
    )  # fmt: skip
    state: Any = {"thread": "t", "turn": text, "user_query": text, "target": "bench"}
    needed = await file_plan(project, state, ExecutionPlan(steps=steps))
    return await journal_of(project).requests.get(needed.request_id), plan_file(project, needed.request_id)
