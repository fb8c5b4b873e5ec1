"""The main job, as a person does it, on the ring and on the ring's IOC: from words to a recorded effect."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

pytestmark = [pytest.mark.sandbox, pytest.mark.ioc]

Line = Any


@pytest.fixture(params=["ring", "epics"])
def machine(request: pytest.FixtureRequest) -> Line:
    return request.getfixturevalue(request.param)


@pytest.fixture
def ask(machine: Line, target_of: Callable[[Line], list[str]]) -> Callable[..., Any]:
    def run(question: str, code: int = 0) -> dict[str, Any]:
        return machine("ask", "--json", *target_of(machine), question, code=code).json

    return run


def test_the_beam_current_is_read_with_its_unit(ask: Callable[..., Any]) -> None:
    turn = ask("what is the beam current")
    assert turn["status"] == "done"
    assert " mA" in turn["answer"]
    assert set(turn) == {"thread", "status", "answer", "approval", "runs", "artifacts", "warnings"}


def test_the_horizontal_orbit_is_plotted_and_recorded(ask: Callable[..., Any]) -> None:
    turn = ask("plot the horizontal orbit")
    [figure] = [Path(path) for path in turn["artifacts"] if path.endswith(".png")]
    assert figure.read_bytes().startswith(b"\x89PNG")
    [notebook] = [path for path in turn["artifacts"] if path.endswith(".ipynb")]
    nbformat.validate(nbformat.read(notebook, as_version=4))


def test_mean_and_spread_of_the_last_ten_minutes_come_from_the_archive(ask: Callable[..., Any]) -> None:
    turn = ask("mean and spread of the beam current over the last ten minutes, with a plot")
    assert turn["status"] == "done"
    assert "mA" in turn["answer"]
    assert any(path.endswith(".png") for path in turn["artifacts"])


def test_vacuum_channels_of_a_sector_are_found(ask: Callable[..., Any]) -> None:
    turn = ask("which channels measure vacuum in sector 4")
    assert "S04" in turn["answer"]
    assert "S05" not in turn["answer"]


def test_a_set_point_is_written_once_after_approval(machine: Line, ask: Callable[..., Any]) -> None:
    turn = ask("set HCM03 to 0.5 A", code=4)
    assert turn["status"] == "waiting"
    waiting = machine.approve_waiting()
    assert waiting["id"] == turn["approval"]
    done = machine("resume", turn["thread"], "--json").json
    assert done["status"] == "done"
    assert "1 of 1 writes confirmed" in done["answer"]
    again = machine("resume", turn["thread"], "--json").json
    assert again["answer"] == done["answer"]
    [finished] = [row for row in machine("approvals", "list", "--all", "--json").json if row["id"] == waiting["id"]]
    assert finished["state"] == "done"
    read = ask("what is the setpoint of HCM03")
    assert "0.5 A" in read["answer"]
    ask("set HCM03 to 0 A", code=4)
    machine.approve_waiting()


def test_a_rehearsed_change_is_replayed_and_observed(machine: Line, ask: Callable[..., Any]) -> None:
    question = "raise every horizontal corrector of sector 2 by 0.1 A and show the orbit before and after"
    turn = ask(question, code=4)
    shown = machine("approvals", "show", turn["approval"], "--json").json
    assert len(shown["document"]["writes"]["groups"][0]) == 2
    machine.approve_waiting()
    done = machine("resume", turn["thread"], "--json").json
    assert done["status"] == "done", done
    assert "2 of 2 writes confirmed" in done["answer"]
    assert any(path.endswith(".png") for path in done["artifacts"])
    [folder] = done["runs"]
    plan = json.loads((Path(folder) / "plan.json").read_text(encoding="utf-8"))
    assert len(plan["rehearsed_reads"]) > 0


def test_a_rejected_request_ends_the_step_and_writes_nothing(machine: Line, ask: Callable[..., Any]) -> None:
    turn = ask("set HCM05 to 0.25 A", code=4)
    machine("approvals", "reject", turn["approval"], "--reason", "wrong magnet")
    done = machine("resume", turn["thread"], "--json", code=3).json
    assert done["status"] == "refused"
    assert "wrong magnet" in done["answer"]
    assert "Nothing was written" in done["answer"]
