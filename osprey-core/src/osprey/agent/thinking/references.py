"""Words that stand for something said before: `it`, `that corrector`, `those`, `its`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from attrs import frozen

from osprey.control.channels.directory import ChannelDirectory
from osprey.models.phrasebook import is_plural, stem

_POINTING: Final = re.compile(
    r"\b(?P<word>that|this|those|these|the same)\s+"
    r"(?P<noun>(?!(?:time|range|span|period|interval|window)\b)[a-z]{2,})\b",
    re.IGNORECASE,
)
_BARE: Final = re.compile(r"\b(?P<word>its|it|them|those|these|that|this)\b", re.IGNORECASE)
_OF_ITS: Final = re.compile(r"\bits\b", re.IGNORECASE)
_GENERIC: Final = frozenset(map(stem, ("channel", "device", "one", "thing", "signal", "pv", "element", "magnet")))
_NO_NOUNS: Final = frozenset(
    "is was are were be to in on at for and or of by with over from has had will would should can does".split()  # noqa: SIM905 - a plain list of words reads best so
)


@frozen(kw_only=True)
class Reference:
    """A stretch of a message that stands for channels of an earlier turn."""

    text: str
    start: int
    end: int
    noun: str = ""
    """What they are called, such as `corrector`; empty where nothing was said."""
    is_singular: bool = False
    is_possessive: bool = False

    def replaced(self, name: str, text: str) -> str:
        """Give the message with a name in place of the reference."""
        return f"{text[: self.start]}{name}{text[self.end :]}"

    def among(self, channels: Sequence[str], directory: ChannelDirectory) -> list[str]:
        """Give those of the channels that the reference can stand for."""
        if not self.noun or stem(self.noun.lower()) in _GENERIC:
            return list(channels)
        return [name for name in channels if self._fits(name, directory)]

    def _fits(self, name: str, directory: ChannelDirectory) -> bool:
        record = directory.get(name)
        if record is None:
            return False
        told = " ".join((record.family, *record.family_words, record.quantity.replace("_", " "), record.device))
        return stem(self.noun.lower()) in {stem(word) for word in re.findall(r"[a-z0-9]+", told.lower())}


def find_reference(text: str, *, bare: bool = True) -> Reference | None:
    """Find the first word, or pair of words, that stands for something said before.

    :param bare: look for `it` and the like as well, which may also stand for something in the same message.
    """
    for found in _POINTING.finditer(text):
        noun = found["noun"]
        if noun.lower() not in _NO_NOUNS:
            is_one = found["word"].lower() in ("that", "this") or not is_plural(noun.lower())
            return Reference(text=found.group(), start=found.start(), end=found.end(), noun=noun, is_singular=is_one)
    found = _BARE.search(text) if bare else None
    if found is None:
        return None
    word = found["word"].lower()
    return Reference(
        text=found.group(),
        start=found.start(),
        end=found.end(),
        is_singular=word in ("it", "its", "that", "this"),
        is_possessive=word == "its",
    )


def names_of(channels: Sequence[str], directory: ChannelDirectory, *, as_devices: bool) -> list[str]:
    """Give what channels are called in a request: their own names, or those of their devices where they have one."""
    if not as_devices:
        return list(channels)
    names: dict[str, None] = {}
    for name in channels:
        record = directory.get(name)
        device = record.device if record else ""
        names[device if device and directory.device(device) else name] = None
    return list(names)
