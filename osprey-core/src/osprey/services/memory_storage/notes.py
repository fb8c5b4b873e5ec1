"""Notes of people, exact and by user; saved once, found by their words."""

from __future__ import annotations

import hashlib
import secrets
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from attrs import frozen
from sqlalchemy import BigInteger, Column, Connection, MetaData, String, Table, Text, select

from osprey.errors import UsageError
from osprey.storage import Database, Migration

if TYPE_CHECKING:
    from osprey.project import Project

_MAX_LENGTH = 4000
"""Characters; a note is a sentence or a paragraph, a document belongs in a file."""

_metadata = MetaData()
_notes = Table(
    "memory_notes",
    _metadata,
    Column("id", String, primary_key=True),
    Column("user", String, nullable=False, index=True),
    Column("text", Text, nullable=False),
    Column("saved_ns", BigInteger, nullable=False),
)


def _create(connection: Connection) -> None:
    _metadata.create_all(connection)


_MIGRATIONS = (Migration(version=1, summary="notes of people", upgrade=_create),)


@frozen(kw_only=True)
class Note:
    """One remembered text."""

    id: str
    user: str
    text: str
    saved: datetime
    """In UTC."""


class Notes:
    """The notes of a project."""

    def __init__(self, database: Database) -> None:
        database.migrate("memory", _MIGRATIONS)
        self._database = database

    async def save(self, user: str, text: str, *, key: str | None = None) -> Note:
        """Keep a text for a user.

        :param key: what makes it the same note when its step runs again after a crash.
        :raises UsageError: the text is empty or longer than 4000 characters.
        """
        return await self._database.general.run(lambda connection: self.insert(connection, user, text, key=key))

    def insert(self, connection: Connection, user: str, text: str, *, key: str | None = None) -> Note:
        """Keep a text as `save` does, in the caller's transaction."""
        text = text.strip()
        if not text or len(text) > _MAX_LENGTH:
            msg = f"a note has 1 to {_MAX_LENGTH} characters, this one has {len(text)}"
            raise UsageError(msg)
        note_id = secrets.token_hex(6) if key is None else hashlib.sha256(key.encode()).hexdigest()[:12]
        known = connection.execute(select(_notes).where(_notes.c.id == note_id)).mappings().first()
        if known is not None:
            return _note(**known)
        row: dict[str, Any] = {"id": note_id, "user": user, "text": text, "saved_ns": time.time_ns()}
        connection.execute(_notes.insert(), row)
        return _note(**row)

    async def search(self, user: str, text: str = "") -> list[Note]:
        """Give the user's notes that hold every word of `text`, the newest first; all for an empty text."""
        query = select(_notes).where(_notes.c.user == user).order_by(_notes.c.saved_ns.desc())
        for word in text.split():
            query = query.where(_notes.c.text.icontains(word, autoescape=True))

        def rows(connection: Connection) -> list[Note]:
            return [_note(**row) for row in connection.execute(query).mappings()]

        return await self._database.read(rows)


def notes_of(project: Project) -> Notes:
    """Give the project's notes."""
    return project.part(Notes, lambda project: Notes(project.database))


def _note(*, id: str, user: str, text: str, saved_ns: int) -> Note:  # noqa: A002 - the column's name
    saved = datetime.fromtimestamp(saved_ns / 1e9, tz=UTC)
    return Note(id=id, user=user, text=text, saved=saved)
