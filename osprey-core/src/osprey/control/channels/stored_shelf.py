"""A list of channels with its look-up tables in a file, so that a command need not build them again.

The file is a copy of what can be built at any time: it is made beside its place and moved there, is never
changed afterwards, and one that cannot be read is made anew.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from osprey.control.channels.bitset import listed, packed, unpacked
from osprey.control.channels.entries import entry_of
from osprey.control.channels.shelf import MemoryShelf
from osprey.control.channels.tables import Kind
from osprey.control.values import ChannelRecord, DType
from osprey.errors import StorageError

_SCHEMA: Final = """
CREATE TABLE about (size INTEGER NOT NULL);
CREATE TABLE records (place INTEGER PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE words (number INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE);
CREATE TABLE sets (kind TEXT, key TEXT, numbers BLOB NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID;
"""
_LISTS: Final = ("family_words", "aliases", "labels", "way")
_MOST_ASKED: Final = 500
_MOST_REMEMBERED: Final = 20_000


def store_shelf(shelf: MemoryShelf, path: Path) -> None:
    """Write a list and its tables down, readable for this user alone.

    :raises OSError, sqlite3.Error: it cannot be written; nothing is left behind.
    """
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    draft.touch(mode=0o600, exist_ok=False)
    try:
        with closing(sqlite3.connect(draft, isolation_level=None)) as file:
            # A copy that a crash cuts short is never moved to its place, so nothing has to be synchronised.
            file.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN;" + _SCHEMA)
            _fill(file, shelf)
            file.execute("COMMIT")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _fill(file: sqlite3.Connection, shelf: MemoryShelf) -> None:
    bodies = ((place, _body(record)) for place, record in enumerate(shelf.records()))
    file.executemany("INSERT INTO records VALUES (?, ?)", bodies)
    file.executemany("INSERT INTO words VALUES (?, ?)", enumerate(shelf.words))
    for kind in Kind:
        # Sorted, because the table is its own index: a key is put at its end.
        rows = ((kind.value, _plain(key), packed(numbers)) for key, numbers in sorted(shelf.table(kind).items()))
        file.executemany("INSERT INTO sets VALUES (?, ?, ?)", rows)
    file.execute("INSERT INTO about VALUES (?)", (len(shelf),))


class StoredShelf:
    """Channels in a file."""

    def __init__(self, path: Path) -> None:
        """Open it.

        :raises sqlite3.Error, OSError: it is no such file.
        """
        if not path.is_file():
            raise FileNotFoundError(path)
        self._path = path
        # Lists are read on a worker thread and asked on the loop's: one at a time, by the lock.
        uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        self._file = sqlite3.connect(uri, uri=True, check_same_thread=False)
        # A directory is never closed by those who ask it; the file goes with it.
        self.close = weakref.finalize(self, self._file.close)
        self._lock = threading.Lock()
        self._known: dict[int, ChannelRecord] = {}
        try:
            [(self._size,)] = self._file.execute("SELECT size FROM about").fetchall()
        except ValueError as exc:
            msg = "it was not written to its end"
            raise sqlite3.DatabaseError(msg) from exc

    def __len__(self) -> int:
        return self._size

    def record(self, place: int) -> ChannelRecord:
        if place not in self._known:
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            [(body,)] = self._ask("SELECT body FROM records WHERE place = ?", place)
            self._known[place] = _record(body)
        return self._known[place]

    def records(self) -> Iterator[ChannelRecord]:
        return (_record(body) for (body,) in self._ask("SELECT body FROM records ORDER BY place"))

    def numbers(self, kind: Kind, key: str) -> int:
        return unpacked(self._form(kind, key))

    def places(self, kind: Kind, key: str) -> Sequence[int]:
        return listed(self._form(kind, key))

    def _form(self, kind: Kind, key: str) -> bytes:
        rows = self._ask("SELECT numbers FROM sets WHERE kind = ? AND key = ?", kind.value, _plain(key))
        return rows[0][0] if rows else packed(())

    def keys(self, kind: Kind) -> list[str]:
        return [key for (key,) in self._ask("SELECT key FROM sets WHERE kind = ?", kind.value)]

    def has_keys(self, kind: Kind) -> bool:
        return bool(self._ask("SELECT 1 FROM sets WHERE kind = ? LIMIT 1", kind.value))

    def word(self, number: int) -> str:
        [(word,)] = self._ask("SELECT word FROM words WHERE number = ?", number)
        return word

    def known_words(self, words: Iterable[str]) -> list[str]:
        wanted = [_plain(word) for word in words]
        found: list[str] = []
        for start in range(0, len(wanted), _MOST_ASKED):
            part = wanted[start : start + _MOST_ASKED]
            marks = ", ".join("?" * len(part))
            found += [word for (word,) in self._ask(f"SELECT word FROM words WHERE word IN ({marks})", *part)]  # noqa: S608 - marks alone
        return found

    def words_beginning(self, prefix: str, limit: int) -> list[str]:
        found = self._ask("SELECT word FROM words WHERE word >= ? ORDER BY word LIMIT ?", _plain(prefix), limit)
        return [word for (word,) in found if word.startswith(prefix)]

    def _ask(self, question: str, *values: Any) -> list[Any]:
        try:
            with self._lock:
                return self._file.execute(question, values).fetchall()
        except sqlite3.Error as exc:
            msg = f"the index of the channel list, {self._path}, cannot be read ({exc}): remove it; it is made anew"
            raise StorageError(msg) from exc


def remove_others(path: Path, pattern: str) -> None:
    """Remove the files of earlier states of the list; one that cannot be removed does no harm."""
    for other in path.parent.glob(pattern):
        if other != path:
            try:
                other.unlink()
            except OSError:
                continue


def _plain(key: str) -> str:
    # A lone surrogate is no text for SQLite, and no channel has one in its name.
    return key.encode(errors="replace").decode()


def _body(record: ChannelRecord) -> str:
    return json.dumps(entry_of(record), separators=(",", ":"))


def _record(body: str) -> ChannelRecord:
    fields: dict[str, Any] = json.loads(body)
    for key in _LISTS:
        if key in fields:
            fields[key] = tuple(fields[key])
    if "dtype" in fields:
        fields["dtype"] = DType(fields["dtype"])
    return ChannelRecord(**fields)
