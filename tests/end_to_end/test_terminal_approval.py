"""The approval in a terminal: everything is on the screen, and only an exact decision decides."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import time
from typing import Any

import pytest

pytestmark = pytest.mark.sandbox


class Terminal:
    """A command in a pseudo terminal of 110 columns, as a person sits in front of it."""

    def __init__(self, command: list[str]) -> None:
        self._ours, theirs = pty.openpty()
        environment = {**os.environ, "COLUMNS": "110", "TERM": "dumb", "NO_COLOR": "1"}
        self._process = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
        )
        os.close(theirs)
        self.screen = ""

    def wait_for(self, text: str, timeout_s: float = 60) -> None:
        """Read the screen until the text is on it."""
        deadline = time.monotonic() + timeout_s
        while text not in self.screen:
            assert time.monotonic() < deadline, self.screen
            try:
                self.screen += os.read(self._ours, 65536).decode(errors="replace")
            except OSError:  # Linux reports the other side's end as an input/output error
                assert text in self.screen, self.screen
                return

    def type(self, line: str) -> None:
        os.write(self._ours, line.encode() + b"\n")

    def end(self) -> int:
        """Read what is left and give the exit code."""
        try:
            while chunk := os.read(self._ours, 65536):
                self.screen += chunk.decode(errors="replace")
        except OSError:
            pass
        os.close(self._ours)
        return self._process.wait(timeout=60)


def _short_hash(screen: str) -> str:
    found = re.search(r"approve ([0-9a-f]{8}) \|", screen)
    assert found, screen
    return found.group(1)


def test_a_person_sees_the_change_and_only_the_hash_approves(ring: Any) -> None:
    terminal = Terminal(ring.command("ask", "set HCM03 to 0.5 A"))
    terminal.type("approve 00000000")  # typed before the request is on the screen: it is flushed
    terminal.wait_for("Decision")
    terminal.wait_for("> ")
    for shown in ("SIMULATION", "HCM03", "0.5", "-5 .. 5", "Risk", "now", "new", "change", "limits"):
        assert shown in terminal.screen
    for no_decision in ("yes", "approve", "approve but only 0.4 A"):
        before = terminal.screen.count("That is not a decision")
        terminal.type(no_decision)
        while terminal.screen.count("That is not a decision") == before:
            terminal.screen += os.read(terminal._ours, 65536).decode(errors="replace")
    assert ring("approvals", "list", "--json").json[0]["state"] == "pending"
    terminal.type(f"approve {_short_hash(terminal.screen)}")
    assert terminal.end() == 0, terminal.screen
    assert "1 of 1 writes confirmed" in terminal.screen


def test_later_leaves_the_request_and_ends_with_exit_code_4(ring: Any) -> None:
    terminal = Terminal(ring.command("ask", "set HCM03 to 0.5 A"))
    terminal.wait_for("Decision")
    terminal.wait_for("> ")
    terminal.type("later")
    assert terminal.end() == 4
    assert "osprey resume" in terminal.screen
    assert [row["state"] for row in ring("approvals", "list", "--json").json] == ["pending"]


def test_a_rejection_is_kept_with_its_reason_and_ends_with_exit_code_3(ring: Any) -> None:
    terminal = Terminal(ring.command("ask", "set HCM03 to 0.5 A"))
    terminal.wait_for("Decision")
    terminal.wait_for("> ")
    terminal.type("reject the users have beam")
    assert terminal.end() == 3
    assert "the users have beam" in terminal.screen
    assert "Nothing was written" in terminal.screen


def test_the_end_of_input_decides_nothing(ring: Any) -> None:
    terminal = Terminal(ring.command("ask", "set HCM03 to 0.5 A"))
    terminal.wait_for("Decision")
    terminal.wait_for("> ")
    os.write(terminal._ours, b"\x04")
    assert terminal.end() == 4


def test_ctrl_c_at_the_prompt_ends_at_once_decides_nothing_and_says_how_to_go_on(ring: Any) -> None:
    terminal = Terminal(ring.command("ask", "set HCM03 to 0.5 A"))
    terminal.wait_for("> ")
    terminal._process.send_signal(signal.SIGINT)
    assert terminal.end() == 130
    assert "osprey resume" in terminal.screen
    assert [row["state"] for row in ring("approvals", "list", "--json").json] == ["pending"]
