"""The figures of a text: numbers with their units and the digits that they show, in figures or in words."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final

from attrs import frozen

from osprey.models.phrasebook.units import Unit, find_unit

_PLAIN: Final = str.maketrans({"−": "-", "–": "-", "\u00a0": " ", "\u2009": " ", "\u202f": " ", "×": "x", "·": "."})
_RAISED: Final = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_POWER: Final = re.compile(r"10([⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)")
# The digits are bounded so that a mile of them stays no slow number.
_NUMBER: Final = re.compile(
    r"(?<![\w.])(?P<sign>[+-])?(?P<digits>\d{1,40}(?:,\d{1,40})*(?:\.\d{1,60})?|\.\d{1,60})"
    r"(?:[eE](?P<exponent>[+-]?\d{1,3})|\s?[x*]\s?10\^?(?P<power>[+-]?\d{1,3}))?(?!\d)"
)
_AFTER: Final = re.compile(r"[ \t-]?(?P<unit>%|[°A-Za-zµμΩ][A-Za-zµμΩ°]{0,15}(?:/[A-Za-zµμΩ°]{1,8})*)")
_GROUPED: Final = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_WORDS: Final = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "dozen": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60,
    "seventy": 70, "eighty": 80, "ninety": 90, "hundred": 100, "thousand": 1_000, "million": 1_000_000,
    "billion": 1_000_000_000,
}  # fmt: skip
_WORD: Final = re.compile(rf"\b(?:{'|'.join(_WORDS)})\b", re.IGNORECASE)
_FURTHEST_OFF: Final = 0.05
"""Of a value that was rounded: 0.6 is not 1, whatever digits are shown."""


@frozen(kw_only=True)
class Figure:
    """A number as it stands in a text."""

    written: str
    values: tuple[float, ...]
    """What it may be read as: ``1,234`` is two numbers."""
    step: float = 0.0
    """The last digit that it shows; 0: it is exact."""
    units: frozenset[str] = frozenset()
    """Those that it may have; empty: none is said."""
    follows: str = ""
    """The word behind it."""

    @property
    def is_count(self) -> bool:
        """Whether it may count things: a whole number without a unit, with a word behind it."""
        is_whole = self.step == 1.0 and self.values[0] >= 0
        return is_whole and not self.units and self.follows.islower() and self.follows not in (*_NO_THINGS, *_WORDS)

    def is_shown_by(self, other: Figure, known: Collection[str] = ()) -> bool:
        """Say whether it is the other one, rounded to the digits that it shows, in the same unit if it has one.

        :param known: the units that a figure may have that was shown without one, as those of writes are.
        """
        if self.units and not self.units & other.units:
            may_have = not other.units and not other.is_count and self.units <= set(known)
            if not may_have:
                return False
        return any(_rounds_to(shown, value, self.step) for value in self.values for shown in other.values)


_NO_THINGS: Final = frozenset({
    "times", "fold", "x", "and", "or", "to", "per", "in", "at", "is", "as", "higher", "lower", "larger", "smaller",
    "greater", "more", "less", "above", "below",
})  # fmt: skip
"""Words behind a number that is none of things."""


def plain_figures(text: str) -> str:
    """Give a text with its signs and powers of ten in plain characters."""
    return _POWER.sub(lambda found: f"10^{found[1].translate(_RAISED)}", text).translate(_PLAIN)


def figures_in(text: str, units: Collection[str] = ()) -> Iterator[Figure]:
    """Give the numbers of a text that `plain_figures` has made, those that are part of a name left out.

    :param units: further units, beside those of the phrasebook's table, in lower case.
    """
    for found in _NUMBER.finditer(text):
        unit, follows = _behind(text[found.end() : found.end() + 40], units)
        exponent = int(found["exponent"] or found["power"] or 0)
        read = _read(found["digits"])
        scale = -1.0 if found["sign"] == "-" else 1.0
        places = len(found["digits"].replace(",", ".").rpartition(".")[2]) if _has_decimals(found["digits"]) else 0
        yield Figure(
            written=f"{found[0]} {unit}".rstrip(),
            values=tuple(scale * value * _ten_to(exponent) for value in read),
            step=_ten_to(exponent - places),
            units=frozenset({unit_name(unit)} if unit else ()),
            follows=follows,
        )
    for found in _WORD.finditer(text):
        unit, follows = _behind(text[found.end() : found.end() + 40], units)
        if found[0].lower() == "one" and not unit:
            continue  # mostly no number: one of them, this one
        yield Figure(
            written=f"{found[0]} {unit}".rstrip(),
            values=(float(_WORDS[found[0].lower()]),),
            step=1.0,
            units=frozenset({unit_name(unit)} if unit else ()),
            follows=follows,
        )


def _ten_to(exponent: int) -> float:
    """Give a power of ten; infinity where it is no finite number, as a text, such as an identifier, may well hold."""
    return float(f"1e{exponent}")


def unit_name(unit: str) -> str:
    """Give the one name of a unit that may be written in several ways."""
    known = _known(unit)
    return known.symbol if known else unit.casefold()


def _known(word: str) -> Unit | None:
    known = find_unit(word)
    # Of one letter only as it stands in the table: "a" is a word.
    return None if known is not None and len(word) == 1 and known.symbol != word else known


def _behind(rest: str, units: Collection[str]) -> tuple[str, str]:
    """Give the unit behind a number, and else the word."""
    found = _AFTER.match(rest)
    if found is None:
        return "", ""
    word = found["unit"]
    is_unit = _known(word.partition("/")[0]) is not None or word.casefold() in units
    return (word, "") if is_unit else ("", word)


def _has_decimals(digits: str) -> bool:
    return "." in digits or ("," in digits and not _GROUPED.fullmatch(digits))


def _read(digits: str) -> tuple[float, ...]:
    if "," not in digits:
        return (float(digits),)
    if digits.count(",") == 1 and "." not in digits:
        as_decimal = float(digits.replace(",", "."))
        return (as_decimal, float(digits.replace(",", ""))) if _GROUPED.fullmatch(digits) else (as_decimal,)
    return (float(digits.replace(",", "")),)


def _rounds_to(shown: float, value: float, step: float) -> bool:
    if shown == value:
        return True
    # What is not nothing is never called 0, and a value that the digits hardly tell is not told by them.
    is_near = abs(shown - value) <= step / 2 * (1 + 1e-9) + abs(shown) * 1e-12
    return is_near and value != 0 and abs(shown - value) <= _FURTHEST_OFF * abs(shown)
