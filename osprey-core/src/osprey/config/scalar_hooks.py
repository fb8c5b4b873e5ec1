"""Strict conversion of single values: nothing is guessed.

`cattrs.structure("false", bool)` is True. Here a truth value is `true` or `false` and nothing else, a number
is a finite number, and text is text. Only the whole value of an environment variable, which is always text,
may stand for a number, and the words true and false for a truth value.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any, Final, cast, get_args

from osprey.config.closest import did_you_mean
from osprey.config.nodes import FromVariable

_INTEGER: Final = re.compile(r"[-+]?[0-9]{1,18}")
_NUMBER: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,4})?")
_LARGEST: Final = 1.7e308
_SHOWN_CHARS: Final = 40


class MismatchError(ValueError):
    """A value of the wrong kind; whether it may be shown depends on its key, which a hook does not know."""

    def __init__(self, expected: str, value: object, remedy: str = "") -> None:
        self.expected = expected
        self.remedy = remedy
        super().__init__("; ".join(part for part in (f"expected {expected}, not {describe(value)}", remedy) if part))

    def discreet(self) -> str:
        """Say it without the value."""
        return "; ".join(part for part in (f"expected {self.expected}", self.remedy) if part)


class UnshownError(MismatchError):
    """A value of the wrong kind that is never shown, because a secret may stand in it."""

    def __init__(self, expected: str) -> None:
        self.expected = expected
        self.remedy = ""
        ValueError.__init__(self, self.discreet())


def describe(value: object) -> str:
    """Name a value in a message, without giving away what an environment variable holds."""
    if isinstance(value, FromVariable):
        return f"the value of {value.source}"
    if isinstance(value, str):
        return f"the text {value if len(value) <= _SHOWN_CHARS else value[: _SHOWN_CHARS - 3] + '...'!r}"
    if isinstance(value, bool):
        return f"the truth value {str(value).lower()}"
    if isinstance(value, (int, float)):
        text = str(value) if abs(value) < _LARGEST or isinstance(value, float) else "beyond all bounds"
        return f"the number {text}"
    if value is None:
        return "nothing"
    return "a mapping" if isinstance(value, Mapping) else "a list"


def truth(value: Any, _wanted: Any) -> bool:
    """Accept true and false, and those two words from a variable."""
    if isinstance(value, bool):
        return value
    if isinstance(value, FromVariable) and value in ("true", "false"):
        return value == "true"
    raise MismatchError("true or false", value, "write exactly true or false, without quotes")


def integer(value: Any, wanted: Any) -> Any:
    """Accept a whole number; a truth value is none, nor is 3.0."""
    if wanted is not int:
        return member(value, wanted)  # cattrs finds `int` before `Enum` for a class that is both
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, FromVariable) and _INTEGER.fullmatch(value):
        return int(value)
    raise MismatchError("a whole number", value, _unquote(value, _INTEGER))


def number(value: Any, _wanted: Any) -> float:
    """Accept a finite number."""
    if isinstance(value, FromVariable) and _NUMBER.fullmatch(value):
        found: float = float(value)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        found = value
    else:
        raise MismatchError("a number", value, _unquote(value, _NUMBER))
    if not abs(found) < _LARGEST or not math.isfinite(found):
        raise MismatchError("a finite number", value)
    return float(found)


def text(value: Any, wanted: Any) -> Any:
    """Accept text; a number or a truth value is none until it is quoted."""
    if wanted is not str:
        return member(value, wanted)  # as above, for `StrEnum`
    if isinstance(value, str):
        return str(value)
    if value is None:
        raise MismatchError("text", value, "give it a value, or remove the key")
    raise MismatchError("text", value, "put it in quotes" if isinstance(value, (bool, int, float)) else "")


def path(value: Any, _wanted: Any) -> Path:
    """Accept the text of a path; it is made absolute by whoever knows the project."""
    if not isinstance(value, str) or not value or "\0" in value:
        raise MismatchError("a path", value, "give it a value, or remove the key")
    return Path(str(value))


def member(value: Any, wanted: type[Enum]) -> Enum:
    """Accept a member's value."""
    members: dict[Any, Enum] = {one.value: one for one in wanted}
    return members[_choice(value, tuple(members))]


def literal(value: Any, wanted: Any) -> Any:
    """Accept one of a `Literal`'s values."""
    return _choice(value, get_args(wanted))


def plain(value: Any) -> Any:
    """Give what a key of any type holds, as ordinary containers and text."""
    if isinstance(value, Mapping):
        mapping = cast("Mapping[Any, Any]", value)
        return {str(key): plain(mapping[key]) for key in mapping}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in cast("list[Any]", value)]
    return str(value) if isinstance(value, FromVariable) else value


def _choice(value: Any, choices: tuple[Any, ...]) -> Any:
    for choice in choices:
        if choice == value and (type(choice) is type(value) or isinstance(value, FromVariable)):
            return choice
    names = [str(choice) for choice in choices]
    written = isinstance(value, str) and not isinstance(value, FromVariable)
    raise MismatchError(f"one of {', '.join(names)}", value, did_you_mean(value, names) if written else "")


def _unquote(value: Any, pattern: re.Pattern[str]) -> str:
    quoted = isinstance(value, str) and not isinstance(value, FromVariable) and pattern.fullmatch(value)
    return "remove the quotes" if quoted else ""
