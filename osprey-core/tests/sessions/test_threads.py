"""Threads and turns as rows: what is kept, in which order, and what may be deleted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from osprey.errors import ConflictError, UsageError
from osprey.sessions import (
    NewTurn,
    Span,
    ThreadApproval,
    Threads,
    ThreadSettings,
    Traces,
    TurnEnd,
    TurnStatus,
)
from osprey.storage import Database

pytestmark = pytest.mark.anyio

DONE = TurnEnd(status=TurnStatus.DONE, answer="1.5 A")


class Clock:
    now_ns = 1_800_000_000_000_000_000

    def __call__(self) -> int:
        self.now_ns += 1
        return self.now_ns


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def threads(database: Database) -> Threads:
    return Threads(database, Clock())


def new(thread: str, number: int, **changes: Any) -> NewTurn:
    values: dict[str, Any] = {
        "thread": thread,
        "turn": f"{thread}.{number}",
        "asked": f"question {number}",
        "target": "ring",
        "asked_by": "os:alice",
        "entry": {"user_query": f"question {number}", "spent_s": 0.0},
    }
    return NewTurn(**{**values, **changes})


async def test_turns_are_numbered_within_their_thread_and_come_back_as_they_were(threads: Threads) -> None:
    for thread, number in (("a", 1), ("b", 1), ("a", 2)):
        row = await threads.begin(new(thread, number))
        assert row.number == number
    end = TurnEnd(
        status=TurnStatus.DONE,
        answer="Grüße, 1.5 A",
        task="task",
        plan={"steps": []},
        contexts={"k": {"v": [1, 2.5, None, float("inf")]}},
        runs=("r",),
        artifacts=("p",),
        warnings=("w",),
        usage={"input_tokens": 3},
    )
    await threads.end("a.2", end)
    first, second = await threads.turns("a")
    assert first.status is TurnStatus.RUNNING
    assert first.ended_ns is None
    assert second.end == end
    assert second.entry == {"user_query": "question 2", "spent_s": 0.0}
    assert [row.number for row in await threads.turns("a", last=1)] == [2]
    assert [row.number for row in await threads.turns("a", unfinished_only=True)] == [1]
    assert (await threads.turn("a.2")) == second
    assert await threads.turn("c.1") is None


async def test_threads_are_listed_by_their_last_use_with_the_status_of_their_newest_turn(threads: Threads) -> None:
    await threads.begin(new("a", 1, asked="  what is\nthe beam   current " + "x" * 100))
    await threads.begin(new("b", 1))
    await threads.end("a.1", DONE)
    first, second = await threads.list()
    assert (first.thread, first.status, first.turns) == ("a", TurnStatus.DONE, 1)
    assert first.title.startswith("what is the beam current xxx")
    assert len(first.title) == 72
    assert first.title.endswith("…")
    assert (second.thread, second.status) == ("b", TurnStatus.RUNNING)
    assert [row.thread for row in await threads.list(limit=1)] == ["a"]


async def test_settings_belong_to_one_thread_and_make_it_if_it_is_not_there(threads: Threads) -> None:
    settings = ThreadSettings(planning=True, approval=ThreadApproval.ALL, chat="memory")
    await threads.set_settings("a", settings)
    assert await threads.settings("a") == settings
    assert await threads.settings("b") == ThreadSettings()
    [row] = await threads.list()
    assert (row.title, row.turns, row.status) == ("", 0, None)
    await threads.begin(new("a", 1))
    assert (await threads.get("a")).title == "question 1"
    assert (await threads.get("a")).settings == settings


async def test_a_thread_is_renamed_and_an_unknown_one_named(threads: Threads) -> None:
    await threads.begin(new("a", 1))
    assert (await threads.rename("a", "orbit on Monday")).title == "orbit on Monday"
    with pytest.raises(UsageError, match="title"):
        await threads.rename("a", " ")
    for call in (threads.rename("b", "x"), threads.get("b"), threads.delete("b")):
        with pytest.raises(UsageError, match="no thread 'b'"):
            await call


async def test_a_thread_with_an_unfinished_turn_is_not_deleted_and_a_finished_one_wholly(
    threads: Threads, database: Database
) -> None:
    traces = Traces(database)
    await threads.begin(new("a", 1))
    with pytest.raises(ConflictError, match="running"):
        await threads.delete("a")
    span = Span(id="s", parent="", name="turn", begun_ns=1, ended_ns=2, status="ok")
    await threads.end("a.1", DONE, [span])
    assert await traces.of("a.1") == [span]
    assert await threads.delete("a") == ["a.1"]
    assert await threads.list() == []
    assert await traces.of("a.1") == []


async def test_spans_come_back_in_the_order_in_which_they_began(threads: Threads, database: Database) -> None:
    traces = Traces(database)
    outer = Span(id="1", parent="", name="turn", begun_ns=1, ended_ns=9, status="done", about={"thread": "a"})
    inner = Span(id="2", parent="1", name="plan", begun_ns=1, ended_ns=4, status="ok")
    await threads.begin(new("a", 1))
    await threads.begin(new("b", 1))
    await threads.end("a.1", DONE, [inner, outer])
    await threads.end("a.1", DONE)
    await threads.end("b.1", DONE, [inner])
    assert await traces.of("a.1") == [outer, inner]


async def test_what_is_no_json_is_refused_and_nothing_is_stored(threads: Threads) -> None:
    with pytest.raises(TypeError):
        await threads.begin(new("a", 1, entry={"x": object()}))
    assert await threads.list() == []
