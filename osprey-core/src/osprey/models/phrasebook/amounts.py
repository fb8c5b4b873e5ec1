"""Numbers with units, as they are written."""

from __future__ import annotations

import math

from osprey.models.phrasebook.cursor import Ask, Cursor
from osprey.models.phrasebook.phrase_parts import Amount
from osprey.models.phrasebook.phrases import Clarification
from osprey.models.phrasebook.tokens import Kind
from osprey.models.phrasebook.units import find_unit
from osprey.models.phrasebook.vocabulary import NOISE, NUMBER_WORDS, STOPS

_PARTS = {"half": "0.5", "quarter": "0.25", "tenth": "0.1"}
# 'half an amp', 'a tenth of an amp', and a bare 'tenth' at the end of a sentence.
_FRACTIONS = {
    f"{article}{part}{of}": number
    for part, number in _PARTS.items()
    for article in ("", "a ")
    for of in ((" a", " an", " of a", " of an") if part == "half" else (" of a", " of an", ""))
}
_NO_UNITS = frozenset(
    {"each", "steps", "step", "points", "and", "please", "right", "again", "more", "extra", "higher", "lower", "less"}
)


def take_amount(cursor: Cursor) -> Amount:
    """Take a number and the unit behind it, if there is one."""
    number = take_number(cursor)
    return Amount(text=number, unit=take_unit(cursor))


def take_number(cursor: Cursor) -> str:
    """Take a number as its text; ``minus 0.5`` and ``zero`` are numbers, ``0,5`` is asked."""
    first = cursor.index
    sign = "-" if cursor.take(["minus"]) else ""
    if cursor.is_kind(Kind.COMMA_NUMBER):
        raise _ask_comma(cursor, first)
    if fraction := cursor.take(_FRACTIONS):
        return f"{sign}{_FRACTIONS[fraction]}"
    token = cursor.peek()
    if token is None:
        raise cursor.stuck("a number is missing at the end")
    if token.kind is Kind.NUMBER:
        cursor.next()
        return _with_sign(sign, token.text)
    if token.word in NUMBER_WORDS:
        cursor.next()
        return f"{sign}{NUMBER_WORDS[token.word]}"
    raise cursor.stuck(f"'{token.text}' stands where a number is expected")


def _with_sign(sign: str, text: str) -> str:
    if sign and text[0] == "-":
        return text[1:]
    return sign + text.removeprefix("+")


def _ask_comma(cursor: Cursor, first: int) -> Ask:
    written = cursor.next().text
    whole, _, rest = written.partition(",")
    readings = [f"{whole}.{rest}"] if "," not in rest and "." not in rest else []
    if all(len(group.split(".")[0]) == 3 for group in rest.split(",")):
        readings.append(written.replace(",", ""))
    choices = tuple(cursor.replaced(cursor.index - 1, reading) for reading in readings)
    question = f"'{written}' can be a decimal comma or separate thousands; write it with a decimal point."
    cursor.index = first
    return Ask(Clarification(text=cursor.text, question=question, choices=choices))


def take_unit(cursor: Cursor) -> str | None:
    """Take the unit behind a number: one of the table, else the next word if it can be no other thing."""
    if cursor.take(["per cent"]):
        return "%"
    token = cursor.peek()
    if token is None or token.kind not in (Kind.WORD, Kind.NAME):
        return None
    # 'a' behind a number is the ampere, 'in' is a word of the grammar.
    known = find_unit(token.text)
    if known is None and (token.word in STOPS or token.word in NOISE or token.word in _NO_UNITS):
        return None
    cursor.next()
    return known.symbol if known else token.text


def take_count(cursor: Cursor) -> int:
    """Take a whole number that counts something."""
    first = cursor.index
    text = take_number(cursor)
    value = float(text)
    if not math.isfinite(value) or value != int(value) or not 0 < value < 1e6:
        cursor.index = first
        raise cursor.stuck(f"'{text}' cannot count steps: write a whole number from 1 up")
    return int(value)
