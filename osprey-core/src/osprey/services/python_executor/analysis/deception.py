"""Text that shows a reader something else than what runs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from osprey.services.python_executor.analysis.decoding import cookie_remark
from osprey.services.python_executor.analysis.report import Remark
from osprey.services.python_executor.analysis.text import why_deceptive

_MOST: Final = 50
_FAR: Final = 200
_BLANK: Final = re.compile(r"\n(?:[ \t\f\v\r]*\n){50,}")
_FAR_CODE: Final = re.compile(r"[^\s#][^\n]*?[ \t\f]{40,}(?=[^\s#])|^[ \t]{160,}(?=[^\s#])", re.MULTILINE)
_STATEMENT_FAR: Final = re.compile(r";\s*[A-Za-z_]")
_ODD: Final = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\u3164\ufeff\uffa0\ud800-\udfff\U000e0000-\U000e007f]"
)
_WORD: Final = re.compile(r"[^\W\d]\w*")
_ALIKE: Final = frozenset({"CYRILLIC", "ARMENIAN", "CHEROKEE"})
_LOOKALIKES: Final = frozenset("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧοϲϳⅼ∣ǃ")
"""Greek letters and signs that nobody tells from Latin ones; mu, rho and their like are symbols of the field."""


def find_deception(text: str) -> tuple[Remark, ...]:
    """Find what deceives a reader."""
    found: list[Remark] = []
    cookie = cookie_remark(text)
    if cookie is not None:
        found.append(cookie)
    found.extend(_hidden_places(text))
    if _ODD.search(text) is not None:
        found.extend(_odd_characters(text))
    if not text.isascii():
        found.extend(_odd_words(text))
    return tuple(found[:_MOST])


def _line_of(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def _hidden_places(text: str) -> Iterator[Remark]:
    for match in _BLANK.finditer(text):
        if text[match.end() :].strip():
            line = _line_of(text, match.end())
            yield Remark(line=line, kind="blank lines", message="code goes on after 50 or more blank lines")
    if "                                        " in text or "\t\t" in text:
        for match in _FAR_CODE.finditer(text):
            start = text.rfind("\n", 0, match.end()) + 1
            if match.end() - start >= 120:
                yield Remark(
                    line=_line_of(text, match.end()), kind="far right", message="code stands far right, after spaces"
                )
    for number, line in enumerate(text.split("\n"), start=1):
        if len(line) > _FAR and _STATEMENT_FAR.search(line, _FAR) is not None and _is_code(line):
            yield Remark(line=number, kind="far right", message=f"another statement stands past column {_FAR}")


def _is_code(line: str) -> bool:
    return not line.lstrip().startswith("#") and line.count('"', 0, _FAR) % 2 == 0 and line.count("'", 0, _FAR) % 2 == 0


def _odd_characters(text: str) -> Iterator[Remark]:
    for match in _ODD.finditer(text):
        character = match[0]
        reason = why_deceptive(character) or "a character that cannot be seen"
        name = unicodedata.name(character, f"U+{ord(character):04X}")
        yield Remark(line=_line_of(text, match.start()), kind="character", message=f"{reason} ({name})")


def _odd_words(text: str) -> Iterator[Remark]:
    """Find identifiers, and words in texts too, that look like others."""
    seen: set[str] = set()
    for match in _WORD.finditer(text):
        word = match[0]
        if word.isascii() or word in seen:
            continue
        seen.add(word)
        reason = why_odd(word)
        if reason:
            yield Remark(line=_line_of(text, match.start()), kind="lookalike", message=f"{word!a}: {reason}")


def why_odd(word: str) -> str:
    """Say what is odd about a word; empty if nothing is."""
    plain = unicodedata.normalize("NFKC", word)
    if plain != word and plain.isascii():
        return f"Python reads it as {plain}"
    scripts = {_script(character) for character in word if character.isalpha() and not character.isascii()}
    has_latin = any(character.isascii() and character.isalpha() for character in word)
    if has_latin and (not scripts.isdisjoint(_ALIKE) or not _LOOKALIKES.isdisjoint(word)):
        return "letters of several alphabets that look alike"
    return ""


def _script(character: str) -> str:
    return unicodedata.name(character, "").partition(" ")[0]
