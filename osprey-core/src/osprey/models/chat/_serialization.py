"""Questions and answers as plain JSON, for recordings, and the name by which a question is found again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar, cast

from cattrs import Converter

from osprey.models.chat.messages import ChatRequest

T = TypeVar("T")


@cache
def converter() -> Converter:
    """Give the converter of the messages; what it does not know is an error.

    Defaults are left out, so that a field that is added one day gives no old question a new name.
    """
    return Converter(forbid_extra_keys=True, omit_if_default=True)


def to_line(value: object) -> str:
    """Give a value as one line of JSON: the same value always as the same line."""
    plain = converter().unstructure(value)
    return json.dumps(plain, default=_plain, ensure_ascii=True, separators=(",", ":"), sort_keys=True)


def from_line(wanted: type[T], line: str) -> T:
    """Read what `to_line` wrote.

    :raises Exception: it is something else; whoever reads a file says which line.
    """
    return converter().structure(json.loads(line), wanted)


def hash_of(request: ChatRequest) -> str:
    """Give the name of a question: two that are equal have the same, in every process and version of Python."""
    return hashlib.sha256(to_line(request).encode()).hexdigest()


def _plain(value: object) -> Any:
    if isinstance(value, Mapping):
        return dict(cast("Mapping[str, Any]", value))
    msg = f"a {type(value).__name__} in a question to a model: use what JSON has"
    raise TypeError(msg)
