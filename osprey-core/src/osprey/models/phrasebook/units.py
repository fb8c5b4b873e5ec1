"""A table of the field's units: what they are called, and how they convert exactly."""

from __future__ import annotations

from fractions import Fraction

from attrs import frozen

_PREFIXES = {
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "µ": Fraction(1, 10**6),  # MICRO SIGN
    "μ": Fraction(1, 10**6),  # GREEK SMALL LETTER MU
    "m": Fraction(1, 10**3),
    "": Fraction(1),
    "k": Fraction(10**3),
    "M": Fraction(10**6),
    "G": Fraction(10**9),
}
_PREFIX_WORDS = {"nano": "n", "micro": "u", "milli": "m", "kilo": "k", "mega": "M", "giga": "G"}

# symbol: (dimension, factor to the dimension's first symbol, words); each takes every prefix.
_PREFIXED: dict[str, tuple[str, Fraction, tuple[str, ...]]] = {
    "A": ("electric current", Fraction(1), ("ampere", "amperes", "amp", "amps")),
    "V": ("voltage", Fraction(1), ("volt", "volts")),
    "W": ("power", Fraction(1), ("watt", "watts")),
    "Hz": ("frequency", Fraction(1), ("hertz",)),
    "m": ("length", Fraction(1), ("metre", "metres", "meter", "meters")),
    "s": ("time", Fraction(1), ("second", "seconds", "sec", "secs")),
    "T": ("magnetic flux density", Fraction(1), ("tesla",)),
    "G": ("magnetic flux density", Fraction(1, 10**4), ("gauss",)),
    "Pa": ("pressure", Fraction(1), ("pascal", "pascals")),
    "bar": ("pressure", Fraction(10**5), ("bar", "bars")),
    "Torr": ("pressure", Fraction(101325, 760), ("torr",)),
    "eV": ("energy", Fraction(1), ("electronvolt", "electronvolts")),
    "rad": ("angle", Fraction(1), ("radian", "radians")),
    "C": ("electric charge", Fraction(1), ("coulomb", "coulombs")),
    "Ohm": ("resistance", Fraction(1), ("ohm", "ohms")),
    "K": ("temperature in kelvin", Fraction(1), ("kelvin",)),
}
_PLAIN: dict[str, tuple[str, Fraction, tuple[str, ...]]] = {
    "cm": ("length", Fraction(1, 100), ("centimetre", "centimetres", "centimeter", "centimeters")),
    "um": ("length", Fraction(1, 10**6), ("micron", "microns")),
    "min": ("time", Fraction(60), ("minute", "minutes", "mins")),
    "h": ("time", Fraction(3600), ("hour", "hours", "hr", "hrs")),
    "d": ("time", Fraction(86400), ("day", "days")),
    "deg": ("phase", Fraction(1), ("degree", "degrees", "°")),
    # An offset scale: it converts to nothing else, since 20 degC as a step is not 293.15 K.
    "degC": ("temperature in degrees Celsius", Fraction(1), ("celsius", "°C")),
    "%": ("ratio", Fraction(1, 100), ("percent", "per cent")),
    "dB": ("level", Fraction(1), ("decibel",)),
    "dBm": ("power level", Fraction(1), ()),
}


@frozen
class Unit:
    """A unit of the table: `factor` takes a number to the first symbol of its dimension."""

    symbol: str
    dimension: str
    factor: Fraction


class UnitMismatchError(ValueError):
    """Two units do not measure the same thing, or one of them is not in the table."""


def _table() -> dict[str, Unit]:
    units: dict[str, Unit] = {}
    for symbol, (dimension, factor, words) in _PREFIXED.items():
        for prefix, scale in _PREFIXES.items():
            written = ("u" if prefix in "µμ" and prefix else prefix) + symbol
            units[prefix + symbol] = Unit(written, dimension, factor * scale)
        for word in words:
            units[word] = Unit(symbol, dimension, factor)
            for prefix_word, prefix in _PREFIX_WORDS.items():
                units[prefix_word + word] = Unit(prefix + symbol, dimension, factor * _PREFIXES[prefix])
    for symbol, (dimension, factor, words) in _PLAIN.items():
        for name in (symbol, *words):
            units[name] = Unit(symbol, dimension, factor)
    return units


_UNITS = _table()


def _folded() -> dict[str, set[Unit]]:
    folded: dict[str, set[Unit]] = {}
    for name, unit in _UNITS.items():
        folded.setdefault(name.casefold(), set()).add(unit)
    return folded


_FOLDED = _folded()


def find_unit(text: str) -> Unit | None:
    """Give the unit that `text` names, or None.

    Case decides (`mHz` and `MHz` are not the same). Another case is taken only where one unit alone can
    be meant, as in ``khz``; ``ma`` could be mA or MA and gives None.
    """
    exact = _UNITS.get(text)
    if exact is not None:
        return exact
    candidates = _FOLDED.get(text.casefold(), set())
    return next(iter(candidates)) if len(candidates) == 1 else None


def similar_units(text: str) -> tuple[str, ...]:
    """Give the units that differ from `text` only in case."""
    return tuple(sorted(unit.symbol for unit in _FOLDED.get(text.casefold(), set())))


def convert(number: str, unit: str, to: str) -> float:
    """Convert a written number exactly, rounding once at the end.

    :raises UnitMismatchError: the units measure different things, or one is not in the table.
    """
    if unit == to:
        return float(number)
    source, goal = find_unit(unit), find_unit(to)
    if source is None or goal is None:
        unknown = unit if source is None else to
        msg = f"'{unknown}' is not a unit of the table"
        raise UnitMismatchError(msg)
    if source.dimension != goal.dimension:
        msg = f"{unit} is a unit of {source.dimension}, {to} one of {goal.dimension}"
        raise UnitMismatchError(msg)
    value = float(number)
    if value != value or value in (float("inf"), float("-inf")):
        return value
    try:
        return float(Fraction(number) * source.factor / goal.factor)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
