"""The words that are one slip of the fingers away: a letter left out, put in, changed, or two exchanged."""

from __future__ import annotations

from typing import Final

_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
_SHORTEST: Final = 4
"""Of a shorter word every second one is a slip away."""
_LONGEST: Final = 24


def close_spellings(word: str) -> list[str]:
    """Give everything that one slip makes of a word; nothing for a very short or a very long one."""
    if not _SHORTEST <= len(word) <= _LONGEST:
        return []
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    found = [head + tail[1:] for head, tail in cuts if tail]
    found += [head + tail[1] + tail[0] + tail[2:] for head, tail in cuts if len(tail) > 1]
    found += [head + letter + tail[1:] for head, tail in cuts if tail for letter in _LETTERS]
    found += [head + letter + tail for head, tail in cuts for letter in _LETTERS]
    return list(dict.fromkeys(each for each in found if each != word and not _differs_in_number(each, word)))


def likeness_of_slip(meant: str) -> float:
    """Say how much a word is worth that one slip would explain: the longer, the surer."""
    return 1 - 1.5 / max(len(meant), 3)


def _differs_in_number(one: str, other: str) -> bool:
    """True if a figure was changed: HCM03 is no slip for HCM08, it is another device."""
    return [c for c in one if c.isdigit()] != [c for c in other if c.isdigit()]
