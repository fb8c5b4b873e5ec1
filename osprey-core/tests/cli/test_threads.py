"""`osprey threads`, `osprey trace`, `osprey chat`, and SIGTERM."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from osprey.cli.root import osprey
from osprey.cli.trace_commands import draw
from osprey.errors import ConflictError, UsageError
from osprey.sessions import Span

CONFIG = """
control_system:
  default_target: bench
  targets:
    bench:
      connector: mock
      posture: simulation
      writes_enabled: true
      limits: {file: limits.yml}
      channels: ch.yml
"""
FILES = {
    "config.yml": CONFIG,
    "limits.yml": "defaults: {min: 0, max: 10}\nchannels:\n  'BEND:CURRENT:SP': {}\n",
    "ch.yml": "channels:\n- {name: 'BEND:CURRENT:SP', device: BEND, role: setpoint, unit: A}\n",
}
READ = "what is the current of BEND"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def run(folder: Path, *arguments: str, said: str | None = None) -> Result:
    return CliRunner().invoke(osprey, ["--project", str(folder), *arguments], input=said)


def asked(folder: Path, question: str, *more: str) -> dict[str, Any]:
    return json.loads(run(folder, "ask", "--json", *more, question).stdout)


def test_a_thread_is_listed_shown_renamed_exported_and_deleted(folder: Path) -> None:
    assert "no thread yet" in run(folder, "threads", "list").stderr
    first = asked(folder, READ)
    thread = first["thread"]
    asked(folder, "frobnicate \x1b[2J the BEND", "--thread", thread)
    [row] = json.loads(run(folder, "threads", "list", "--json").stdout)
    assert (row["thread"], row["title"], row["turn_count"], row["status"]) == (thread, READ, 2, "failed")
    shown = run(folder, "threads", "show", thread).stdout
    assert "1. " in shown
    assert "BEND:CURRENT:SP" in shown
    assert "\x1b" not in shown
    whole = json.loads(run(folder, "threads", "show", "--json", thread).stdout)
    assert [turn["asked"] for turn in whole["turns"]] == [READ, "frobnicate \x1b[2J the BEND"]
    assert whole["turns"][0]["plan"]["steps"][0]["capability"] == "channel_read"
    assert "Bend looks fine" in run(folder, "threads", "rename", thread, "Bend looks fine").stdout
    exported = run(folder, "threads", "export", thread).stdout
    assert exported.startswith("# Bend looks fine")
    assert json.loads(run(folder, "threads", "export", "--format", "json", thread).stdout)["turn_count"] == 2
    assert "its 2 turns" in run(folder, "threads", "delete", thread).stdout
    assert json.loads(run(folder, "threads", "list", "--json").stdout) == []
    assert isinstance(run(folder, "threads", "show", thread).exception, UsageError)


def test_a_thread_that_waits_is_not_deleted(folder: Path) -> None:
    waiting = asked(folder, "set BEND to 3 A")
    refused = run(folder, "threads", "delete", waiting["thread"])
    assert isinstance(refused.exception, ConflictError)
    assert waiting["thread"] in run(folder, "threads", "list").stdout


def test_a_trace_is_drawn_with_its_parts_below_the_turn(folder: Path) -> None:
    thread = asked(folder, READ)["thread"]
    drawn = run(folder, "trace", "show", thread).stdout.splitlines()
    assert thread in drawn[0]
    assert [line.split(" ms  ")[1] for line in drawn[1:3]] == [f"turn thread={thread}  done", "  plan steps=1"]
    spans = json.loads(run(folder, "trace", "show", "--json", thread).stdout)["spans"]
    assert {span["name"] for span in spans} == {"turn", "plan", "thought", "step", "respond"}
    assert isinstance(run(folder, "trace", "show", thread, "--turn", "7").exception, UsageError)
    assert isinstance(run(folder, "trace", "show", "nowhere").exception, UsageError)


def test_spans_whose_parent_was_lost_are_drawn_all_the_same() -> None:
    lines = draw([Span(id="2", parent="1", name="plan\n", begun_ns=0, ended_ns=4_000_000, status="TimeoutError")])
    assert lines == ["━" * 24 + "        4.0 ms  plan\\u000a  TimeoutError"]


def test_a_chat_goes_on_in_one_thread_until_it_is_left(folder: Path) -> None:
    said = f"{READ}\n\n/help\n/nonsense\n/exit\n{READ}\n"
    talked = run(folder, "chat", said=said)
    assert talked.exit_code == 0
    assert talked.stdout.count("[BEND:CURRENT:SP]") == 1, "after /exit nothing is read"
    assert "/planning" in talked.stdout
    assert "no command '/nonsense'" in talked.stderr
    [row] = json.loads(run(folder, "threads", "list", "--json").stdout)
    assert f"osprey chat --thread {row['thread']}" in talked.stderr
    more = run(folder, "chat", "--thread", row["thread"], said=f"{READ}\n")
    assert more.exit_code == 0
    assert json.loads(run(folder, "threads", "list", "--json").stdout)[0]["turn_count"] == 2


SLEEPER = """
import anyio
from pathlib import Path
from osprey.api import Capability, hookimpl
from osprey.base import BaseCapability, StepResult

class Slow(BaseCapability):
    name = "slow"
    description = "Take a moment"
    direct_chat_enabled = True

    async def execute(self):
        Path("begun").touch()
        while not Path("go").exists():
            await anyio.sleep(0.01)
        return StepResult(text="slept")

@hookimpl
def osprey_capabilities():
    yield Capability(name="slow", summary="Take a moment", implementation=f"{__name__}:Slow")
"""


def test_sigterm_lets_the_step_end_begins_no_other_and_the_thread_goes_on_later(folder: Path) -> None:
    (folder / "slow.py").write_text(SLEEPER, encoding="utf-8")
    osprey_command = [sys.executable, "-m", "osprey", "--project", str(folder), "--plugin", "slow.py"]

    def call(*arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*osprey_command, *arguments], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    chosen = call("ask", "--thread", "t", "/chat:slow")
    chosen.communicate(timeout=60)
    assert chosen.returncode == 0
    asking = call("ask", "--thread", "t", "--json", "sleep")
    while not (folder / "begun").exists():
        assert asking.poll() is None
    os.kill(asking.pid, signal.SIGTERM)
    (folder / "go").touch()
    out, _ = asking.communicate(timeout=60)
    told = json.loads(out)
    assert (asking.returncode, told["status"]) == (1, "stopped")
    assert "osprey resume t" in told["answer"]
    resumed = call("resume", "t")
    out, _ = resumed.communicate(timeout=60)
    assert (resumed.returncode, out.splitlines()[0]) == (0, "slept")
