"""The approval in a terminal: everything is on the screen, and only an exact decision decides."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import re
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.sandbox

ASK = ("ask", "set HCM03 to 0.5 A")
CHANNEL = "SR:S02:HCM03:CURRENT:SP"


class Terminal:
    """A command in a pseudo terminal of 110 columns, as a person sits in front of it."""

    def __init__(self, command: list[str], **environment: str) -> None:
        self._ours, theirs = pty.openpty()
        variables = {**os.environ, "COLUMNS": "110", "TERM": "dumb", "NO_COLOR": "1", **environment}
        self._process = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, env=variables, start_new_session=True
        )
        os.close(theirs)
        self.screen = ""
        self._answered = 0

    def wait_for(self, text: str, timeout_s: float = 60) -> None:
        """Read the screen until the text is on it, below what was typed last."""
        deadline = time.monotonic() + timeout_s
        while text not in self.screen[self._answered :]:
            assert time.monotonic() < deadline, self.screen
            try:
                self.screen += os.read(self._ours, 65536).decode(errors="replace")
            except OSError:  # Linux reports the other side's end as an input/output error
                assert text in self.screen[self._answered :], self.screen
                return

    def wait_past(self, text: str) -> None:
        """Wait for the text, and look only below it from then on: a prompt above it takes no answer any more."""
        self.wait_for(text)
        self._answered = self.screen.index(text, self._answered) + len(text)

    def wait_for_prompt(self) -> None:
        self.wait_for("Decision (")
        self.wait_for(")\r\n> ")

    def type(self, line: str) -> None:
        self._answered = len(self.screen)
        os.write(self._ours, line.encode() + b"\n")

    def answer(self, line: str) -> None:
        """Type an answer to the question that is on the screen, or comes."""
        self.wait_for_prompt()
        self.type(line)

    def press(self, keys: bytes) -> None:
        os.write(self._ours, keys)

    def interrupt(self) -> None:
        self._process.send_signal(signal.SIGINT)

    def end(self, number: int | None = None) -> int:
        """Read what is left and give the exit code; `number` is a signal to send first."""
        if number is not None:
            self._process.send_signal(number)
        try:
            while chunk := os.read(self._ours, 65536):
                self.screen += chunk.decode(errors="replace")
        except OSError:
            pass
        os.close(self._ours)
        self._ours = -1
        return self._process.wait(timeout=60)

    def close(self) -> None:
        """Leave nothing behind where a test has failed."""
        if self._ours != -1:
            os.close(self._ours)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    @property
    def is_echoing(self) -> bool:
        return bool(termios.tcgetattr(self._ours)[3] & termios.ECHO)

    def wait_for_exit(self) -> int:
        return self._process.wait(timeout=60)

    @property
    def short_hash(self) -> str:
        return re.findall(r"Decision \(approve ([0-9a-f]{8})", self.screen)[-1]


@pytest.fixture
def sit_at() -> Iterator[Any]:
    """Give a maker of terminals that are closed at the end."""
    opened: list[Terminal] = []

    def open_terminal(command: list[str], **environment: str) -> Terminal:
        opened.append(Terminal(command, **environment))
        return opened[-1]

    yield open_terminal
    for terminal in opened:
        terminal.close()


@pytest.fixture
def two(ring: Any) -> Any:
    """A project where two people have to approve, who have secrets."""
    _configure(ring, policies={"two": {"kinds": ["channel_write"], "persons": 2}})
    return ring


def _configure(ring: Any, **approval: Any) -> None:
    people = {name: {"subjects": [f"os:{name}"], "secret_hash": _cheap_hash(_secret(name))} for name in ("anna", "ben")}
    config = {"approval": {"people": people, **approval}}
    (ring.project / "config.yml").write_text(json.dumps(config), encoding="utf-8")  # JSON is YAML


def _secret(name: str) -> str:
    return f"correct horse of {name}"


def _cheap_hash(secret: str) -> str:
    digest = hashlib.scrypt(secret.encode(), salt=bytes(16), n=16, r=8, p=1, dklen=32)
    return f"scrypt:16:8:1:{bytes(16).hex()}:{digest.hex()}"


def _states(ring: Any) -> list[str]:
    return [row["state"] for row in ring("approvals", "list", "--json").json]


def _waiting(ring: Any) -> dict[str, Any]:
    [row] = ring("approvals", "list", "--json").json
    return row


def test_a_person_sees_the_change_and_only_the_hash_approves(ring: Any, sit_at: Any) -> None:
    terminal = sit_at(ring.command(*ASK))
    terminal.wait_for_prompt()
    for shown in ("SIMULATION", "HCM03", "0.5", "-5 .. 5", "Risk", "now", "new", "change", "limits", "Moved since"):
        assert shown in terminal.screen
    for no_decision in ("yes", "approve", "approve but only 0.4 A", f"approve {'0' * 8}"):
        terminal.answer(no_decision)
        terminal.wait_for("That is not a decision")
    terminal.wait_for_prompt()
    assert _states(ring) == ["pending"]
    terminal.answer(f"approve {terminal.short_hash}")
    assert terminal.end() == 0, terminal.screen
    assert "1 of 1 writes confirmed" in terminal.screen


def test_free_text_is_kept_as_a_remark_and_decides_nothing(ring: Any, sit_at: Any) -> None:
    terminal = sit_at(ring.command(*ASK))
    terminal.answer("yes but only 5 A")
    terminal.wait_for("kept with the request as a remark")
    terminal.answer("later")
    assert terminal.end() == 4
    said = ring("approvals", "show", _waiting(ring)["id"], "--json").json["said"]
    assert [(one["word"], one["text"]) for one in said] == [("comment", "yes but only 5 A"), ("postpone", "")]
    assert all(one["terminal"].startswith("/dev/pts/") for one in said)


def test_what_was_typed_before_the_request_was_on_the_screen_is_no_answer(ring: Any, sit_at: Any) -> None:
    first = sit_at(ring.command(*ASK))
    first.answer("reject once more")
    assert first.end() == 3
    second = sit_at(ring.command(*ASK))
    second.type(f"approve {first.short_hash}")  # the same effect has the same hash: it would approve
    second.wait_for_prompt()
    assert second.short_hash == first.short_hash
    assert _states(ring) == ["pending"]
    second.answer("later")
    assert second.end() == 4


def test_later_leaves_the_request_and_ends_with_exit_code_4(ring: Any, sit_at: Any) -> None:
    terminal = sit_at(ring.command(*ASK))
    terminal.answer("later")
    assert terminal.end() == 4
    assert "osprey resume" in terminal.screen
    assert _states(ring) == ["pending"]


def test_a_rejection_is_kept_with_its_reason_and_ends_with_exit_code_3(ring: Any, sit_at: Any) -> None:
    terminal = sit_at(ring.command(*ASK))
    terminal.answer("reject the users have beam")
    assert terminal.end() == 3
    assert "the users have beam" in terminal.screen
    assert "Nothing was written" in terminal.screen


def test_the_end_of_input_decides_nothing(ring: Any, sit_at: Any) -> None:
    terminal = sit_at(ring.command(*ASK))
    terminal.wait_for_prompt()
    terminal.press(b"\x04")
    assert terminal.end() == 4
    assert _states(ring) == ["pending"]


def test_ctrl_c_at_the_prompt_ends_at_once_decides_nothing_and_says_how_to_go_on(ring: Any, sit_at: Any) -> None:
    terminal = sit_at(ring.command(*ASK))
    terminal.wait_for_prompt()
    terminal.interrupt()
    assert terminal.end() == 130
    assert "osprey resume" in terminal.screen
    assert _states(ring) == ["pending"]


def test_some_items_are_approved_and_the_others_are_not(ring: Any, sit_at: Any) -> None:
    terminal = sit_at(ring.command("ask", "raise every horizontal corrector of sector 2 by 0.1 A"))
    terminal.wait_for_prompt()
    terminal.answer(f"approve {terminal.short_hash} only 1")
    assert terminal.end() == 0, terminal.screen
    assert "1 of 1 writes confirmed" in terminal.screen


def test_a_secret_is_asked_for_without_an_echo_and_stands_nowhere(two: Any, sit_at: Any) -> None:
    terminal = sit_at(two.command(*ASK))
    terminal.wait_for_prompt()
    terminal.answer(f"approve {terminal.short_hash} as anna")
    terminal.wait_for("Secret of anna: ")
    terminal.type(_secret("anna"))
    assert terminal.end() == 4, terminal.screen
    assert "still needs one more person (ben)" in terminal.screen
    assert "correct horse" not in terminal.screen
    assert not any(b"correct horse" in path.read_bytes() for path in two.project.rglob("*") if path.is_file())
    assert _waiting(two)["votes"] == 1


def test_a_wrong_secret_is_said_and_asked_about_again(two: Any, sit_at: Any) -> None:
    terminal = sit_at(two.command(*ASK))
    terminal.wait_for_prompt()
    terminal.answer(f"approve {terminal.short_hash} as anna")
    terminal.wait_for("Secret of anna: ")
    terminal.type("wrong battery staple")
    terminal.wait_for("Refused [approval.secret]")
    terminal.answer(f"approve {terminal.short_hash} as anna")
    terminal.wait_for("Secret of anna: ")
    terminal.type("")
    terminal.wait_for("Not done: no secret was given")
    terminal.answer("later")
    assert terminal.end() == 4
    assert "wrong battery" not in terminal.screen
    assert _waiting(two)["votes"] == 0


def test_ctrl_c_at_the_secret_gives_the_terminal_its_echo_back(two: Any, sit_at: Any) -> None:
    terminal = sit_at(two.command(*ASK))
    terminal.wait_for_prompt()
    assert terminal.is_echoing
    terminal.answer(f"approve {terminal.short_hash} as anna")
    terminal.wait_for("Secret of anna: ")
    assert not terminal.is_echoing
    terminal.interrupt()
    assert terminal.wait_for_exit() == 130
    assert terminal.is_echoing
    assert _waiting(two)["votes"] == 0


def test_a_secret_typed_on_the_line_is_not_kept_as_a_remark(two: Any, sit_at: Any) -> None:
    terminal = sit_at(two.command(*ASK))
    terminal.wait_for_prompt()
    terminal.answer(f"approve {terminal.short_hash} as anna {_secret('anna')}")
    terminal.wait_for("It was not kept either")
    terminal.answer("later")
    assert terminal.end() == 4
    assert not any(b"correct horse" in path.read_bytes() for path in two.project.rglob("*") if path.is_file())


def test_two_people_approve_in_two_terminals_that_both_show_it(two: Any, sit_at: Any) -> None:
    at_anna = sit_at(two.command(*ASK))
    at_anna.wait_for_prompt()
    at_ben = sit_at(two.command("resume", _waiting(two)["thread"]))
    at_ben.wait_for_prompt()
    at_anna.answer(f"approve {at_anna.short_hash} as anna")
    at_anna.wait_for("Secret of anna: ")
    at_anna.type(_secret("anna"))
    assert at_anna.end() == 4, at_anna.screen
    at_ben.wait_for("approved [secret]")  # said while ben thinks
    at_ben.type(f"approve {at_ben.short_hash} as ben")
    at_ben.wait_for("Secret of ben: ")
    at_ben.type(_secret("ben"))
    assert at_ben.end() == 0, at_ben.screen
    assert "1 of 1 writes confirmed" in at_ben.screen


def test_an_approval_from_another_process_ends_the_wait_and_is_carried_out(ring: Any, sit_at: Any) -> None:
    terminal = sit_at(ring.command(*ASK))
    terminal.wait_for_prompt()
    waiting = _waiting(ring)
    ring("approvals", "approve", waiting["id"], "--hash", waiting["hash"][:8])
    assert terminal.end() == 0, terminal.screen
    assert "1 of 1 writes confirmed" in terminal.screen


def test_a_rejection_from_another_process_is_said_instead_of_a_failure(ring: Any, sit_at: Any) -> None:
    terminal = sit_at(ring.command(*ASK))
    terminal.wait_for_prompt()
    waiting = _waiting(ring)
    ring("approvals", "reject", waiting["id"], "--reason", "vacuum alarm")
    assert terminal.end() == 3, terminal.screen
    assert f"Request {waiting['id']} is rejected" in terminal.screen
    assert "vacuum alarm" in terminal.screen


def test_an_edit_from_another_process_is_shown_and_asked_about_anew(ring: Any, sit_at: Any) -> None:
    terminal = sit_at(ring.command(*ASK))
    terminal.wait_for_prompt()
    waiting, old = _waiting(ring), terminal.short_hash
    terminal.type("")
    ring("approvals", "edit", waiting["id"], "--set", f"{CHANNEL}=0.25")
    terminal.wait_past(f"in the place of {waiting['id']}")
    terminal.wait_past(f"+{CHANNEL} = 0.25")
    terminal.answer(f"approve {old}")
    terminal.wait_for("That is not a decision")
    terminal.answer(f"approve {terminal.short_hash}")
    assert terminal.end() == 0, terminal.screen
    assert "0.25" in terminal.screen.rpartition("1 of 1 writes confirmed")[2]


def test_an_edit_opens_the_editor_and_what_comes_of_it_is_another_request(
    ring: Any, sit_at: Any, tmp_path: Path
) -> None:
    script = tmp_path / "editor.py"
    script.write_text(
        "import pathlib, sys\npath = pathlib.Path(sys.argv[1])\n"
        "path.write_text(path.read_text().replace('0.5', '0.125'))\n",
        encoding="utf-8",
    )
    terminal = sit_at(ring.command(*ASK), VISUAL=f"{sys.executable} {script}")
    terminal.wait_for_prompt()
    old = terminal.short_hash
    terminal.answer("edit")
    terminal.wait_for("Nobody has approved it")
    terminal.wait_for_prompt()
    assert terminal.short_hash != old
    assert _states(ring) == ["pending"]
    terminal.answer(f"approve {terminal.short_hash}")
    assert terminal.end() == 0, terminal.screen
    assert "0.125" in terminal.screen.rpartition("1 of 1 writes confirmed")[2]


def test_it_warns_before_the_time_is_over_and_says_when_it_is(ring: Any, sit_at: Any) -> None:
    _configure(ring, expires_after_s=5)
    terminal = sit_at(ring.command(*ASK))
    terminal.wait_for_prompt()
    terminal.wait_for("is nearly over")
    assert terminal.end() == 3, terminal.screen
    assert "it has expired, and nobody has decided it" in terminal.screen


def test_other_requests_that_wait_are_mentioned(ring: Any, sit_at: Any) -> None:
    ring(*ASK, code=4)
    terminal = sit_at(ring.command("ask", "set HCM04 to 0.5 A"))
    terminal.answer("later")
    assert terminal.end() == 4
    assert "1 other request waits for a decision: osprey approvals list" in terminal.screen


def test_a_secret_is_hashed_without_being_shown(ring: Any, sit_at: Any) -> None:
    terminal = sit_at(ring.command("approvals", "hash-secret"))
    for question in ("Secret: ", "Once more: "):
        terminal.wait_for(question)
        terminal.type(_secret("anna"))
    assert terminal.end() == 0, terminal.screen
    assert "secret_hash: scrypt:" in terminal.screen
    assert "correct horse" not in terminal.screen


def test_two_secrets_that_differ_are_hashed_to_nothing(ring: Any, sit_at: Any) -> None:
    terminal = sit_at(ring.command("approvals", "hash-secret"))
    for question, secret in (("Secret: ", _secret("anna")), ("Once more: ", _secret("ben"))):
        terminal.wait_for(question)
        terminal.type(secret)
    assert terminal.end() == 2
    assert "scrypt" not in terminal.screen


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_watch_shows_what_comes_and_ends_well(ring: Any, sit_at: Any, number: int) -> None:
    terminal = sit_at(ring.command("approvals", "watch", "--interval", "0.1"))
    terminal.wait_for("0 requests not finished")
    ring(*ASK, code=4)
    terminal.wait_for("1 request not finished")
    terminal.wait_for("\a")
    assert terminal.end(number) == 0, terminal.screen
