"""What a person may answer, and nothing else: free text never approves."""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen

SHORT_HASH_DIGITS = 8
"""The fewest hex digits of a request's hash that a person has to type."""


class DecisionWord(StrEnum):
    """The words of a decision."""

    APPROVE = "approve"
    REJECT = "reject"
    LATER = "later"


@frozen(kw_only=True)
class Decision:
    """One answer, complete: an approval names the hash of what it approves."""

    word: DecisionWord
    hash_prefix: str = ""
    reason: str = ""


def short_hash(sha256: str) -> str:
    """Give the part of a hash that is shown and typed."""
    return sha256[:SHORT_HASH_DIGITS]


def parse_decision(text: str, *, sha256: str) -> Decision | None:
    """Read a typed answer to the request with this hash; None if it is not exactly a decision.

    ``approve 3fa94c12`` approves, with the short hash or a longer part of it; ``reject REASON`` and
    ``later`` are the other two. ``yes``, ``ok`` or ``approve but only 5 A`` are not decisions.
    """
    words = text.split()
    match words:
        case ["approve", prefix] if _matches(prefix, sha256):
            return Decision(word=DecisionWord.APPROVE, hash_prefix=prefix.lower())
        case ["reject", *reason] if reason:
            return Decision(word=DecisionWord.REJECT, reason=" ".join(reason))
        case ["later"]:
            return Decision(word=DecisionWord.LATER)
        case _:
            return None


def _matches(prefix: str, sha256: str) -> bool:
    return len(prefix) >= SHORT_HASH_DIGITS and sha256.startswith(prefix.lower())
