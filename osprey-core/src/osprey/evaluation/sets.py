"""Reads a file of requests, strictly: every problem has its line, and what is not meant is not guessed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import time
from pathlib import Path
from typing import Final

import attrs
from attrs import evolve, frozen

from osprey.config.nodes import Node, find
from osprey.config.problems import InvalidConfigError, Mark, Problem
from osprey.config.section import Section
from osprey.config.settings import structure_settings
from osprey.config.yaml_reader import read_yaml
from osprey.evaluation.expectations import (
    Change,
    Entry,
    Equivalent,
    Expectation,
    Figure,
    Meaning,
    Outcome,
    PastSpan,
    Phrasing,
    RequestFile,
    RequestSet,
)

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}")
"""It is the beginning of the name of a thread."""
_DAYS: Final = ("today", "yesterday")


def read_set(path: Path) -> RequestSet:
    """Read the requests of a file.

    :raises InvalidConfigError: with everything that is wrong, each with its line and its remedy.
    """
    table = read_yaml(path)
    found: RequestFile = structure_settings(RequestFile, Section(table), "")
    if problems := list(_problems(found, table)):
        raise InvalidConfigError(problems)
    entries = tuple(entry for meaning in found.meanings for entry in _entries(meaning, found.equivalents))
    return RequestSet(title=found.title or path.stem, sha256=_sha256(path), entries=entries)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _entries(meaning: Meaning, equivalents: tuple[Equivalent, ...]) -> Iterator[Entry]:
    for number, phrasing in enumerate(_phrasings(meaning), start=1):
        yield Entry(
            id=f"{meaning.id}.{number}",
            group=meaning.id,
            kind=meaning.kind,
            in_scope=meaning.in_scope,
            tags=(*meaning.tags, *phrasing.tags),
            turns=_turns(phrasing),
            outcomes=tuple(_outcomes(phrasing.expect or meaning.expect, equivalents)),
        )


def _phrasings(meaning: Meaning) -> list[Phrasing]:
    return [Phrasing(text=said) if isinstance(said, str) else said for said in meaning.phrasings]


def _turns(phrasing: Phrasing) -> tuple[str, ...]:
    return phrasing.turns if phrasing.text is None else (phrasing.text,)


def _outcomes(expectation: Expectation, equivalents: tuple[Equivalent, ...]) -> Iterator[Outcome]:
    shared = {name: getattr(expectation, name) for name in _OUTCOME_KEYS}
    for outcome in expectation.any_of or (Outcome(),):
        own = {name: getattr(outcome, name) for name in _OUTCOME_KEYS}
        merged = Outcome(**{name: shared[name] if own[name] is None else own[name] for name in _OUTCOME_KEYS})
        yield merged
        for equivalent in equivalents:
            if merged.capabilities is not None and set(merged.capabilities) == set(equivalent.wanted):
                yield evolve(merged, capabilities=equivalent.got)


_OUTCOME_KEYS: Final = tuple(each.name for each in attrs.fields(Outcome))


@frozen
class _Place:
    """A part of the file, for the messages about it."""

    root: Node
    path: tuple[str, ...]

    def at(self, *steps: str | int) -> _Place:
        return _Place(self.root, (*self.path, *map(str, steps)))

    def problem(self, message: str) -> Problem:
        return Problem(message=message, path=".".join(self.path), mark=self._mark())

    def _mark(self) -> Mark | None:
        entry = find(self.root, self.path)
        return None if entry is None else entry.node.mark


def _problems(found: RequestFile, root: Node) -> Iterator[Problem]:
    top = _Place(root, ())
    if not found.meanings:
        yield top.at("meanings").problem("there is no request: write a list of meanings")
    seen: set[str] = set()
    for number, meaning in enumerate(found.meanings):
        place = top.at("meanings", number)
        if not _ID.fullmatch(meaning.id):
            yield place.at("id").problem(f"{meaning.id!r} is no id: use letters, digits, '.', '_' and '-', 80 at most")
        if meaning.id in seen:
            yield place.at("id").problem(f"the id {meaning.id!r} stands twice: give each meaning its own")
        seen.add(meaning.id)
        if not meaning.phrasings:
            yield place.at("phrasings").problem("say the request in one way at least")
        yield from _expectation_problems(meaning.expect, place.at("expect"))
        for at, phrasing in enumerate(_phrasings(meaning)):
            yield from _phrasing_problems(phrasing, place.at("phrasings", at))


def _phrasing_problems(phrasing: Phrasing, place: _Place) -> Iterator[Problem]:
    if (phrasing.text is None) == (not phrasing.turns):
        yield place.problem("give the text, or the turns of a thread: one of the two")
    if any(not turn.strip() for turn in _turns(phrasing)):
        yield place.problem("a request without words: write what is asked")
    if phrasing.expect is not None:
        yield from _expectation_problems(phrasing.expect, place.at("expect"))


def _expectation_problems(expectation: Expectation, place: _Place) -> Iterator[Problem]:
    yield from _outcome_problems(expectation, place)
    for number, outcome in enumerate(expectation.any_of):
        yield from _outcome_problems(outcome, place.at("any_of", number))


def _outcome_problems(outcome: Outcome, place: _Place) -> Iterator[Problem]:
    for channel, change in (outcome.writes or {}).items():
        if isinstance(change, Change) and change.ways != 1:
            yield place.at("writes", channel).problem("give one of by, times, steps and steps_by")
    for number, figure in enumerate(outcome.figures or ()):
        yield from _figure_problems(figure, place.at("figures", number))
    if outcome.span is not None:
        yield from _span_problems(outcome.span, place.at("span"))


def _figure_problems(figure: Figure, place: _Place) -> Iterator[Problem]:
    if (figure.near is None) == (figure.channel is None):
        yield place.problem("give a number as near, or a channel: one of the two")
    if not figure.within >= 0:
        yield place.at("within").problem("give a tolerance of 0 or more")


def _span_problems(span: PastSpan, place: _Place) -> Iterator[Problem]:
    of_day = (span.day, span.since, span.until)
    if (span.last_s is None) == (None in of_day) or (span.last_s is not None and any(of_day)):
        yield place.problem("give last_s, or all of day, since and until")
        return
    if span.day is not None and span.day not in _DAYS:
        yield place.at("day").problem(f"{span.day!r} is none of {' and '.join(_DAYS)}")
    for key, text in (("since", span.since), ("until", span.until)):
        try:
            time.fromisoformat(text or "00:00")
        except ValueError:
            yield place.at(key).problem(f'{text!r} is no time of a day: write it as "08:00", in quotes')
