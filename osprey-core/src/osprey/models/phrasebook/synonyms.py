"""What the field's words imply: how a person's word and a catalogue's word meet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

# Catalogue word -> further words under which people look for it.
_IMPLIED: dict[str, tuple[str, ...]] = {
    "corrector": ("magnet", "steerer"),
    "quadrupole": ("magnet", "quad"),
    "sextupole": ("magnet", "sext"),
    "dipole": ("magnet", "bend"),
    "bend": ("magnet", "dipole"),
    "pressure": ("vacuum",),
    "vacuum": ("pressure",),
    "gauge": ("vacuum",),
    "bpm": ("beam", "position", "monitor"),
    "dcct": ("beam", "current", "stored"),
    "x": ("horizontal",),
    "y": ("vertical",),
    "hcm": ("horizontal", "corrector", "magnet", "steerer"),
    "vcm": ("vertical", "corrector", "magnet", "steerer"),
    "horizontal": ("x", "h"),
    "vertical": ("y", "v"),
    "temperature": ("temp",),
    "frequency": ("freq",),
    "voltage": ("volt",),
    "rf": ("radiofrequency",),
    "lifetime": ("life",),
    "undulator": ("id", "insertion"),
}
# A person's word -> the word that catalogues use, where the person's adds nothing to it.
_SAME: dict[str, str] = {
    "vacua": "vacuum",
    "kicker": "kicker",
    "steering": "steerer",
    "bending": "bend",
    "quads": "quadrupole",
    "sexts": "sextupole",
    "bpms": "bpm",
    "freq": "frequency",
    "temp": "temperature",
    "gauges": "gauge",
}
# What a lone word means in a control room, where many channels have it.
_USUALLY: dict[str, tuple[str, ...]] = {
    "current": ("beam", "current"),
    "beam": ("beam", "current"),
    "energy": ("beam", "energy"),
}
_NOT_PLURAL = ("ss", "us", "is")


def stem(word: str) -> str:
    """Give the singular of a lower-case word, in the spelling of catalogues."""
    if word in _SAME:
        return _SAME[word]
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith("sses"):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(_NOT_PLURAL):
        return _SAME.get(word[:-1], word[:-1])
    return word


def is_plural(word: str) -> bool:
    """True if `word` names several things."""
    return stem(word) != word and word.endswith(("s", "a"))


def usual_meaning(words: Sequence[str]) -> tuple[str, ...] | None:
    """Give the fuller words for a subject that is a lone vague one; None if it is not."""
    return _USUALLY.get(words[0]) if len(words) == 1 else None


def implied(words: Iterable[str]) -> frozenset[str]:
    """Give the words and everything that they imply, once."""
    known = set(words)
    for word in tuple(known):
        known.update(_IMPLIED.get(word, ()))
    if "bpm" in known and known & {"x", "y"}:
        known.update(("orbit", "offset", "excursion", "displacement"))
    return frozenset(known)
