"""Threads of one project, and their turns."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, RowMapping, delete, func, insert, select, update

from osprey.errors import ConflictError, UsageError
from osprey.sessions._serialization import from_text, mapping_from, to_text
from osprey.sessions.tables import COMPONENT, MIGRATIONS, SPANS, THREADS, TURNS
from osprey.sessions.traces import add_spans
from osprey.sessions.values import UNFINISHED, NewTurn, Span, ThreadRow, ThreadSettings, TurnEnd, TurnRow, TurnStatus

if TYPE_CHECKING:
    from osprey.project import Project
    from osprey.storage import Database

_TITLE_LENGTH: Final = 72
_UNFINISHED: Final = tuple(status.value for status in UNFINISHED)


class Threads:
    """Begins and ends turns; lists, shows, renames and deletes threads."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], int] = time.time_ns,
        defaults: ThreadSettings = ThreadSettings(),  # noqa: B008 - it is frozen
    ) -> None:
        """Open them.

        :param defaults: what holds for a thread whose settings nobody has changed.
        """
        database.migrate(COMPONENT, MIGRATIONS)
        self._database = database
        self._clock = clock
        self._defaults = defaults

    async def begin(self, new: NewTurn) -> TurnRow:
        """Store a turn that begins, and its thread if it is the first; durably, for requests will name the thread."""

        def store(connection: Connection) -> TurnRow:
            now_ns = self._clock()
            title = _title_of(new.asked)
            if not _touch(connection, new.thread, now_ns):
                _insert_thread(connection, new.thread, title, now_ns, self._defaults)
            untitled = update(THREADS).where(THREADS.c.thread == new.thread, THREADS.c.title == "")
            connection.execute(untitled.values(title=title))  # it was made for its settings
            last = connection.execute(select(func.max(TURNS.c.number)).where(TURNS.c.thread == new.thread)).scalar()
            end = TurnEnd(status=TurnStatus.RUNNING)
            row = TurnRow(
                **{name: getattr(new, name) for name in ("thread", "turn", "asked", "target", "asked_by", "entry")},
                number=(last or 0) + 1,
                begun_ns=now_ns,
                ended_ns=None,
                end=end,
            )
            values = {name: getattr(row, name) for name in ("thread", "number", "turn", "asked", "target", "asked_by")}
            values |= {"entry": to_text(new.entry), "status": end.status.value, "begun_ns": now_ns, "end": to_text(end)}
            connection.execute(insert(TURNS), values)
            return row

        return await self._database.safety.run(store)

    async def end(self, turn: str, end: TurnEnd, spans: Sequence[Span] = ()) -> None:
        """Store how a turn stands: it ended, it waits, or it goes on; with the spans that have ended since."""

        def store(connection: Connection) -> None:
            now_ns = self._clock()
            connection.execute(
                update(TURNS)
                .where(TURNS.c.turn == turn)
                .values(status=end.status.value, ended_ns=now_ns, end=to_text(end))
            )
            thread = connection.execute(select(TURNS.c.thread).where(TURNS.c.turn == turn)).scalar()
            if thread is not None:
                _touch(connection, thread, now_ns)
            add_spans(connection, turn, spans)

        # Durably: the checkpoints of a turn that has ended are removed after this.
        await self._database.safety.run(store)

    async def get(self, thread: str) -> ThreadRow:
        """Give a thread.

        :raises UsageError: there is none of that name.
        """
        found = await self._database.read(lambda connection: _list(connection, thread=thread))
        if not found:
            msg = f"there is no thread {thread!r}; `osprey threads list` shows them, `osprey approvals list` what waits"
            raise UsageError(msg)
        return found[0]

    async def list(self, *, limit: int | None = None) -> list[ThreadRow]:
        """Give the threads, the one that was last used first."""
        return await self._database.read(lambda connection: _list(connection, limit=limit))

    async def turns(self, thread: str, *, last: int | None = None, unfinished_only: bool = False) -> list[TurnRow]:
        """Give the turns of a thread in their order: all, or the `last` ones; none if there is no such thread."""
        query = select(TURNS).where(TURNS.c.thread == thread).order_by(TURNS.c.number.desc()).limit(last)
        if unfinished_only:
            query = query.where(TURNS.c.status.in_(_UNFINISHED))

        def rows(connection: Connection) -> list[TurnRow]:
            return [_turn(row) for row in connection.execute(query).mappings()][::-1]

        return await self._database.read(rows)

    async def turn(self, turn: str) -> TurnRow | None:
        """Give one turn by its name."""

        def row(connection: Connection) -> TurnRow | None:
            found = connection.execute(select(TURNS).where(TURNS.c.turn == turn)).mappings().first()
            return None if found is None else _turn(found)

        return await self._database.read(row)

    async def settings(self, thread: str) -> ThreadSettings:
        """Give what is set for a thread; the defaults for one that is not there yet."""
        query = select(THREADS.c.settings).where(THREADS.c.thread == thread)
        text = await self._database.read(lambda connection: connection.execute(query).scalar())
        return self._defaults if text is None else from_text(text, ThreadSettings)

    async def set_settings(self, thread: str, settings: ThreadSettings) -> None:
        """Set what holds for the following turns of a thread, which is made if it is not there."""

        def store(connection: Connection) -> None:
            now_ns = self._clock()
            if not _touch(connection, thread, now_ns):
                _insert_thread(connection, thread, "", now_ns, settings)
            connection.execute(update(THREADS).where(THREADS.c.thread == thread).values(settings=to_text(settings)))

        await self._database.general.run(store)

    async def rename(self, thread: str, title: str) -> ThreadRow:
        """Give a thread another title.

        :raises UsageError: there is no such thread, or the title is empty.
        """
        if not title.strip():
            raise UsageError("a title needs a word: others will look for it")
        await self.get(thread)
        values = {"title": _title_of(title)}
        statement = update(THREADS).where(THREADS.c.thread == thread).values(values)
        await self._database.general.run(lambda connection: connection.execute(statement))
        return await self.get(thread)

    async def delete(self, thread: str) -> list[str]:
        """Delete a thread with its turns and their traces; give the names of the turns.

        What its turns asked to change stays in the journal, which forgets nothing.

        :raises UsageError: there is no such thread.
        :raises ConflictError: one of its turns is not finished.
        """
        await self.get(thread)

        def remove(connection: Connection) -> Sequence[str]:
            mine = TURNS.c.thread == thread
            open_turn = connection.execute(select(TURNS.c.status).where(mine, TURNS.c.status.in_(_UNFINISHED))).first()
            if open_turn is not None:
                msg = (
                    f"thread {thread} has a turn that is {open_turn.status}: go on with it (osprey resume {thread}), "
                    "or decide what it waits for (osprey approvals list), then delete it"
                )
                raise ConflictError(msg)
            turns = list(connection.execute(select(TURNS.c.turn).where(mine)).scalars())
            connection.execute(delete(SPANS).where(SPANS.c.turn.in_(turns)))
            connection.execute(delete(TURNS).where(mine))
            connection.execute(delete(THREADS).where(THREADS.c.thread == thread))
            return turns

        return list(await self._database.general.run(remove))


def threads_of(project: Project) -> Threads:
    """Give the project's threads."""

    def build(project: Project) -> Threads:
        return Threads(project.database, defaults=_defaults_of(project))

    return project.part(Threads, build)


def _defaults_of(project: Project) -> ThreadSettings:
    control = project.config.agent_control
    return ThreadSettings(
        planning=control.planning_mode_enabled,
        extracts_tasks=not control.task_extraction_bypass_enabled,
        selects_capabilities=not control.capability_selection_bypass_enabled,
    )


def _touch(connection: Connection, thread: str, now_ns: int) -> bool:
    touched = connection.execute(update(THREADS).where(THREADS.c.thread == thread).values(touched_ns=now_ns))
    return touched.rowcount > 0


def _insert_thread(connection: Connection, thread: str, title: str, now_ns: int, settings: ThreadSettings) -> None:
    values = {"thread": thread, "title": title, "created_ns": now_ns, "touched_ns": now_ns}
    connection.execute(insert(THREADS), {**values, "settings": to_text(settings)})


def _title_of(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _TITLE_LENGTH else f"{line[: _TITLE_LENGTH - 1].rstrip()}…"


def _list(connection: Connection, *, thread: str | None = None, limit: int | None = None) -> list[ThreadRow]:
    counts = select(TURNS.c.thread, func.count().label("turns"), func.max(TURNS.c.number).label("newest"))
    counted = counts.group_by(TURNS.c.thread).subquery()
    query = (
        select(THREADS, counted.c.turns, TURNS.c.status)
        .outerjoin(counted, counted.c.thread == THREADS.c.thread)
        .outerjoin(TURNS, (TURNS.c.thread == THREADS.c.thread) & (TURNS.c.number == counted.c.newest))
        .order_by(THREADS.c.touched_ns.desc())
        .limit(limit)
    )
    if thread is not None:
        query = query.where(THREADS.c.thread == thread)
    return [_thread(row) for row in connection.execute(query).mappings()]


def _thread(row: RowMapping) -> ThreadRow:
    return ThreadRow(
        thread=row["thread"],
        title=row["title"],
        created_ns=row["created_ns"],
        touched_ns=row["touched_ns"],
        turns=row["turns"] or 0,
        status=None if row["status"] is None else TurnStatus(row["status"]),
        settings=from_text(row["settings"], ThreadSettings),
    )


def _turn(row: RowMapping) -> TurnRow:
    plain: dict[str, Any] = {
        name: row[name] for name in ("thread", "number", "turn", "asked", "target", "asked_by", "begun_ns", "ended_ns")
    }
    return TurnRow(**plain, entry=mapping_from(row["entry"]), end=from_text(row["end"], TurnEnd))
