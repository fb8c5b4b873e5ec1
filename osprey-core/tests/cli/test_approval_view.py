"""A card is drawn so that nothing is mistaken for anything else, and no text of others draws over it."""

from __future__ import annotations

import io
from typing import Any

import pytest
from attrs import evolve
from rich.console import Console

from osprey.approval import Card, CardRow, CardSection, SectionForm
from osprey.cli.approvals.listing import print_requests, time_left
from osprey.cli.approvals.view import print_card
from osprey.journal import Needs
from osprey.journal.rows import request_row
from osprey.journal.tables import REQUESTS
from osprey.printable import printable, printable_lines

HOSTILE = "one\x1b[2J\u202etwo\r\x07\u200b"
WRITE = Card(
    id="req-1",
    kind="channel_write",
    title="Set the bend",
    question="",
    state="pending",
    facility="",
    target="ring",
    simulated=False,
    rows=(
        CardRow(
            group=1, channel="A", description="", now="1.0", new="2.0", change="+1", unit="A", limits="0 .. 5", line=""
        ),
    ),
    group_count=1,
    risk="changes 1 channel",
    requester="os:anna",
    needs=Needs(),
    authors=("anna",),
    supersedes=None,
    sha256="3fa94c12" + "0" * 56,
    created_ns=0,
    expires_ns=0,
    reason="",
)
MEMORY = evolve(WRITE, kind="memory_save", target="", rows=(), title="Remember this")


def _drawn(card: Card, *, colour: bool = False, width: int = 100) -> str:
    out = io.StringIO()
    system = "standard" if colour else None
    print_card(card, Console(file=out, width=width, highlight=False, force_terminal=colour, color_system=system))
    return out.getvalue()


def test_a_real_machine_is_red_a_simulation_is_not() -> None:
    real, simulated = _drawn(WRITE, colour=True), _drawn(evolve(WRITE, simulated=True), colour=True)
    assert real.startswith("\x1b[31m")
    assert not simulated.startswith("\x1b[31m")
    assert "REAL MACHINE: target ring" in real
    assert "SIMULATION: target ring" in simulated


def test_a_memory_looks_unlike_a_write_with_colours_and_without() -> None:
    assert "NOTHING IS WRITTEN TO A MACHINE" in _drawn(MEMORY)
    assert "NOTHING IS WRITTEN TO A MACHINE" not in _drawn(WRITE)
    assert "REAL MACHINE" not in _drawn(MEMORY)
    assert _drawn(MEMORY)[0] != _drawn(WRITE)[0], "another frame"
    assert _drawn(MEMORY, colour=True)[:5] != _drawn(WRITE, colour=True)[:5], "another colour"


@pytest.mark.parametrize("form", list(SectionForm))
def test_every_form_of_section_is_drawn_whole(form: SectionForm) -> None:
    lines = ["+ first", "- second", "  third " + "x" * 150 + "END"]
    card = evolve(MEMORY, sections=(CardSection(title="what changes", text="\n".join(lines), form=form),))
    drawn = _drawn(card, width=80)
    assert "what changes:" in drawn
    together = "".join(line.strip("║ ") for line in drawn.splitlines())
    for word in ("first", "second", "third", "END"):
        assert word in together
    assert drawn.count("x") >= 150


@pytest.mark.parametrize("form", list(SectionForm))
def test_a_section_cannot_draw_over_the_card(form: SectionForm) -> None:
    card = evolve(MEMORY, sections=(CardSection(title=HOSTILE, text=HOSTILE, form=form),))
    assert not {"\x1b", "\u202e", "\r", "\x07", "\u200b"} & set(_drawn(card))


def test_no_text_of_a_card_draws_over_it() -> None:
    row = evolve(WRITE.rows[0], channel=HOSTILE, description=HOSTILE, now=HOSTILE, alarm=HOSTILE)
    texts = dict.fromkeys(("title", "question", "facility", "target", "risk", "requester", "reason", "tier"), HOSTILE)
    card = evolve(WRITE, rows=(row,), code=HOSTILE, assumptions=(HOSTILE,), warnings=(HOSTILE,), **texts)
    assert not {"\x1b", "\u202e", "\r", "\x07", "\u200b"} & set(_drawn(card))


def test_items_are_numbered_as_they_are_chosen() -> None:
    card = evolve(WRITE, rows=(WRITE.rows[0], evolve(WRITE.rows[0], channel="B")))
    drawn = _drawn(card)
    assert "#" in drawn
    assert [line.split()[1] for line in drawn.splitlines() if " A " in line or " B " in line][:2] == ["1", "2"]


def test_what_took_a_requests_place_says_so_above_its_old_title() -> None:
    assert "In place of req-0" in _drawn(evolve(WRITE, supersedes="req-0"))


def test_an_alarm_stands_beside_the_value() -> None:
    assert "major alarm" in _drawn(evolve(WRITE, rows=(evolve(WRITE.rows[0], alarm="major"),)))


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "over"), (-5, "over"), (59.9, "59 s"), (119, "119 s"), (120, "2 min"), (7199, "119 min"), (7200, "2 h")],
)
def test_time_that_is_left_is_rounded_down(seconds: float, told: str) -> None:
    assert time_left(int(seconds * 1e9), 0) == told


def test_escapes_keep_a_line_a_line() -> None:
    assert printable("a\nb\x1b") == "a\\u000ab\\u001b"
    assert printable_lines("a\nb\x1b") == "a\nb\\u001b"


def test_a_hostile_remark_cannot_draw_on_the_screen(inbox: Any) -> None:
    row = inbox.asked()
    inbox.approvals("comment", row["id"], HOSTILE)
    inbox.approvals("reject", row["id"], "--reason", HOSTILE)
    shown = inbox.approvals("show", row["id"]).stdout + inbox.approvals("list", "--all").stdout
    assert not {"\x1b", "\u202e", "\r", "\x07"} & set(shown)


def test_a_hostile_title_cannot_draw_in_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    row = request_row(
        {
            **dict.fromkeys(column.name for column in REQUESTS.columns),
            **dict.fromkeys(("kind", "title", "requester", "risk", "thread", "document", "reason", "policy"), HOSTILE),
            "id": "req-1",
            "sha256": "3fa94c12" + "0" * 56,
            "state": "pending",
            "created_ns": 0,
            "expires_ns": 0,
            "presentation": "{}",
            "needs": "{}",
            "authors": "[]",
            "seal": "",
        }
    )
    print_requests([row], {"req-1": 0})
    [head, line] = capsys.readouterr().out.splitlines()
    assert head.startswith("id")
    assert "one\\u001b[2J\\u202etwo" in line
    assert not {"\x1b", "\u202e", "\r"} & set(line)
