"""Somebody who can write to the database file, but has not the audit's key."""

from __future__ import annotations

import hashlib
import json
import random
import sqlite3
from pathlib import Path
from typing import Any, Final

SEALED: Final = (
    "kind", "title", "thread", "document", "sha256", "risk", "requester", "created_ns", "expires_ns", "presentation",
    "needs", "policy", "authors", "seal",
)  # fmt: skip
"""Columns of a request that nobody may change once it was filed."""
TOLD: Final = (
    "seq", "word", "actor", "person", "roles", "method", "is_authenticated", "ns", "sha256", "text", "seal",
)  # fmt: skip
"""Columns of a decision."""


class Intruder:
    """Changes rows behind Osprey's back. Triggers are no obstacle: whoever owns the file drops them."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, timeout=60)
        self._connection.row_factory = sqlite3.Row
        for (name,) in self._connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            self._connection.execute(f"DROP TRIGGER {name}")

    def close(self) -> None:
        self._connection.close()

    def copy_to(self, folder: Path) -> None:
        """Keep a copy of the database as it is."""
        folder.mkdir()
        copy = sqlite3.connect(folder / "osprey.db")
        self._connection.backup(copy)
        copy.close()

    def do(self, statement: str, *values: Any) -> int:
        """Run a statement; give how many rows it changed."""
        return self._connection.execute(statement, values).rowcount

    def row(self, statement: str, *values: Any) -> dict[str, Any]:
        """Give the first row of a query."""
        return dict(self._connection.execute(statement, values).fetchone())

    def request(self, request_id: str) -> dict[str, Any]:
        return self.row("SELECT * FROM requests WHERE id = ?", request_id)

    def change(self, request_id: str, **columns: Any) -> None:
        """Set columns of a request."""
        stated = ", ".join(f"{name} = ?" for name in columns)
        self.do(f"UPDATE requests SET {stated} WHERE id = ?", *columns.values(), request_id)  # noqa: S608

    def rewrite(self, request_id: str, document: Any) -> None:
        """Put another document, canonical and with its right hash, in the place of a request's."""
        text = json.dumps(document, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
        self.change(request_id, document=text, sha256=hashlib.sha256(text.encode()).hexdigest())

    def insert(self, table: str, row: dict[str, Any]) -> None:
        marks = ", ".join("?" * len(row))
        self.do(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", *row.values())  # noqa: S608

    def insert_vote(self, request_id: str, **columns: Any) -> None:
        """Write a vote by hand, as like a real one as it can be without the key."""
        shown = self.request(request_id)
        vote = {
            "request_id": request_id, "seq": 1, "word": "approve", "actor": "os:bob", "terminal": "pts/1",
            "host": "console", "person": "bob", "roles": '["operator"]', "method": "secret", "is_authenticated": 1,
            "ns": shown["created_ns"] + 1, "sha256": shown["sha256"], "text": "", "remembered": None, "seal": "0" * 64,
        }  # fmt: skip
        self.insert("decisions", {**vote, **columns})


def flip(value: Any, chance: random.Random) -> Any:
    """Flip one bit of a stored value; of a text so that it stays one."""
    if isinstance(value, int):
        return value ^ (1 << chance.randrange(48))
    if not value:
        return "x"
    place = chance.randrange(len(value))
    changed = chr(ord(value[place]) ^ (1 << chance.randrange(7)))
    return value[:place] + changed + value[place + 1 :]
