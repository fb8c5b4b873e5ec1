"""What a person says so that nothing is changed: gone over, and the rest is read by the rules that only look."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import frozen

from osprey.models.phrasebook.tokens import Kind, Token

_NO = (
    "do not",
    "don't",
    "dont",
    "never",
    "please do not",
    "please don't",
    "you must not",
    "you need not",
    "no need to",
)
_CHANGE = ("change", "touch", "write", "set", "move", "adjust", "alter", "modify", "switch", "apply", "do", "act on")
_WITHOUT = ("changing", "touching", "writing", "setting", "moving", "adjusting", "altering", "modifying", "doing")
_ANYTHING = (
    "anything",
    "any thing",
    "any setting",
    "any settings",
    "any magnet",
    "any magnets",
    "any value",
    "a thing",
)
_CAUTIONS: Final = tuple(
    each.split()
    for each in (
        *(f"{no} {verb} {what}{yet}" for no in _NO for verb in _CHANGE for what in _ANYTHING for yet in ("", " yet")),
        *(f"without {verb} {what}" for verb in _WITHOUT for what in _ANYTHING),
        *(f"{no} {verb} it" for no in _NO for verb in ("change", "touch", "move", "set")),
        *(f"{no} {noun}" for no in ("no", "without") for noun in ("changes", "writes", "writing", "change")),
        "never mind",
        "forget it",
        "forget that",
        "ignore that",
        "read only",
        "just looking",
        "only looking",
        "just asking",
        "just curious",
        "curious",
        "out of curiosity",
    )
)
_STARTS: Final = frozenset(way[0] for way in _CAUTIONS)
_JOINTS: Final = frozenset({"but", "and", "just", "only", "simply", "rather", "please"})
_TOLD: Final = tuple(
    f"{opening} {who}{already}".split()
    for opening, who, already in (
        *(("before", who, "") for who in ("i", "we", "you")),
        *(("after", who, "") for who in ("i", "we")),
        *((who, "just", "") for who in ("i", "we")),
        *((who, "have", " just") for who in ("i", "we")),
        *((who, be, f" {about} to") for who, be in (("i", "am"), ("we", "are")) for about in ("about", "going")),
    )
)
_ASKING: Final = frozenset(
    {"what", "how", "is", "are", "was", "show", "read", "tell", "where", "which", "give", "plot", "check", "compare"}
)


@frozen
class Cautioned:
    """A request without the words that only say that nothing is to be changed."""

    tokens: list[Token]
    is_looking_only: bool


def without_cautions(tokens: Sequence[Token]) -> Cautioned:
    """Part a request from ``do not change anything`` and ``before I set QD05 to 111 A``, at either end."""
    rest = list(tokens)
    for way in _CAUTIONS if any(token.word in _STARTS for token in rest) else ():
        if len(rest) > len(way) and _are(rest[: len(way)], way):
            rest = _behind_joints(rest[len(way) :])
        elif len(rest) > len(way) and _are(rest[-len(way) :], way):
            rest = _before_joints(rest[: -len(way)])
    rest = _behind_tale(rest)
    is_looking_only = len(rest) < len(tokens)
    return Cautioned(rest if rest else list(tokens), is_looking_only and bool(rest))


def _behind_tale(tokens: list[Token]) -> list[Token]:
    """Leave out what is told of a change before a question about its device, which `it` then stands for."""
    way = next((way for way in _TOLD if len(tokens) > len(way) and _are(tokens[: len(way)], way)), None)
    commas = [at for at, token in enumerate(tokens) if token.kind is Kind.COMMA]
    if way is None or not commas or commas[-1] + 1 >= len(tokens) or tokens[commas[-1] + 1].word not in _ASKING:
        return tokens
    names = [token for token in tokens[: commas[-1]] if token.kind is Kind.NAME]
    asked = tokens[commas[-1] + 1 :]
    if len(names) != 1:
        return asked
    return [names[0] if token.word in {"it", "that"} else token for token in asked]


def _behind_joints(tokens: list[Token]) -> list[Token]:
    at = 0
    while at < len(tokens) and (tokens[at].kind in (Kind.COMMA, Kind.END) or tokens[at].word in _JOINTS):
        at += 1
    return tokens[at:]


def _before_joints(tokens: list[Token]) -> list[Token]:
    end = len(tokens)
    while end and (tokens[end - 1].kind in (Kind.COMMA, Kind.END) or tokens[end - 1].word in _JOINTS):
        end -= 1
    return tokens[:end]


def _are(tokens: Sequence[Token], words: Sequence[str]) -> bool:
    return [token.word for token in tokens] == list(words)
