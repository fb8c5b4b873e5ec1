"""The sectors that a subject is in: `in sector 2`, `of sectors 2-4`, `in S02`."""

from __future__ import annotations

import re

from osprey.models.phrasebook.cursor import Cursor
from osprey.models.phrasebook.tokens import Kind
from osprey.models.phrasebook.units import find_unit

_SECTOR = re.compile(r"s(?:ector)?0*(\d{1,3})", re.IGNORECASE)
_RANGE = re.compile(r"(\d{1,3})-(\d{1,3})")


def take_joint(cursor: Cursor) -> bool:
    """Take what joins two parts of a list: a comma, `and`, or both."""
    comma = cursor.take_kind(Kind.COMMA) is not None
    joined = cursor.take(["and also", "and", "as well as"]) is not None
    return comma or joined


def take_sectors(cursor: Cursor) -> list[int]:
    """Take ``in sector 2``, ``of sectors 2 and 3``, ``in S02``; empty if there is nothing of the kind."""
    start = cursor.index
    cursor.take(["in", "of", "at", "from", "for", "within"])
    cursor.take(["the"])
    if cursor.take(["sectors", "sector"]):
        numbers = _take_sector_numbers(cursor)
        if not numbers:
            raise cursor.stuck("'sector' needs a number")
        return numbers
    number = _take_named_sector(cursor) if cursor.index > start else None
    if number is None:
        cursor.index = start
        return []
    numbers = [number]
    while True:
        start = cursor.index
        number = _take_named_sector(cursor) if take_joint(cursor) else None
        if number is None:
            cursor.index = start
            return numbers
        numbers.append(number)


def _take_named_sector(cursor: Cursor) -> int | None:
    token = cursor.peek()
    named = _SECTOR.fullmatch(token.text) if token and token.kind is Kind.NAME else None
    if named is None:
        return None
    cursor.next()
    return int(named.group(1))


def _take_sector_numbers(cursor: Cursor) -> list[int]:
    numbers = _take_sector_number(cursor)
    while numbers:
        start = cursor.index
        if cursor.take(["through"]):
            last = _take_sector_number(cursor)
            numbers += range(numbers[-1] + 1, last[0] + 1) if last else []
            continue
        more = _take_sector_number(cursor) if take_joint(cursor) and not _is_measured(cursor) else []
        if not more:
            cursor.index = start
            break
        numbers += more
    return numbers


def _is_measured(cursor: Cursor) -> bool:
    """True if a number with a unit is next: it belongs to something else."""
    behind = cursor.peek(1)
    return behind is not None and behind.kind is Kind.WORD and find_unit(behind.text) is not None


def _take_sector_number(cursor: Cursor) -> list[int]:
    token = cursor.peek()
    if token is None:
        return []
    if token.kind is Kind.COMMA_NUMBER and all(part.isdigit() for part in token.text.split(",")):
        cursor.next()
        return [int(part) for part in token.text.split(",")]
    if token.kind is Kind.NUMBER and token.text.isdigit() and len(token.text) <= 3:
        cursor.next()
        return [int(token.text)]
    ranged = _RANGE.fullmatch(token.text)
    if ranged and int(ranged.group(1)) < int(ranged.group(2)):
        cursor.next()
        return list(range(int(ranged.group(1)), int(ranged.group(2)) + 1))
    return []
