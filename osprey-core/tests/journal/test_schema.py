"""The tables of the statements are those of the database, and two projects do not meet."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, event

from osprey.errors import StorageError
from osprey.journal import Journal, RequestState
from osprey.journal.schema import COMPONENT, MIGRATIONS
from osprey.journal.tables import TABLES
from osprey.storage import Database, Migration


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_the_statements_know_every_column(desk, table) -> None:
    rows = desk.database.read_sync(lambda c: c.exec_driver_sql(f"PRAGMA table_info({table.name})").mappings().all())
    assert [row["name"] for row in rows] == [column.name for column in table.columns]


def test_a_journal_of_a_newer_version_is_refused(desk) -> None:
    newer = [*MIGRATIONS, Migration(len(MIGRATIONS) + 1, "from the future", lambda _: None)]
    desk.database.migrate(COMPONENT, newer)
    with pytest.raises(StorageError, match="newer version: its 'journal' tables"):
        Journal.open(desk.database)


@pytest.mark.anyio
async def test_what_is_unresolved_is_found_without_reading_the_history(desk) -> None:
    row = await desk.claimed("A")
    await desk.journal.ledger.finish(row.id, [], RequestState.DONE, {})
    again = await desk.approved()
    statements: list[str] = []

    def note(*args: object) -> None:
        statements.append(str(args[2]))

    event.listen(Engine, "before_cursor_execute", note)
    await desk.journal.ledger.list()
    await desk.journal.ledger.orphans()
    await desk.journal.ledger.claim(again.id, again.sha256, desk.bob, [])
    event.remove(Engine, "before_cursor_execute", note)
    watched = [text for text in statements if "FROM intents" in text]
    assert len(watched) >= 4
    for statement in watched:
        plan = desk.database.read_sync(
            lambda c, text=statement: [
                step[-1] for step in c.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", ("x",) * text.count("?"))
            ]
        )
        assert not any(step.startswith("SCAN intents") for step in plan), (statement, plan)


@pytest.mark.anyio
async def test_two_projects_of_one_process_do_not_meet(tmp_path, desk) -> None:
    other = Database.open(tmp_path / "other")
    journal = Journal.open(other, clock=desk.clock)
    row = await desk.claimed("A")
    assert await journal.requests.list() == []
    assert await journal.ledger.orphans() == []
    await desk.journal.halt.set(desk.bob, "stop")
    assert not (await journal.halt.state()).is_set
    filed = await journal.requests.create(desk.new())
    approved = await journal.requests.approve(filed.id, filed.sha256, desk.bob)
    intents = await desk.journal.ledger.intents_of(row.id)
    assert len(intents) == 1
    await journal.ledger.claim(approved.id, approved.sha256, desk.bob, [])
    assert (tmp_path / "other" / "audit.key").read_bytes() != (desk.state_dir / "audit.key").read_bytes()
    await journal.aclose()
    other.close()
