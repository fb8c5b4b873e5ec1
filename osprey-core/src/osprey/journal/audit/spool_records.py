"""What the spool keeps, and its form: lines ``<JSON> <seal>`` that nobody without the audit's key can make."""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Mapping
from typing import Any, Final

from attrs import asdict, evolve, field, frozen

from osprey.journal.audit.seal import seal_values

_LATE_REFUSAL: Final = "late refusal 1"
_OVERFLOW: Final = "spool overflow 1"
_LONGEST: Final = 4096
"""Bytes of one record; a longer one loses its details, then the end of its reason."""
_LONGEST_TEXT: Final = 300


@frozen(kw_only=True)
class LateRefusal:
    """A refusal that the audit could not take when it was made."""

    actor: str
    terminal: str
    host: str
    subject: str
    ns: int
    """When it was refused."""
    detail: Mapping[str, Any]
    """What the audit's row would have said."""
    cause: str
    """Why the audit could not take it."""
    id: str = field(factory=lambda: secrets.token_hex(8))

    @property
    def sentence(self) -> str:
        """Say what was refused, to whom and why, in one line."""
        about = f" of {self.subject}" if self.subject else ""
        told = (self.detail.get(name, "") for name in ("what", "rule", "reason"))
        what, rule, reason = (str(text) for text in told)
        return f"refused: {what}{about} by {self.actor} ({rule}): {reason}"


@frozen(kw_only=True)
class Overflow:
    """How many refusals did not fit."""

    count: int
    since_ns: int
    until_ns: int
    id: str = field(factory=lambda: secrets.token_hex(8))


@frozen(kw_only=True)
class SpoolContent:
    """What the spool holds."""

    refusals: tuple[LateRefusal, ...] = ()
    overflow: Overflow | None = None
    foreign: int = 0
    """How many lines a crash cut short, or nothing of ours wrote."""
    foreign_hash: str = ""

    @property
    def is_empty(self) -> bool:
        return not self.refusals and self.overflow is None and not self.foreign


def line_of_refusal(key: bytes, refusal: LateRefusal) -> bytes:
    """Give the line of a refusal, shortened if it would take the place of many others."""
    return _sealed(key, _LATE_REFUSAL, asdict(_shortened(refusal), recurse=False))


def line_of_overflow(key: bytes, overflow: Overflow) -> bytes:
    """Give the line of a count."""
    return _sealed(key, _OVERFLOW, asdict(overflow))


def refusal_of_line(key: bytes, line: bytes) -> LateRefusal | None:
    """Read a refusal; None if the line is no genuine one."""
    told = _opened(key, _LATE_REFUSAL, line)
    return None if told is None else LateRefusal(**told)


def overflow_of_line(key: bytes, line: bytes) -> Overflow | None:
    """Read a count; None if the line is no genuine one."""
    told = _opened(key, _OVERFLOW, line)
    return None if told is None else Overflow(**told)


def _sealed(key: bytes, what: str, told: dict[str, Any]) -> bytes:
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return f"{text} {seal_values(key, what, (text,))}\n".encode("ascii")


def _opened(key: bytes, what: str, line: bytes) -> dict[str, Any] | None:
    text, _, seal = line.decode("ascii", errors="replace").rpartition(" ")
    is_genuine = hmac.compare_digest(seal_values(key, what, (text,)).encode(), seal.encode())
    return json.loads(text) if is_genuine else None


def _shortened(refusal: LateRefusal) -> LateRefusal:
    if len(json.dumps(asdict(refusal, recurse=False))) <= _LONGEST:
        return refusal
    told = {name: _cut(str(refusal.detail.get(name, ""))) for name in ("what", "rule", "reason")}
    return evolve(refusal, detail={**told, "shortened": True}, cause=_cut(refusal.cause), subject=_cut(refusal.subject))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]} ..."
