"""Spellings of the same unit. Nothing is converted here: a different unit is a refusal."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Final

_SPELLINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "A": ("amp", "amps", "ampere", "amperes"),
    "V": ("volt", "volts"),
    "Hz": ("hertz",),
    "s": ("sec", "second", "seconds"),
    "m": ("metre", "metres", "meter", "meters"),
    "%": ("percent",),
    "deg": ("°", "degree", "degrees"),
    "°C": ("degc", "celsius"),
}
_BY_WORD: Final = {word: unit for unit, words in _SPELLINGS.items() for word in words}
# Many databases write the micro sign as a plain u.
_MICRO: Final = {f"u{unit}": f"μ{unit}" for unit in ("m", "A", "V", "s", "rad", "T", "W", "Hz")}


def normalise_unit(unit: str) -> str:
    """Bring the spellings of one unit to one text, for comparison only; letter case of symbols counts."""
    plain = unicodedata.normalize("NFKC", unit).replace(" ", "")
    return _BY_WORD.get(plain.casefold(), _MICRO.get(plain, plain))


def is_same_unit(stated: str, own: str) -> bool:
    """Tell whether two texts name the same unit."""
    return stated == own or normalise_unit(stated) == normalise_unit(own)
