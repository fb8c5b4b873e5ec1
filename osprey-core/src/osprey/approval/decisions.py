"""What a person may answer, and nothing else: free text never approves."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

from attrs import frozen

SHORT_HASH_DIGITS: Final = 8
"""The fewest hex digits of a request's hash that a person has to type."""
_NUMBERS: Final = re.compile(r"[1-9][0-9]{0,5}(?:,[1-9][0-9]{0,5})*")
_HASH: Final = re.compile(r"[0-9a-f]{8,64}")
_CLAUSES: Final = frozenset({"as", "only"})
"""What may stand behind an approval, each once and with one word."""


class AnswerWord(StrEnum):
    """The words that a person may type; `osprey.journal.DecisionWord` has those that are stored."""

    APPROVE = "approve"
    EDIT = "edit"
    REJECT = "reject"
    LATER = "later"


@frozen(kw_only=True)
class Decision:
    """One answer, complete: an approval names the hash of what it approves."""

    word: AnswerWord
    hash_prefix: str = ""
    reason: str = ""
    name: str = ""
    """Who approves, to be shown by a secret; empty: whoever the interface knows."""
    only: tuple[int, ...] = ()
    """The items that are approved, as they are numbered on the card; empty: the whole request."""


def short_hash(sha256: str) -> str:
    """Give the part of a hash that is shown and typed."""
    return sha256[:SHORT_HASH_DIGITS]


def parse_decision(text: str, *, sha256: str) -> Decision | None:
    """Read a typed answer to the request with this hash; None if it is not exactly a decision.

    ``approve 3fa94c12`` approves, with the short hash or a longer part of it; behind it ``only 1,3`` chooses items and
    ``as anna`` names who approves. ``edit``, ``reject REASON`` and ``later`` are the others. ``yes``, ``ok`` or
    ``approve 3fa94c12 but only 5 A`` are not decisions.
    """
    words = text.split()
    match words:
        case ["approve", prefix, *clauses] if _matches(prefix, sha256):
            return _approval(prefix, clauses)
        case ["reject", *reason] if reason:
            return Decision(word=AnswerWord.REJECT, reason=" ".join(reason))
        case ["edit" | "later" as word]:
            return Decision(word=AnswerWord(word))
        case _:
            return None


def may_tell_secret(text: str) -> bool:
    """Say if a line that is no decision may hold a secret: one was typed behind a name, where it is never asked for."""
    words = text.split()
    named = words.index("as") if "as" in words[:-2] else 0
    # The first word may be mistyped; a hash before the name says as well what the line was to be.
    return named > 0 and (words[0] == "approve" or any(_HASH.fullmatch(word.lower()) for word in words[:named]))


def parse_numbers(text: str) -> tuple[int, ...] | None:
    """Read the numbers of items, such as ``1,3``, each once and in order; None if it is anything else."""
    if not _NUMBERS.fullmatch(text):
        return None
    return tuple(sorted({int(number) for number in text.split(",")}))


def _approval(prefix: str, clauses: Sequence[str]) -> Decision | None:
    given: Mapping[str, str] = dict(zip(clauses[::2], clauses[1::2], strict=False))
    if len(clauses) != 2 * len(given) or not given.keys() <= _CLAUSES:
        return None
    only = parse_numbers(given["only"]) if "only" in given else ()
    if only is None:
        return None
    return Decision(word=AnswerWord.APPROVE, hash_prefix=prefix.lower(), name=given.get("as", ""), only=only)


def _matches(prefix: str, sha256: str) -> bool:
    return len(prefix) >= SHORT_HASH_DIGITS and sha256.startswith(prefix.lower())
