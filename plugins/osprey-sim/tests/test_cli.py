"""`osprey sim`: what it prints, what it refuses, and that it finds the project's ring."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from osprey.api import OspreyError, UsageError
from osprey_sim import ioc
from osprey_sim.cli import sim
from osprey_sim.history import History

HCM03 = "SR:S02:HCM03:CURRENT:SP"
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)

    def run(*args: str | Path) -> Result:
        result = CliRunner().invoke(sim, [str(arg) for arg in args])
        if isinstance(result.exception, OspreyError):
            raise result.exception
        return result

    return run


def test_channels_are_printed_as_a_mapping_of_records(run: Run) -> None:
    rows = json.loads(run("channels", "--format", "json").stdout)["channels"]
    by_name = {row["name"]: row for row in rows}
    assert len(by_name) == len(rows) >= 300
    assert by_name[HCM03] == {
        "name": HCM03,
        "description": "Horizontal corrector HCM03 current setpoint",
        "device": "HCM03",
        "family": "HCM",
        "family_words": ["horizontal corrector", "horizontal steerer", "corrector magnet"],
        "sector": 2,
        "position_m": 16.0,
        "quantity": "current",
        "role": "setpoint",
        "unit": "A",
        "readback": "SR:S02:HCM03:CURRENT:RB",
        "aliases": ["HCM03:SP"],
    }


def test_channels_can_be_chosen_by_their_beginning(run: Run) -> None:
    rows = json.loads(run("channels", "--json", "--prefix", "SR:S04:VG").stdout)["channels"]
    assert [row["device"] for row in rows] == ["VG07", "VG08", "VG09", "VG10"]
    with pytest.raises(UsageError, match="begins with 'XX'"):
        run("channels", "--prefix", "XX")


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_the_core_reads_the_list_that_was_printed(run: Run, tmp_path: Path, form: str) -> None:
    from osprey.control.channels.channel_file import load_channels

    path = tmp_path / f"channels.{form}"
    path.write_text(run("channels", "--format", form).stdout)
    from osprey_sim.catalogue import ring_catalogue

    assert list(load_channels(path)) == [c.record for c in ring_catalogue().channels]


def test_a_fault_is_switched_on_listed_and_switched_off(run: Run, tmp_path: Path) -> None:
    state = tmp_path / "r.jsonl"
    assert run("fault", "on", "stuck", "hcm03", "--state", state).exit_code == 0
    (row,) = json.loads(run("fault", "list", "--json", "--state", state).stdout)
    assert (row["fault"], row["device"]) == ("stuck", "HCM03")
    assert "HCM03" in run("fault", "list", "--state", state).stdout
    assert run("fault", "off", "stuck", "HCM03", "--state", state).exit_code == 0
    assert json.loads(run("fault", "list", "--json", "--state", state).stdout) == []
    assert run("fault", "list", "--state", state).stdout == ""


def test_a_fault_that_cannot_be_is_a_usage_error_and_writes_nothing(run: Run, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot have the fault"):
        run("fault", "on", "leak", "HCM03", "--state", tmp_path / "r.jsonl")
    assert not (tmp_path / "r.jsonl").exists()


def test_a_state_is_shown_and_reset(run: Run, tmp_path: Path) -> None:
    state = tmp_path / "r.jsonl"
    History(state, seed=5).append({HCM03: 0.5})
    shown = json.loads(run("state", "show", "--json", "--state", state).stdout)
    assert shown == {"state": str(state), "seed": 5, "changes": 1}
    result = run("state", "reset", "--state", state)
    assert "r.jsonl.old" in result.stderr
    assert json.loads(run("state", "show", "--json", "--state", state).stdout)["changes"] == 0


def test_without_a_state_the_project_s_ring_is_meant(run: Run, tmp_path: Path) -> None:
    (tmp_path / "config.yml").write_text("")
    run("fault", "on", "stuck", "HCM03")
    assert "HCM03" in (tmp_path / ".osprey" / "targets" / "ring" / "ring.jsonl").read_text()
    assert json.loads(run("fault", "list", "--json", "--target", "ring").stdout)[0]["device"] == "HCM03"


def test_a_target_that_is_no_ring_is_refused_with_those_that_are(run: Run, tmp_path: Path) -> None:
    (tmp_path / "config.yml").write_text("")
    with pytest.raises(UsageError, match="no simulated ring; those are: ring"):
        run("fault", "list", "--target", "epics")


def test_state_and_target_together_are_refused(run: Run, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not both"):
        run("fault", "list", "--state", tmp_path / "r.jsonl", "--target", "ring")


def test_serve_needs_something_to_serve_over(run: Run) -> None:
    with pytest.raises(UsageError, match="--epics"):
        run("serve")


def test_without_softioc_serve_names_the_remedy(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ioc.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(OspreyError, match="pip install 'osprey-sim\\[epics\\]'"):
        run("serve", "--epics")
