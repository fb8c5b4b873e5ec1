"""Ways to tamper with an audit: of its table through a connection, of its anchor through its lines.

Each changes something, undoes nothing, and gives in words what it changed.
"""

from __future__ import annotations

import json
import random
import secrets
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection

from osprey.journal.audit.seal import FIRST_SEAL, SEALED_COLUMNS, seal_row
from osprey.journal.audit.verification import stored_rows


def _count(connection: Connection) -> int:
    return int(connection.exec_driver_sql("SELECT max(seq) FROM audit").scalar_one())


def _edit(column: str) -> Callable[[random.Random, Connection], str]:
    read = f"SELECT {column} FROM audit WHERE seq = ?"  # noqa: S608 - a column of ours
    write = f"UPDATE audit SET {column} = ? WHERE seq = ?"  # noqa: S608

    def change(chance: random.Random, connection: Connection) -> str:
        seq = chance.randint(1, _count(connection))
        old = connection.exec_driver_sql(read, (seq,)).scalar_one()
        new = _other(chance, old)
        connection.exec_driver_sql(write, (new, seq))
        return f"{column} of row {seq} from {old!r} to {new!r}"

    return change


def _other(chance: random.Random, old: Any) -> Any:
    """Give another value, among them ones of another type and ones that look alike."""
    if isinstance(old, int):
        return chance.choice([old + 1, old - 1, -old, old ^ (1 << chance.randrange(60)), f"{old}x", old + 0.5, b"\x00"])
    place = chance.randrange(len(old) + 1)
    choices: list[Any] = [
        old[:place] + "x" + old[place:],
        old + " ",
        old + "\0",
        old.encode(),
        b"\xff" + old.encode(),
        old.swapcase() if old.swapcase() != old else old + "a",
        old[:-1] if old else "a",
        old.replace("a", "а", 1) if "a" in old else f"{old}\u200b",
    ]
    return chance.choice(choices)


def _move_row(chance: random.Random, connection: Connection) -> str:
    count = _count(connection)
    seq, to = chance.randint(1, count), chance.choice([count + 1, 0, -7, count + 1000])
    connection.exec_driver_sql("UPDATE audit SET seq = ? WHERE seq = ?", (to, seq))
    return f"row {seq} became row {to}"


def _delete(chance: random.Random, connection: Connection) -> str:
    first = chance.randint(1, _count(connection))
    last = first + chance.choice([0, 0, 1, 5, 40])
    connection.exec_driver_sql("DELETE FROM audit WHERE seq BETWEEN ? AND ?", (first, last))
    return f"rows {first} to {last}"


def _delete_and_close(chance: random.Random, connection: Connection) -> str:
    seq = chance.randint(1, _count(connection))
    connection.exec_driver_sql("DELETE FROM audit WHERE seq = ?", (seq,))
    _shift(connection, seq, -1)
    return f"row {seq}"


def _shift(connection: Connection, after: int, by: int) -> None:
    """Move all rows after one; by way of negative numbers, because the key is unique at every moment."""
    connection.exec_driver_sql("UPDATE audit SET seq = -(seq + ?) WHERE seq > ?", (by, after))
    connection.exec_driver_sql("UPDATE audit SET seq = -seq WHERE seq < 0")


def _truncate(chance: random.Random, connection: Connection) -> str:
    count = _count(connection)
    left = count - chance.choice([1, 1, 2, 7, chance.randint(1, count)])
    connection.exec_driver_sql("DELETE FROM audit WHERE seq > ?", (left,))
    return f"all after row {left}"


_COPY = f"INSERT INTO audit SELECT ?, {', '.join(SEALED_COLUMNS[1:])}, mac FROM audit WHERE seq = ?"  # noqa: S608


def _append_copy(chance: random.Random, connection: Connection) -> str:
    count = _count(connection)
    seq = chance.randint(1, count)
    connection.exec_driver_sql(_COPY, (count + 1, seq))
    return f"row {seq} once more at the end"


def _append_forged(chance: random.Random, connection: Connection) -> str:
    count = _count(connection)
    previous = connection.exec_driver_sql("SELECT mac FROM audit WHERE seq = ?", (count,)).scalar_one()
    values = (count + 1, time.time_ns(), time.time_ns(), "os:alice", "", "console", "request.approved", "req-1", "{}")
    key = chance.choice([bytes(32), b"", secrets.token_bytes(32)])
    row = (*values, seal_row(key, previous, values))
    connection.exec_driver_sql("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    return "a row sealed with another key"


def _insert_between(chance: random.Random, connection: Connection) -> str:
    count = _count(connection)
    seq, other = chance.randint(1, count - 1), chance.randint(1, count)
    connection.exec_driver_sql(_COPY, (-10_000_000, other))
    _shift(connection, seq, 1)
    connection.exec_driver_sql("UPDATE audit SET seq = ? WHERE seq = 10000000", (seq + 1,))
    return f"a copy of row {other} after row {seq}"


def _swap(chance: random.Random, connection: Connection) -> str:
    first, second = chance.sample(range(1, _count(connection) + 1), 2)
    for old, new in ((first, -1), (second, first), (-1, second)):
        connection.exec_driver_sql("UPDATE audit SET seq = ? WHERE seq = ?", (new, old))
    return f"rows {first} and {second}"


def _swap_contents(chance: random.Random, connection: Connection) -> str:
    """Exchange two rows but for their numbers and their seals."""
    first, second = chance.sample(range(1, _count(connection) + 1), 2)
    columns = ", ".join(SEALED_COLUMNS[1:])
    read = f"SELECT {columns} FROM audit WHERE seq = ?"  # noqa: S608
    rows = [connection.exec_driver_sql(read, (seq,)).one() for seq in (first, second)]
    write = f"UPDATE audit SET ({columns}) = ({', '.join('?' * len(rows[0]))}) WHERE seq = ?"  # noqa: S608
    for row, seq in zip(rows, (second, first), strict=True):
        connection.exec_driver_sql(write, (*row, seq))
    return f"what rows {first} and {second} say"


def _rewrite(chance: random.Random, connection: Connection) -> str:
    """Change a row and seal it and all that follow again, with a key of one's own."""
    start = chance.randint(1, _count(connection))
    connection.exec_driver_sql("UPDATE audit SET actor = 'os:mallory' WHERE seq = ?", (start,))
    before = connection.exec_driver_sql("SELECT mac FROM audit WHERE seq = ?", (start - 1,)).scalar()
    previous, key = before or FIRST_SEAL, secrets.token_bytes(32)
    query = f"SELECT {', '.join(SEALED_COLUMNS)} FROM audit WHERE seq >= {start} ORDER BY seq"  # noqa: S608
    seals: list[tuple[str, int]] = []
    for row in stored_rows(connection, query):
        previous = seal_row(key, previous, tuple(row))
        seals.append((previous, row[0]))
    connection.exec_driver_sql("UPDATE audit SET mac = ? WHERE seq = ?", seals)
    return f"all from row {start} on"


TABLE_TAMPERS: dict[str, Callable[[random.Random, Connection], str]] = {
    **{f"edit {column}": _edit(column) for column in (*SEALED_COLUMNS[1:], "mac")},
    "edit seq": _move_row,
    "delete": _delete,
    "delete and close the gap": _delete_and_close,
    "truncate": _truncate,
    "insert a copy at the end": _append_copy,
    "insert a forged row": _append_forged,
    "insert between": _insert_between,
    "reorder": _swap,
    "reorder but for the seals": _swap_contents,
    "rewrite without the key": _rewrite,
}


def _edit_seal_of_line(chance: random.Random, lines: list[str]) -> str:
    number = chance.randrange(1, len(lines))
    place = chance.randrange(-64, 0)
    digit = chance.choice([digit for digit in "0123456789abcdef" if digit != lines[number][place]])
    lines[number] = lines[number][:place] + digit + (lines[number][place + 1 :] if place < -1 else "")
    return f"line {number + 1}"


def _edit_row_of_line(chance: random.Random, lines: list[str]) -> str:
    number = chance.randrange(1, len(lines))
    seq, seal = lines[number].split()
    other = int(seq) + chance.choice([-1, 1, 10, 10_000_000])
    lines[number] = f"{other} {seal}"
    return f"line {number + 1} from row {seq} to {other}"


def _swap_lines(chance: random.Random, lines: list[str]) -> str:
    first, second = chance.sample(range(1, len(lines)), 2)
    lines[first], lines[second] = lines[second], lines[first]
    return f"lines {first + 1} and {second + 1}"


def _swap_seals(chance: random.Random, lines: list[str]) -> str:
    first, second = chance.sample(range(1, len(lines)), 2)
    (one, seal), (two, other) = lines[first].split(), lines[second].split()
    lines[first], lines[second] = f"{one} {other}", f"{two} {seal}"
    return f"the seals of lines {first + 1} and {second + 1}"


def _begin_again(chance: random.Random, lines: list[str]) -> str:
    count = lines[-1].split()[0]
    lines[:] = [f"begun {chance.choice([0, count])} {chance.getrandbits(256):064x}"]
    return "another beginning and nothing else"


def _cut_beginning(chance: random.Random, lines: list[str]) -> str:
    del lines[: chance.randint(1, len(lines))]
    return f"{len(lines)} lines are left"


def _add_line(chance: random.Random, lines: list[str]) -> str:
    row = int(lines[-1].split()[0]) + chance.randrange(3)
    lines.append(f"{row} {chance.getrandbits(256):064x}")
    return f"a line for row {row}"


def _write_nonsense(chance: random.Random, lines: list[str]) -> str:
    number = chance.randrange(1, len(lines))
    lines[number] = chance.choice([json.dumps(lines[number]), f"{lines[number]} ", f"x{lines[number]}", "begun"])
    return f"line {number + 1}"


ANCHOR_TAMPERS: dict[str, Callable[[random.Random, list[str]], str]] = {
    "anchor: edit a seal": _edit_seal_of_line,
    "anchor: edit a row's number": _edit_row_of_line,
    "anchor: exchange two lines": _swap_lines,
    "anchor: exchange two seals": _swap_seals,
    "anchor: begin it again": _begin_again,
    "anchor: cut its beginning": _cut_beginning,
    "anchor: add a line": _add_line,
    "anchor: write what is no line": _write_nonsense,
}
