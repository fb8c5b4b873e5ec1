"""Traces: the spans of each turn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import Connection, insert, select

from osprey.sessions._serialization import mapping_from, to_text
from osprey.sessions.tables import COMPONENT, MIGRATIONS, SPANS
from osprey.sessions.values import Span

if TYPE_CHECKING:
    from osprey.project import Project
    from osprey.storage import Database


class Traces:
    """Shows the spans of turns; the end of a turn keeps them, in its own transaction."""

    def __init__(self, database: Database) -> None:
        database.migrate(COMPONENT, MIGRATIONS)
        self._database = database

    async def of(self, turn: str) -> list[Span]:
        """Give the spans of a turn in the order in which they began."""
        query = select(SPANS).where(SPANS.c.turn == turn).order_by(SPANS.c.begun_ns, SPANS.c.ended_ns.desc())

        def rows(connection: Connection) -> list[Span]:
            return [
                Span(
                    **{name: row[name] for name in ("id", "parent", "name", "begun_ns", "ended_ns", "status")},
                    about=mapping_from(row["about"]),
                )
                for row in connection.execute(query).mappings()
            ]

        return await self._database.read(rows)


def add_spans(connection: Connection, turn: str, spans: Sequence[Span]) -> None:
    """Keep spans in the caller's transaction."""
    if not spans:
        return
    rows = [
        {
            "turn": turn,
            **{name: getattr(span, name) for name in ("id", "parent", "name", "begun_ns", "ended_ns", "status")},
            "about": to_text(span.about),
        }
        for span in spans
    ]
    connection.execute(insert(SPANS), rows)


def traces_of(project: Project) -> Traces:
    """Give the project's traces."""
    return project.part(Traces, lambda project: Traces(project.database))
