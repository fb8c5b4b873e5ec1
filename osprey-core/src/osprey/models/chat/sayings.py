"""What drivers and endpoints say, made fit for messages: short, on one line, without what an address keeps secret."""

from __future__ import annotations

from collections.abc import Iterator
from traceback import format_exception
from typing import Final

from osprey.config.secrets import MASK
from osprey.models.chat.protocol import ModelAddress
from osprey.printable import printable

MOST_SAID: Final = 500
"""Characters of a foreign text that a message repeats."""
_SHORTEST_SECRET: Final = 8
"""A header's word below this is no credential, and would be masked in every other word."""


def capped(text: str, most: int = MOST_SAID) -> str:
    """Give a text for one line of a message."""
    if len(text) <= most:
        return printable(text)
    return f"{printable(text[:most])}... ({len(text)} characters)"


def said(text: str, address: ModelAddress) -> str:
    """Give what somebody said of an address for one line of a message, its secrets masked."""
    for secret in sorted(_secrets(address), key=len, reverse=True):
        text = text.replace(secret, MASK)
    return capped(text)


def tells_a_secret(exc: BaseException, address: ModelAddress) -> bool:
    """Say whether a secret of the address stands in an exception or in one that caused it."""
    text = "".join(format_exception(exc))
    return any(secret in text for secret in _secrets(address))


def _secrets(address: ModelAddress) -> Iterator[str]:
    if address.api_key:
        yield address.api_key
    for value in address.headers.values():
        yield from (word for word in (value, *value.split()) if len(word) >= _SHORTEST_SECRET)
