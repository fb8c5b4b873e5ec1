"""From `CHANNEL=VALUE` and the lines of a file to writes; values in the channel's own type."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen

from osprey.errors import UsageError

if TYPE_CHECKING:
    from osprey.control import ChannelInfo, Value

_WHOLE = re.compile(r"[+-]?[0-9]+")
# Python would take more for a number: 1_5 is 15 to it, and so are digits of other alphabets.
_DECIMAL = re.compile(r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?|nan|inf|infinity)", re.IGNORECASE)
_NODE = re.compile(r"nsu?=[^;]+;[isgb]=")
"""How the name of an OPC UA node begins."""
_TRUTH = {"true": True, "false": False, "on": True, "off": False, "1": True, "0": False}


@frozen(kw_only=True)
class Intended:
    """A write as it was typed."""

    asked: str
    text: str
    unit: str | None = None


def intended_of(arguments: Sequence[str], unit: str | None) -> list[Intended]:
    """Read ``CHANNEL VALUE``, or one or more ``CHANNEL=VALUE``.

    :raises UsageError: it is neither.
    """
    # The name of an OPC UA node has equals signs of its own.
    is_plain = "=" not in arguments[0] or (_NODE.match(arguments[0]) and "=" not in arguments[-1])
    if len(arguments) == 2 and is_plain:
        return [Intended(asked=arguments[0], text=arguments[1], unit=unit)]
    pairs = [argument.rpartition("=") for argument in arguments]
    if not pairs or any(not name.strip() or not text.strip() for name, _, text in pairs):
        msg = "write it as CHANNEL VALUE, or as one or more CHANNEL=VALUE; a name or value with blanks in quotes"
        raise UsageError(msg)
    return [Intended(asked=name.strip(), text=text.strip(), unit=unit) for name, _, text in pairs]


def intended_in(source: str, lines: Iterable[str], unit: str | None) -> list[Intended]:
    """Read one write a line: ``CHANNEL VALUE``, ``CHANNEL=VALUE``, either with a unit behind it; ``#`` comments.

    :raises UsageError: a line is neither; the message gives its number.
    """
    found: list[Intended] = []
    for number, line in enumerate(lines, start=1):
        text = re.sub(r"(?:^|\s)#.*$", "", line).strip()
        if not text:
            continue
        name, value, own = _cut(text)
        if not name or not value:
            msg = f"{source}: line {number}: write it as CHANNEL VALUE [UNIT], not {line.strip()!r}"
            raise UsageError(msg)
        found.append(Intended(asked=name, text=value, unit=own or unit))
    if not found:
        msg = f"{source}: there is no write in it"
        raise UsageError(msg)
    return found


def _cut(text: str) -> tuple[str, str, str]:
    node = _NODE.match(text)
    start = node.end() if node else 0
    mark = "=" if "=" in text[start:] else " "
    name, _, rest = text[start:].partition(mark)
    name, rest = f"{text[:start]}{name}".strip(), rest.strip()
    if rest.startswith(("[", '"')):
        end = rest.rfind('"' if rest[0] == '"' else "]") + 1
        return name, rest[:end], rest[end:].strip()
    value, _, unit = rest.partition(" ")
    return name, value, unit.strip()


def value_of(intended: Intended, info: ChannelInfo | None) -> Value:
    """Give the value in the type that the control system says; what it does not know is read as it looks.

    :raises UsageError: it is none of that type. Whether it may be written is for the guard to say.
    """
    from osprey.control import DType

    text = intended.text
    if text.startswith("["):
        return _listed(intended)
    if info is not None and info.dtype is DType.ENUM:
        return _state(intended, info.labels)
    if info is None or info.dtype in (DType.INT, DType.FLOAT):
        return _number(text)
    if info.dtype is DType.BOOL:
        if text.lower() in _TRUTH:
            return _TRUTH[text.lower()]
        msg = f"{intended.asked} is true or false, not {text!r}"
        raise UsageError(msg)
    return _text(text)


def _state(intended: Intended, labels: Sequence[str]) -> Value:
    """Give a state by its name or its number; digits that are the name of another state are not guessed at."""
    number = _number(intended.text)
    if isinstance(number, str) or intended.text not in labels or labels.index(intended.text) == number:
        return number
    msg = (
        f"{intended.asked}: {intended.text} is the number of one state and the name of another "
        f"({', '.join(labels)}); write the name in quotes, '\"{intended.text}\"', or another state's number"
    )
    raise UsageError(msg)


def _number(text: str) -> Value:
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else _text(text)


def _text(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


def _listed(intended: Intended) -> Value:
    try:
        value: Any = json.loads(intended.text)
    except ValueError as exc:
        msg = f"{intended.asked}: {intended.text!r} is no JSON list: {exc}"
        raise UsageError(msg) from exc
    return value
