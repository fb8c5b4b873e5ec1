"""One JSON object out of the text of a model, strictly, or a sentence on why there is none.

Nothing is guessed and nothing evaluated. What a model wraps around its answer (a fence, a sentence) is cut away.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from math import isfinite
from typing import Any, Final, NoReturn, cast

from osprey.models.chat.sayings import capped

MOST_DEPTH: Final = 64
_MOST_DIGITS: Final = 40
_OBJECT: Final = re.compile(r'\{\s*["}]')
_BELONGS: Final = '{}[],:"'
"""What follows an object only where something is left over of a larger value, or of a second one."""
_MOST_NAME: Final = 60


class NoObjectError(ValueError):
    """The text holds no JSON object that could be meant; the message says why."""


def object_in(text: str) -> dict[str, Any]:
    """Give the one JSON object of a text.

    :raises NoObjectError: there is none, more than one, or one that is broken.
    """
    if not text.strip():
        raise NoObjectError("the answer is empty")
    found = _fenced(text)
    return _first_of(text) if found is None else _first_of(found)


def _fenced(text: str) -> str | None:
    """Give the content of the only code block with an object, where the text does not begin with one itself."""
    if text.lstrip().startswith("{"):
        return None
    blocks = (block.partition("\n")[2].strip() for block in text.split("```")[1::2])
    objects = [block for block in blocks if block.startswith("{") and block.endswith("}")]
    return objects[0] if len(objects) == 1 else None


def _first_of(text: str) -> dict[str, Any]:
    opening = _OBJECT.search(text)
    if opening is None:
        raise NoObjectError("the answer holds no JSON object")
    try:
        value, end = _DECODER.raw_decode(text, opening.start())
    except NoObjectError:
        raise
    except RecursionError as exc:
        raise NoObjectError("the JSON object is nested too deeply") from exc
    except ValueError as exc:
        raise NoObjectError(_broken(exc)) from exc
    rest = text[end:].lstrip()
    if rest[:1] and rest[0] in _BELONGS:
        raise NoObjectError(f"behind the JSON object stands something that belongs to none: {capped(rest, 20)!r}")
    if _OBJECT.search(rest):
        raise NoObjectError("the answer holds more than one JSON object")
    _require_depth(value)
    return cast("dict[str, Any]", value)


def _broken(exc: ValueError) -> str:
    if isinstance(exc, json.JSONDecodeError):
        return f"the JSON object is broken at line {exc.lineno}, column {exc.colno}: {exc.msg}"
    return f"the JSON object cannot be read: {capped(str(exc))}"


def _require_depth(value: Any) -> None:
    level: list[Any] = [value]
    depth = 0
    while level:
        depth += 1
        if depth > MOST_DEPTH:
            raise NoObjectError(f"the JSON object is nested more than {MOST_DEPTH} deep")
        level = [below for one in level for below in _below(one) if isinstance(below, dict | list)]


def _below(value: Any) -> Iterable[Any]:
    return cast("dict[str, Any]", value).values() if isinstance(value, dict) else cast("list[Any]", value)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in pairs:
        if name in made:
            raise NoObjectError(f"the key {capped(name, _MOST_NAME)!r} stands twice in one object")
        made[name] = value
    return made


def _constant(name: str) -> NoReturn:
    raise NoObjectError(f"{name} is no number of JSON")


def _integer(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise NoObjectError(f"a number has {len(digits)} digits")
    return int(digits)


def _number(digits: str) -> float:
    number = float(digits)
    if not isfinite(number):
        raise NoObjectError(f"the number {capped(digits, _MOST_NAME)} is out of bounds")
    return number


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_constant=_constant, parse_int=_integer, parse_float=_number
)
