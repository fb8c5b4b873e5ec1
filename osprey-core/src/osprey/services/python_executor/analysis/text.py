"""What is looked at before a text runs: that it parses, and that it shows a reader what it does.

Advice and hygiene, never a permission: what code can do is decided by the sandbox and the guard.
"""

from __future__ import annotations

import unicodedata
import warnings

from attrs import frozen

_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_INVISIBLE = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufeff\u3164\uffa0")
_LONGEST_TEXT = 512 * 1024
_FURTHEST_COLUMN = 1000
"""Code beyond this column is out of sight in every viewer; no formatter writes it."""


@frozen
class Finding:
    """Why a text is not run."""

    line: int | None
    message: str


def check_text(code: str) -> Finding | None:
    """Look for what makes a text unfit to run; None if nothing was found."""
    if len(code) > _LONGEST_TEXT:
        return Finding(None, f"the code is {len(code)} characters long; at most {_LONGEST_TEXT} are run")
    return _find_deception(code) or _find_syntax_error(code)


def _find_deception(code: str) -> Finding | None:
    for number, line in enumerate(code.split("\n"), start=1):
        for column, character in enumerate(line, start=1):
            reason = why_deceptive(character)
            if reason:
                name = unicodedata.name(character, f"U+{ord(character):04X}")
                return Finding(number, f"line {number}, column {column}: {reason} ({name}); remove it")
        if len(line) > _FURTHEST_COLUMN and line[_FURTHEST_COLUMN:].strip():
            return Finding(number, f"line {number} goes on past column {_FURTHEST_COLUMN}; wrap it")
        if number <= 2 and _declares_other_encoding(line):
            return Finding(number, f"line {number} declares an encoding other than UTF-8; remove it")
    return None


def why_deceptive(character: str) -> str:
    """Say why a character has no place in a program; empty if it has."""
    if character in _BIDI:
        return "a character that changes the order in which text is shown"
    if character in _INVISIBLE:
        return "a character that cannot be seen"
    if character in "\r\f\v\x1c\x1d\x1e\x85\u2028\u2029":
        return "a line break that editors and Python count differently"
    if character != "\t" and unicodedata.category(character) in ("Cc", "Cs"):
        return "a control character"
    return ""


def _declares_other_encoding(line: str) -> bool:
    import re

    match = re.match(r"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)", line)
    return match is not None and match[1].lower().replace("_", "-") not in ("utf-8", "utf8")


def _find_syntax_error(code: str) -> Finding | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(code, "generated.py", "exec", dont_inherit=True)
    except SyntaxError as exc:
        return Finding(exc.lineno, f"line {exc.lineno}: {exc.msg}")
    except (ValueError, RecursionError, MemoryError) as exc:
        return Finding(None, f"the code cannot be compiled: {exc}")
    return None
