"""What must never be shown: by the name of the key, by the name of the variable, inside a URL."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

MASK: Final = "********"

_WORDS: Final = frozenset(
    {
        "apikey",
        "authorization",
        "credential",
        "credentials",
        "headers",
        "key",
        "pass",
        "passphrase",
        "passwd",
        "password",
        "secret",
        "secrets",
        "token",
    }
)
_SPLIT: Final = re.compile(r"[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])")
_URL_PASSWORD: Final = re.compile(r"(://[^/@:\s]*:)[^@/\s]+(?=@)")


def looks_like_credential(name: str) -> bool:
    """Say whether the name of a key or of a variable says that its value is secret.

    Whole words count, so that `max_tokens` is a number and `api_token` is a secret.
    """
    return any(word.lower() in _WORDS for word in _SPLIT.split(name))


def is_secret(path: Iterable[str], variables: Iterable[str] = ()) -> bool:
    """Say whether the value at `path`, given by `variables`, must not be shown."""
    return any(looks_like_credential(name) for name in (*path, *variables))


def without_url_password(text: str) -> str:
    """Mask the password of every URL in `text`."""
    return _URL_PASSWORD.sub(rf"\g<1>{MASK}", text)
