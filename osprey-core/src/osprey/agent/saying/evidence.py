"""What a turn has shown: the figures, units, times and names of its steps' texts and of what they left."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, cast

from attrs import evolve, field, frozen

from osprey.agent.saying.figures import Figure, figures_in, plain_figures, unit_name
from osprey.agent.saying.times import Times, time_as_shown, times_in
from osprey.base.contexts.context import PROVENANCE_KEY

_WORD: Final = re.compile(r"(?<![\w.^])[^\W\d_](?:[\w.:/\[\]-]*\w)?")
_DIGIT: Final = re.compile(r"\d")
_PART: Final = re.compile(r"[.:/_\[\]-]+")
_MOST_PARTS: Final = 12
_MOST_VALUES: Final = 50_000
"""Of all contexts together; what a step leaves is a preview, and far below."""
_DURATIONS: Final = {"s": 1e9, "min": 60e9, "h": 3600e9, "d": 86_400e9}


@frozen(kw_only=True)
class Evidence:
    """What was shown, and by that may be said."""

    figures: tuple[Figure, ...] = ()
    times: Times = field(factory=Times)
    words: frozenset[str] = field(default=frozenset(), repr=False)
    """Every word, and every part of a name, in lower case."""
    units: frozenset[str] = frozenset()
    """As they were written, in lower case: facilities have units that no table knows."""
    items: int = 0
    """The most things that anybody can have counted."""

    def knows(self, name: str) -> bool:
        """Say whether a word, or a part of a name, was shown."""
        return name.casefold() in self.words


def evidence_of(texts: Sequence[str], data: Sequence[Any], *, zone: str) -> Evidence:
    """Gather what texts and plain JSON values show.

    :param zone: in which times of the values are told.
    """
    values = [value for given in data for value in _walk(given)]
    written = [*texts, *(value for _, value, _ in values if isinstance(value, str))]
    units = frozenset(unit.casefold() for _, _, given in values for unit in given)
    read = [times_in(plain_figures(text)) for text in written]
    shown = [time_as_shown(value, zone) for key, value, _ in values if key.endswith("_ns") and isinstance(value, int)]
    times = _joined([*read, *shown])
    figures = [figure for one in read for figure in figures_in(without_names(one.rest), units)]
    figures += [_exact(value, given) for key, value, given in values if _is_number(key, value)]
    figures += _durations(data)
    figures += [_exact(year, frozenset()) for year, _, _ in times.dates if year is not None]
    lines = (text.count("\n") + 1 for text in written)
    return Evidence(
        figures=tuple(figures),
        times=times,
        words=words_of([*written, *(key for key, _, _ in values)]),
        units=units,
        items=max([*lines, *(_size(given) for given in data)], default=0),
    )


def names_in(text: str) -> Iterator[str]:
    """Give the words of a text, a name with all its parts as one."""
    return (found[0] for found in _WORD.finditer(text))


def without_names(text: str) -> str:
    """Give a text without the words that have digits in them: those are no figures."""
    return _WORD.sub(lambda found: " " if _DIGIT.search(found[0]) else found[0], text)


def words_of(texts: Iterable[str]) -> frozenset[str]:
    """Give every word, and every run of parts of a name, in lower case."""
    found: set[str] = set()
    for name in (name.casefold() for text in texts for name in names_in(text)):
        found.add(name)
        cuts = [*(each.span() for each in _PART.finditer(name))][:_MOST_PARTS]
        begins = [0, *(end for _, end in cuts)]
        ends = [*(start for start, _ in cuts), len(name)]
        found.update(name[begin:end] for begin in begins for end in ends if begin < end)
    return frozenset(found)


def _walk(value: Any) -> Iterator[tuple[str, Any, frozenset[str]]]:
    """Give every scalar with its key, and the units that it may have: those beside it, else those around it.

    A mapping stands for its key alone.
    """
    stack: list[tuple[str, Any, frozenset[str]]] = [("", value, frozenset())]
    for _ in range(_MOST_VALUES):
        if not stack:
            return
        name, one, around = stack.pop()
        if isinstance(one, Mapping):
            given = cast("Mapping[str, Any]", one)
            own = _units_in(given) or around
            stack += [(str(inner), each, own) for inner, each in given.items() if inner != PROVENANCE_KEY]
            yield name, None, own
        elif isinstance(one, list | tuple):
            stack += [(name, each, around) for each in cast("list[Any]", one)]
        else:
            yield name, one, around


def _units_in(given: Mapping[str, Any]) -> frozenset[str]:
    unit, units = given.get("unit"), given.get("units")
    named = [unit] if isinstance(unit, str) else []
    if isinstance(units, Mapping):
        named += [each for each in cast("Mapping[str, Any]", units).values() if isinstance(each, str)]
    return frozenset(filter(None, named))


def _exact(value: float, units: frozenset[str]) -> Figure:
    return Figure(written=str(value), values=(float(value),), units=frozenset(map(unit_name, units)))


def _is_number(key: str, value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and value - value == 0 and not key.endswith("_ns")


def _durations(data: Iterable[Any]) -> Iterator[Figure]:
    """Give how long each span is that was looked at, in every unit that people use."""
    for given in _mappings(data):
        start, end = given.get("start_ns"), given.get("end_ns")
        if isinstance(start, int) and isinstance(end, int):
            for unit, long_ns in _DURATIONS.items():
                yield _exact((end - start) / long_ns, frozenset({unit}))


def _mappings(data: Iterable[Any]) -> Iterator[Mapping[str, Any]]:
    stack = list(data)
    while stack:
        one = stack.pop()
        if isinstance(one, Mapping):
            yield cast("Mapping[str, Any]", one)
            stack += cast("Mapping[str, Any]", one).values()
        elif isinstance(one, list | tuple):
            stack += cast("list[Any]", one)


def _size(value: Any) -> int:
    """Give the length of the longest list or mapping in a value."""
    sizes = [0]
    for given in _mappings([value]):
        sizes.append(len(given))
        sizes += [len(cast("list[Any]", each)) for each in given.values() if isinstance(each, list | tuple)]
    return max(sizes)


def _joined(times: list[Times]) -> Times:
    empty: frozenset[Any] = frozenset()
    return evolve(
        Times(),
        clocks=empty.union(*(one.clocks for one in times)),
        dates=empty.union(*(one.dates for one in times)),
        zones=empty.union(*(one.zones for one in times)),
    )
