"""What a notice says, and what it never carries."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from attrs import evolve

from osprey.approval.notifiers.notice import Notice, link_to, notice_of, one_line
from osprey.config import NoticeEvent
from osprey.errors import ConfigError
from osprey.journal import RequestState

pytestmark = pytest.mark.anyio
Maker = Callable[..., Awaitable[Any]]

NOTICE = Notice(
    event=NoticeEvent.FILED,
    request_id="req-1",
    kind="deployment",
    title="start the archive",
    risk="low",
    simulated=False,
    requester="os:alice",
    state=RequestState.PENDING,
    expires_ns=time.time_ns(),
)


async def test_a_notice_says_what_a_person_needs_to_find_the_request(make_room: Maker) -> None:
    room = await make_room({"two": {"persons": 2}}, inbox_url="https://osprey.example.org/inbox/")
    row = await room.asked(title="Set the steerer")
    notice = await notice_of(room.project, row, NoticeEvent.FILED)
    assert notice.subject() == f"[SIMULATION bench] {row.id} waits for a decision: Set the steerer"
    for said in (
        "SIMULATION bench",
        "Kind: channel_write",
        row.risk,
        "Asked by: os:alice",
        "Approved by: nobody (0 of 2)",
        f"osprey approvals show {row.id}",
        f"https://osprey.example.org/inbox/{row.id}",
    ):
        assert said in notice.text()


async def test_a_notice_never_carries_what_approves(make_room: Maker) -> None:
    """The hash is what a person types after having looked, so not even a title brings it along."""
    room = await make_room()
    row = await room.asked()
    sly = evolve(row, title=f"just type {row.sha256.upper()} now", risk=f"none ({row.sha256[:8]})")
    notice = await notice_of(room.project, sly, NoticeEvent.FILED)
    everything = f"{notice.subject()}\n{notice.text()}\n{json.dumps(notice.as_json())}".lower()
    assert row.sha256[:8] not in everything
    assert row.sha256[8:] not in everything
    assert "just type ******** now" in everything


async def test_whether_it_is_a_simulation_comes_from_what_is_hashed(make_room: Maker) -> None:
    room = await make_room()
    row = await room.asked()
    real = evolve(row, document=row.document.replace('"simulated":true', '"simulated":false'))
    assert real.presentation["simulated"] is True
    notice = await notice_of(room.project, real, NoticeEvent.FILED)
    assert notice.text().startswith("REAL MACHINE bench")
    assert notice.as_json()["simulated"] is False


def test_what_is_about_no_control_system_says_so() -> None:
    assert NOTICE.text().startswith("no control system\n")
    assert "Inbox" not in NOTICE.text()


@pytest.mark.parametrize("text", ["a\r\nBcc: x@y", "\x1b[2Ja", "a\u2028b", "\u202egnp.exe", "a\x00", "\ud800", "\x85"])
def test_a_text_of_others_stays_on_its_line(text: str) -> None:
    notice = evolve(NOTICE, title=text, risk=text, requester=text, target=text, facility=text, approved_by=(text,))
    plain = evolve(NOTICE, target="x", facility="x")
    assert notice.subject().isprintable()
    assert all(line.isprintable() for line in notice.text().split("\n"))
    assert len(notice.text().split("\n")) == len(plain.text().split("\n"))
    json.dumps(notice.as_json()).encode("ascii")


def test_a_text_that_is_too_long_is_cut() -> None:
    assert len(one_line("x" * 10_000)) == 300
    assert one_line("x" * 10_000).endswith("...")


@pytest.mark.parametrize(
    ("inbox", "link"),
    [
        ("", ""),
        ("https://h/inbox", "https://h/inbox/req-1"),
        ("https://h", "https://h/req-1"),
        ("https://h/inbox/?view=all", "https://h/inbox/req-1?view=all"),
        ("https://h/#/inbox", "https://h/#/inbox/req-1"),
    ],
)
def test_the_link_is_the_inbox_with_the_request(inbox: str, link: str) -> None:
    assert link_to(inbox, "req-1") == link


def test_an_id_cannot_change_where_a_link_leads() -> None:
    assert link_to("https://h/inbox", "../?x=1#@evil") == "https://h/inbox/..%2F%3Fx%3D1%23%40evil"


@pytest.mark.parametrize("url", ["https://bob:hunter2@h/inbox", "javascript:alert(1)", "h/inbox", "https://h/\n x"])
async def test_an_inbox_address_that_is_none_is_refused_and_not_repeated(make_room: Maker, url: str) -> None:
    with pytest.raises(ConfigError, match=r"approval\.inbox_url: expected an address such as") as refused:
        await make_room(inbox_url=url)
    assert url not in str(refused.value)
