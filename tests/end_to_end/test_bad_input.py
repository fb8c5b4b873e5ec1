"""What bad input gets: a sentence that names the thing and the rule, and nothing written."""

from __future__ import annotations

from typing import Any

import pytest

Line = Any


@pytest.mark.parametrize(
    ("question", "code", "said"),
    [
        ("what is the current of HCM93", 1, "HCM"),
        ("set HCM03 to 500 A", 3, "limit"),
        ("set HCM03 to nan A", 3, "finite"),
        ("set HCM03 to 0.5 mbar", 3, "mbar"),
        ("set the beam current to 100 mA", 1, "can only be read"),
        ("do not set HCM03 to 0.5 A", 1, ""),
        ("frobnicate the ring", 1, "frobnicate"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_waits(ring: Line, question: str, code: int, said: str) -> None:
    done = ring("ask", "--json", question, code=code)
    assert said.lower() in done.json["answer"].lower()
    assert ring("approvals", "list", "--json").json == []


def test_an_empty_question_is_a_usage_error(ring: Line) -> None:
    assert "empty" in ring("ask", " ", code=2).err


def test_an_unknown_target_names_the_known_ones(ring: Line) -> None:
    assert "ring" in ring("ask", "--target", "rnig", "what is the beam current", code=2).err


def test_a_short_or_wrong_hash_approves_nothing(ring: Line) -> None:
    turn = ring("ask", "--json", "set HCM03 to 0.5 A", code=4).json
    ring("approvals", "approve", turn["approval"], "--hash", "abcd", code=2)
    ring("approvals", "approve", turn["approval"], "--hash", "0" * 8, code=3)
    assert ring("resume", turn["thread"], "--json", code=4).json["status"] == "waiting"


def test_a_broken_configuration_names_file_line_column_and_remedy(ring: Line) -> None:
    config = ring.project / "config.yml"
    config.write_text("control_system:\n  default_traget: ring\n", encoding="utf-8")
    error = ring("ask", "what is the beam current", code=2).err
    assert "config.yml, line 2, column 3" in error
    assert "default_target" in error
