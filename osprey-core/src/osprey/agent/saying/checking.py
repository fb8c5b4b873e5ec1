"""Whether all that a text of a model says was shown: each figure, time and name; and that it orders nothing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Final

from osprey.agent.saying.evidence import Evidence, names_in, without_names
from osprey.agent.saying.figures import Figure, figures_in, plain_figures
from osprey.agent.saying.times import Times, times_in, unshown_times
from osprey.printable import printable

_MOST_TOLD: Final = 5
_MOST_QUOTED: Final = 80
_NAME: Final = re.compile(r".*[:_].*|(?=.*\d)(?=.*[^\W\d_]).*|.*/.*/.*")
"""A word that looks like a channel or a device: a colon or an underscore in it, letters with digits, a path."""
_RATIOS: Final = re.compile(
    r"\b(?:twice|thrice|half|halve[sd]?|doubl(?:e|es|ed)|tripl(?:e|es|ed)|quarters?|(?:two|three|four|five|ten)-?fold)\b",
    re.IGNORECASE,
)
_ORDERS: Final = (
    re.compile(r"^\W*(?:system|assistant|user|tool|developer)\W*:", re.IGNORECASE | re.MULTILINE),
    re.compile(r"\b(?:ignore|disregard|forget)\b[^.\n]{0,40}\b(?:rules?|instructions?|prompts?)\b", re.IGNORECASE),
    re.compile(r"\[(?:end of )?data\b|<\|[^|\n]{1,40}\|>|\[/?INST\]", re.IGNORECASE),
    re.compile(r"^\s*/[a-z]+\b|```", re.IGNORECASE | re.MULTILINE),
    re.compile(r"\w+://\S+"),
    re.compile(r"\b(?:approve|authori[sz]e|pre-?approved|approval is|no approval)\b", re.IGNORECASE),
)  # fmt: skip
"""What has no place in an account of results: another's voice, commands, links, and approving that nothing showed."""

IsChannel = Callable[[str], bool]


def unshown_in(text: str, evidence: Evidence, *, is_channel: IsChannel | None = None) -> tuple[str, ...]:
    """Give what a text says and nothing has shown, each as it may be told to a person; empty if all of it was shown.

    A figure counts as shown where it is a shown one, rounded to the digits that it shows, and in its unit. Whole
    numbers that count things are free as far as there are so many things.

    :param is_channel: says whether a word in capitals names a channel or a device of the target.
    """
    plain = plain_figures(text)
    said = times_in(plain)
    bare = without_names(said.rest)
    shown = evidence.times
    if zones := {zone for zone in said.zones if evidence.knows(zone)}:
        shown = Times(clocks=shown.clocks, dates=shown.dates, zones=shown.zones | zones)
    found = [
        *_orders(text, evidence),
        *(each.written for each in figures_in(bare, evidence.units) if not _is_shown(each, evidence)),
        *(each for each in plain if _is_odd_number(each) and not evidence.knows(each)),
        *(each[0] for each in _RATIOS.finditer(text) if not evidence.knows(each[0])),
        *unshown_times(said, shown),
        *_names(said.rest, evidence, is_channel),
    ]
    return tuple(printable(one[:_MOST_QUOTED]) for one in dict.fromkeys(found))


def told_unshown(unshown: tuple[str, ...]) -> str:
    """Say what was not shown, in a few words."""
    more = f" and {len(unshown) - _MOST_TOLD} more" if len(unshown) > _MOST_TOLD else ""
    return f"{', '.join(repr(one) for one in unshown[:_MOST_TOLD])}{more}"


def _orders(text: str, evidence: Evidence) -> Iterator[str]:
    for pattern in _ORDERS:
        for found in pattern.finditer(text):
            quoted = " ".join(found[0].split())
            if not quoted.isalpha() or not evidence.knows(quoted):
                yield quoted


def _is_shown(said: Figure, evidence: Evidence) -> bool:
    if said.is_count and said.values[0] <= evidence.items:
        return True
    known = {unit for each in evidence.figures for unit in each.units}
    return any(said.is_shown_by(each, known) for each in evidence.figures)


def _is_odd_number(character: str) -> bool:
    """Say whether a character is a number that is no digit, such as a fraction; raised ones belong to units."""
    return unicodedata.category(character) in ("No", "Nl") and character not in "¹²³"


def _names(text: str, evidence: Evidence, is_channel: IsChannel | None) -> Iterator[str]:
    for name in names_in(text):
        is_name = bool(_NAME.fullmatch(name))
        if not is_name and is_channel is not None and len(name) > 1 and name.isupper():
            is_name = is_channel(name)
        if is_name and not evidence.knows(name):
            yield name
