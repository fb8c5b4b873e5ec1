"""Fixtures of the journal tests: a desk with a journal, a clock that obeys, and people."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from osprey.journal import Intent, Journal, NewRequest, Receipt, RequestRow, Who
from osprey.storage import Database

SECOND = 1_000_000_000
START = 1_800_000_000 * SECOND


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now_ns = START

    def __call__(self) -> int:
        return self.now_ns

    def move(self, seconds: float) -> None:
        self.now_ns += int(seconds * SECOND)


class Desk:
    """A journal with what a test needs to file and decide."""

    alice = Who("os:alice", "/dev/pts/1", "console-1")
    bob = Who("os:bob", "/dev/pts/2", "console-2")

    def __init__(self, state_dir: Path) -> None:
        self.state_dir = state_dir
        self.clock = Clock()
        self.database = Database.open(state_dir)
        self.journal = Journal.open(self.database, clock=self.clock)
        self._count = 0

    def new(self, *, groups: int = 1, lasts_s: float = 3600, **changes: Any) -> NewRequest:
        self._count += 1
        document = {"number": self._count, "writes": {"groups": [[]] * groups}}
        values: dict[str, Any] = {
            "kind": "channel_write",
            "title": "set HCM03 to 0.5 A",
            "thread": "thread-1",
            "document": json.dumps(document),
            "risk": "low",
            "requester": "os:alice",
            "expires_ns": self.clock() + int(lasts_s * SECOND),
            "presentation": {"shown": True},
        }
        return NewRequest(**{**values, **changes})

    async def filed(self, **changes: Any) -> RequestRow:
        return await self.journal.requests.create(self.new(**changes))

    async def approved(self, **changes: Any) -> RequestRow:
        row = await self.filed(**changes)
        return await self.journal.requests.approve(row.id, row.sha256[:8], self.bob)

    async def claimed(self, *channels: str, **changes: Any) -> RequestRow:
        row = await self.approved(**changes)
        return await self.journal.ledger.claim(row.id, row.sha256, self.bob, group(0, *channels))

    async def events(self) -> list[str]:
        return [row.event for row in await self.journal.audit.log()]

    def tamper(self, *statements: str) -> None:
        """Change the file as somebody with access to it could: triggers do not stop them."""

        def work(connection: Connection) -> None:
            triggers = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").all()
            for name, _ in triggers:
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
            for statement in statements:
                connection.exec_driver_sql(statement)
            for _, sql in triggers:
                connection.exec_driver_sql(sql)

        self.database.general.run_sync(work)


def group(number: int, *channels: str) -> list[Intent]:
    return [
        Intent(target="ring", channel=channel, group=number, index=index, value="0x1.8p+0", before="0x0.0p+0")
        for index, channel in enumerate(channels)
    ]


def receipts(number: int, *outcomes: str) -> list[Receipt]:
    return [
        Receipt(group=number, index=index, outcome=outcome, readback="0x1.8p+0")
        for index, outcome in enumerate(outcomes)
    ]


class Make:
    """Makes intents and receipts."""

    group = staticmethod(group)
    receipts = staticmethod(receipts)
    second_ns = SECOND

    @staticmethod
    def confirmed(number: int, channels: Sequence[str]) -> list[Receipt]:
        return receipts(number, *["confirmed"] * len(channels))


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def make() -> type[Make]:
    return Make


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = Desk(tmp_path / "state")
    yield opened
    opened.database.close()
