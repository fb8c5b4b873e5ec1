"""Values as Python literals: exact, ASCII, and laid out for a reader who looks for the code between them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, cast

from jinja2 import Undefined

_WIDTH: Final = 110
_NAME: Final = 20
"""What the first line keeps free for the name before the value."""
_INDENT: Final = 4

_Items = Sequence[tuple[str, object]]
"""Each with the text before it: its key, or nothing."""


class Literal(str):
    """Text that is a Python literal."""

    __slots__ = ()


def literal(value: object) -> str:
    """Write a value of JSON as a Python literal; a long one is packed into as few lines as can be read.

    :raises TypeError: it is anything else.
    """
    return Literal(_laid_out(value, 0))


def _laid_out(value: object, indent: int) -> str:
    flat = _flat(value)
    if not _is_filled(value) or indent + len(flat) <= _WIDTH - _NAME:
        return flat
    items = _items(value)
    opening, closing = "{}" if isinstance(value, Mapping) else "[]"
    texts = [f"{key}{_flat(item)}" for key, item in items]
    room = _WIDTH - indent - _INDENT - 1
    if max(map(len, texts)) > room:
        hugged = f"{opening}{_joined(items, indent)}{closing}"
        if _is_in_width(hugged):
            return hugged
        rows = [f"{key}{_laid_out(item, indent + _INDENT)}" for key, item in items]
    else:
        # Numbers and names are read in rows; what has parts of its own is read one below the other.
        rows = texts if any(_is_filled(item) for _, item in items) else list(_filled_rows(texts, room))
    return "".join([f"{opening}\n", *(f"{' ' * (indent + _INDENT)}{row},\n" for row in rows), " " * indent, closing])


def _joined(items: _Items, indent: int) -> str:
    """Let every long item open on the line where the one before it ends."""
    return ", ".join(f"{key}{_laid_out(item, indent)}" for key, item in items)


def _is_in_width(text: str) -> bool:
    first, *others = text.split("\n")
    return len(first) <= _WIDTH - _NAME and all(len(line) <= _WIDTH for line in others)


def _filled_rows(texts: Iterable[str], room: int) -> Iterator[str]:
    row = ""
    for text in texts:
        longer = f"{row}, {text}" if row else text
        if row and len(longer) > room:
            yield row
            longer = text
        row = longer
    yield row


def _is_filled(value: object) -> bool:
    return isinstance(value, list | tuple | Mapping) and len(cast("Sequence[object]", value)) > 0


def _items(value: object) -> _Items:
    if isinstance(value, Mapping):
        return [(f"{_flat(key)}: ", item) for key, item in cast("Mapping[object, object]", value).items()]
    return [("", item) for item in cast("Sequence[object]", value)]


def _flat(value: object) -> str:
    # The exact types: a subclass could bring a `__repr__` of its own.
    if value is None or type(value) in (bool, int):
        return repr(value)
    if type(value) is str:
        # ASCII only, so that no character of a name can look like another or turn the text's direction.
        written = ascii(value)
        return written if '"' in written else f'"{written[1:-1]}"'
    if type(value) is float:
        return repr(value) if math.isfinite(value) else f'float("{value}")'
    if isinstance(value, list | tuple | Mapping):
        inside = ", ".join(f"{key}{_flat(item)}" for key, item in _items(cast("object", value)))
        return f"{{{inside}}}" if isinstance(value, Mapping) else f"[{inside}]"
    if isinstance(value, Undefined):
        str(value)  # raises, with the name of the parameter that is missing
    msg = f"{type(value).__name__} {value!r} is not a value of JSON"
    raise TypeError(msg)
