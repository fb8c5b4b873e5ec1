"""`osprey channels` on a mock: find, read, write through approval, watch, info."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from osprey.cli.channel_watch import sparkline
from osprey.cli.root import osprey
from osprey.errors import UsageError

CONFIG = """
control_system:
  default_target: bench
  targets:
    bench:
      connector: mock
      posture: simulation
      writes_enabled: true
      limits: {file: limits.yml}
      channels: channels.yml
      settings: {noise: 0, faults: {"SR:GONE": missing, "SR:WEAK": minor, "SR:NAN:RB": nan}}
    shut: {connector: mock, posture: read_only}
"""
LIMITS = """
defaults: {tolerance_absolute: 0.01}
channels:
  "SR:HCM*:CURRENT:SP": {min: -5, max: 5}
  "SR:SHUTTER": {allowed: [OPEN, CLOSED]}
  "SR:TITLE": {}
"""
CHANNELS = """
channels:
- {name: "SR:HCM1:CURRENT:SP", device: HCM1, family: HCM, family_words: [horizontal corrector], quantity: current,
   role: setpoint, unit: A, sector: 1, description: "Corrector 1 set point", aliases: [STEER1]}
- {name: "SR:HCM1:CURRENT:RB", device: HCM1, family: HCM, family_words: [horizontal corrector], quantity: current,
   unit: A, sector: 1, description: "Corrector 1"}
- {name: "SR:HCM2:CURRENT:SP", device: HCM2, family: HCM, family_words: [horizontal corrector], quantity: current,
   role: setpoint, unit: A, sector: 2, description: "Corrector 2 set point"}
- {name: "SR:HCM2:FIELD:SP", device: HCM2, quantity: field, role: setpoint, sector: 2}
- {name: "SR:DCCT:LIFETIME", device: DCCT, quantity: lifetime, unit: h}
- {name: "SR:SHUTTER", role: setpoint, description: "Beam shutter"}
- {name: "SR:TITLE", role: setpoint, description: "What is shown"}
"""


class Bench:
    """Commands in one project."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *arguments: str, stdin: str | None = None) -> Result:
        return CliRunner().invoke(osprey, ["--project", str(self.folder), *arguments], input=stdin)

    def channels(self, *arguments: str, stdin: str | None = None) -> Result:
        return self.run("channels", *arguments, stdin=stdin)

    def json(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--json").stdout)

    def requested(self, *arguments: str) -> list[list[tuple[str, str]]]:
        """Request writes, and give what the request would do, group by group."""
        asked = self.json("channels", "write", *arguments)
        assert asked["status"] == "waiting", asked
        document = self.json("approvals", "show", asked["approval"])["document"]
        return [[(item["channel"], item["value"]) for item in group] for group in document["writes"]["groups"]]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    for name, text in (("config.yml", CONFIG), ("limits.yml", LIMITS), ("channels.yml", CHANNELS)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return Bench(tmp_path)


def test_channels_are_found_by_words_with_slips(bench: Bench) -> None:
    found = bench.json("channels", "find", "horizontl", "corector", "sector", "2")
    assert found["count"] == 1
    assert found["channels"][0]["name"] == "SR:HCM2:CURRENT:SP"
    shown = bench.channels("find", "corrector", "--limit", "1")
    assert "and 2 more" in shown.stderr
    assert len(shown.stdout.splitlines()) == 1


def test_nothing_found_ends_with_1(bench: Bench) -> None:
    result = bench.channels("find", "xylophone")
    assert (result.exit_code, result.stdout) == (1, "")
    assert bench.json("channels", "find", "xylophone") == {"count": 0, "channels": []}


def test_a_target_without_a_list_says_so(bench: Bench) -> None:
    result = bench.channels("find", "corrector", "--target", "shut")
    assert "lists no channels" in result.stderr


def test_a_reading_shows_what_was_asked(bench: Bench) -> None:
    names = ["SR:HCM1:CURRENT:SP.VAL", "STEER1", "lifetime", "SR:UNLISTED:CURRENT"]
    rows = bench.json("channels", "read", *names)
    assert [row["asked"] for row in rows] == names
    assert [row["channel"] for row in rows] == [names[0], "SR:HCM1:CURRENT:SP", "SR:DCCT:LIFETIME", names[3]]
    assert all(float.fromhex(row["exact"]) == row["value"] for row in rows)
    assert {"unit", "severity", "time", "age_s", "dtype", "label", "alarm", "moving"} <= set(rows[0])


def test_a_device_gives_all_its_channels(bench: Bench) -> None:
    rows = bench.json("channels", "read", "hcm1")
    assert [row["channel"] for row in rows] == ["SR:HCM1:CURRENT:SP", "SR:HCM1:CURRENT:RB"]


def test_one_failure_ends_with_1_and_hides_nothing(bench: Bench) -> None:
    result = bench.channels("read", "SR:GONE", "SR:WEAK", "SR:HCM1:CURENT:SP")
    assert result.exit_code == 1
    assert "SR:WEAK" in result.stdout
    assert "MINOR" in result.stdout
    assert "SR:GONE: no value:" in result.stderr
    rows = bench.json("channels", "read", "SR:GONE", "SR:WEAK")
    assert rows[0]["error"] == "not_found"
    assert rows[1]["severity"] == "minor"


def test_a_value_that_is_no_number_is_still_json(bench: Bench) -> None:
    [row] = bench.json("channels", "read", "SR:NAN:RB")
    assert (row["value"], row["exact"]) == ("nan", "nan")


def test_words_that_mean_several_channels_are_listed(bench: Bench) -> None:
    result = bench.channels("read", "horizontal corrector")
    assert isinstance(result.exception, UsageError)
    assert "could be any of 3 channels" in str(result.exception)
    assert "SR:HCM2:CURRENT:SP  Corrector 2 set point" in str(result.exception)


def test_words_that_mean_nothing_name_the_closest(bench: Bench) -> None:
    result = bench.channels("read", "horizontl corector")
    assert "did you mean" in str(result.exception)
    assert "SR:HCM1:CURRENT" in str(result.exception)


def test_a_write_is_requested_and_carried_out_once_it_is_approved(bench: Bench) -> None:
    result = bench.channels("write", "SR:HCM1:CURRENT:SP", "-1.5")
    assert result.exit_code == 4
    [row] = bench.json("approvals", "list")
    assert f"osprey approvals show {row['id']}" in result.stderr
    assert f"osprey resume {row['thread']}" in result.stderr
    assert row["kind"] == "channel_write"
    assert row["title"] == "Set SR:HCM1:CURRENT:SP to -1.5"
    bench.run("approvals", "approve", row["id"], "--hash", row["hash"][:8])
    assert bench.json("resume", row["thread"])["status"] == "done"
    [sent] = bench.json("ledger", "list", "--all")
    assert sent["value"] == -1.5
    assert (sent["channel"], sent["outcome"]) == ("SR:HCM1:CURRENT:SP", "confirmed")


def test_a_refusal_ends_with_3_and_its_rule(bench: Bench) -> None:
    result = bench.channels("write", "SR:HCM1:CURRENT:SP=9")
    assert result.exit_code == 3
    assert "limits.max" in result.stdout
    assert bench.json("approvals", "list") == []
    assert bench.channels("write", "A:B", "1", "--target", "shut").exit_code == 3
    assert bench.channels("write", "SR:HCM1:CURRENT:SP", "nan").exit_code == 3


def test_another_unit_is_refused_and_never_converted(bench: Bench) -> None:
    result = bench.channels("write", "SR:HCM1:CURRENT:SP", "1", "--unit", "mA")
    assert result.exit_code == 3
    assert "mA" in result.stdout


def test_each_write_is_a_group_of_its_own_unless_they_go_together(bench: Bench) -> None:
    pairs = ["SR:HCM1:CURRENT:SP=1", "SR:HCM2:CURRENT:SP=2"]
    assert [len(group) for group in bench.requested(*pairs)] == [1, 1]
    assert [len(group) for group in bench.requested(*pairs, "--group")] == [2]


def test_writes_can_stand_in_a_file(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text(
        '# a remark\nSR:HCM1:CURRENT:SP 1.5 A\nSR:HCM2:CURRENT:SP = -2 # down\n\nSR:TITLE "two words"\n'
    )
    groups = bench.requested("--from", str(tmp_path / "list.txt"))
    assert [group[0][0] for group in groups] == ["SR:HCM1:CURRENT:SP", "SR:HCM2:CURRENT:SP", "SR:TITLE"]
    assert groups[2][0][1] == "two words"


def test_a_value_gets_the_channels_own_type(bench: Bench) -> None:
    [[(_, shutter)], [(_, title)]] = bench.requested("SR:SHUTTER=OPEN", "SR:TITLE=17")
    assert (shutter, title) == ("1", "17")


def test_a_set_point_may_be_named_by_its_device_or_in_words(bench: Bench) -> None:
    for name in ("HCM1", "hcm1", "STEER1", "horizontal corrector current sector 1"):
        [[(channel, _)]] = bench.requested(f"{name}=1")
        assert channel == "SR:HCM1:CURRENT:SP", name


@pytest.mark.parametrize("name", ["HCM2", "horizontal corrector", "corrector current setpoint"])
def test_a_write_is_never_guessed(bench: Bench, name: str) -> None:
    result = bench.channels("write", name, "1")
    assert isinstance(result.exception, UsageError)
    assert "could be any of 2 set points; name one" in str(result.exception)
    assert bench.json("approvals", "list") == []


@pytest.mark.parametrize(
    "arguments",
    [[], ["A:B"], ["A:B=1", "C"], ["A:B", "1", "2"], ["=1"], ["A="], ["SR:TITLE=[1,"], ["A:B", "1", "--from", "-"]],
)
def test_what_is_no_write_is_a_usage_error(bench: Bench, arguments: list[str]) -> None:
    result = bench.channels("write", *arguments, stdin="A 1\n")
    assert result.exit_code == 2 or isinstance(result.exception, UsageError)


def test_a_line_that_is_no_write_is_named_by_its_number(bench: Bench) -> None:
    result = bench.channels("write", "--from", "-", stdin="SR:HCM1:CURRENT:SP 1\nSR:HCM2:CURRENT:SP\n")
    assert "line 2" in str(result.exception)


def test_all_that_is_known_of_a_channel_is_told(bench: Bench) -> None:
    setpoint, readback = bench.json("channels", "info", "SR:HCM1:CURRENT:SP", "SR:HCM1:CURRENT:RB")
    assert setpoint["system"]["name"] == "SR:HCM1:CURRENT:SP"
    assert setpoint["limits"]["bounds"] == [-5.0, 5.0]
    assert setpoint["limits"]["from"] == ["SR:HCM*:CURRENT:SP"]
    assert (setpoint["writable"], setpoint["rule"]) == (True, "ok")
    assert setpoint["list"]["description"] == "Corrector 1 set point"
    assert (readback["writable"], readback["limits"]) == (False, None)
    assert readback["rule"] == "allow.unlisted"
    shown = bench.channels("info", "SR:HCM1:CURRENT:SP", "SR:HCM1:CURRENT:RB").stdout
    assert "possible, once a person has approved it" in shown
    assert "forbidden by allow.unlisted" in shown
    assert bench.channels("info", "SR:GONE").exit_code == 1
    assert bench.json("channels", "info", "X", "--target", "shut")[0]["rule"].startswith("posture.")
    assert [row["event"] for row in bench.json("audit", "log")] == ["config.noted"]


def test_a_watch_in_a_pipe_gives_one_line_an_update(bench: Bench) -> None:
    result = bench.channels("watch", "SR:HCM1:CURRENT:SP", "SR:GONE", "--count", "2")
    lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert len(lines) == 2
    assert any("SR:GONE  DISCONNECTED" in line for line in lines)
    text = bench.channels("watch", "SR:HCM1:CURRENT:SP", "--count", "1", "--json").stdout
    assert json.loads(text)["channel"] == "SR:HCM1:CURRENT:SP"


def test_a_watch_ends_after_its_time(bench: Bench) -> None:
    assert bench.channels("watch", "SR:HCM1:CURRENT:SP", "--for", "0.05").exit_code == 0


@pytest.mark.parametrize(
    ("values", "drawn"),
    [
        ([], ""),
        ([3.0], "▄"),
        ([1.0, 2.0, 3.0], "▁▅█"),
        ([-1.7e308, 1.7e308], "▁█"),
    ],
)
def test_a_trend_is_drawn_between_its_least_and_its_greatest(values: list[float], drawn: str) -> None:
    assert sparkline(values) == drawn


class Terminal:
    """A command in a terminal of its own."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self._screen, inner = pty.openpty()
        # Tests that a shell runs in the background are started with Ctrl-C ignored, and so would be what they start.
        heed = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        program = f"{heed}from osprey.cli import main; sys.exit(main(sys.argv[1:]))"
        environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120", "LINES": "40"}
        command = [sys.executable, "-c", program, "--project", str(folder), "channels", *arguments]
        self.process = subprocess.Popen(
            command, stdin=inner, stdout=inner, stderr=inner, env=environment, start_new_session=True
        )
        os.close(inner)
        self.shown = ""

    def wait_for(self, text: str) -> None:
        deadline = time.monotonic() + 60
        while text not in self.shown:
            assert select.select([self._screen], [], [], max(0, deadline - time.monotonic()))[0], self.shown
            self.shown += os.read(self._screen, 65_536).decode(errors="replace")

    def type(self, text: str) -> None:
        os.write(self._screen, text.encode())

    def end(self) -> int:
        while self.process.poll() is None:
            if select.select([self._screen], [], [], 0.1)[0]:
                try:
                    self.shown += os.read(self._screen, 65_536).decode(errors="replace")
                except OSError:  # the other end is closed
                    break
        return self.process.wait(timeout=60)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._screen)


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    opened: list[Terminal] = []
    yield opened
    for terminal in opened:
        terminal.close()


def test_at_a_terminal_the_decision_is_asked_for(bench: Bench, terminals: list[Terminal]) -> None:
    terminals.append(terminal := Terminal(bench.folder, "write", "SR:HCM1:CURRENT:SP", "2"))
    terminal.wait_for("\n> ")
    [row] = bench.json("approvals", "list")
    terminal.type(f"approve {row['hash'][:8]}\n")
    assert terminal.end() == 0
    assert "1 of 1 writes confirmed" in terminal.shown
    [sent] = bench.json("ledger", "list", "--all")
    assert (sent["value"], sent["outcome"]) == (2.0, "confirmed")


def test_a_watch_at_a_terminal_is_a_table_that_ctrl_c_ends(bench: Bench, terminals: list[Terminal]) -> None:
    terminals.append(terminal := Terminal(bench.folder, "watch", "SR:HCM1:CURRENT:SP", "SR:GONE"))
    terminal.wait_for("DISCONNECTED")
    terminal.wait_for("trend")
    os.killpg(terminal.process.pid, signal.SIGINT)
    assert terminal.end() == 0
    assert "Traceback" not in terminal.shown
