"""Takes secrets out of text that is about to leave the process: by what the configuration says, and by their looks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from attrs import frozen

from osprey.config.nodes import scalars
from osprey.config.secrets import MASK, looks_like_credential, without_url_password

if TYPE_CHECKING:
    from osprey.config.section import Section

_SHORTEST: Final = 4
"""A shorter secret would mask half of every sentence, and protects nothing."""
_SHORTEST_VARIABLE: Final = 8
"""Of a variable that only its name makes secret."""
_IN_URL: Final = re.compile(r"://[^/@:\s]*:([^@/\s]+)@")
# No pattern begins with a repetition: a text of megabytes must not be read more than once.
_IS: Final = r"""(?:['"]?\s{0,9}[:=]|['"],)\s{0,9}(?:b?['"])?"""
_LOOKS: Final = (
    re.compile(rf"""(?i)((?:authorization|cookie){_IS})[^'"\r\n]+"""),
    re.compile(rf"""(?i)((?:api[-_]?key|passw(?:or)?d|passphrase|secret|token){_IS})[^\s'",;&)}}\]]+"""),
    re.compile(r"(?i)(\bbearer\s{1,9})[\w.~+/=-]{6,}"),
    re.compile(r"(\b(?:sk-|ghp_|glpat-|xox[abp]-))[\w-]{6,}"),
)


@frozen
class Masking:
    """Masks secrets wherever they stand in a text."""

    known: re.Pattern[str] | None = None

    def __call__(self, text: str) -> str:
        """Give the text without its secrets."""
        if self.known is not None:
            text = self.known.sub(MASK, text)
        text = without_url_password(text)
        for look in _LOOKS:
            text = look.sub(rf"\g<1>{MASK}", text)
        return text


def masking_of(document: Section | None, environ: Mapping[str, str]) -> Masking:
    """Give what masks the secrets of a configuration's file, and of the variables whose names say that they hold one.

    :param document: `Config.document`; None: there is none that could be read.
    """
    found = {*_in_environment(environ)}
    if document is not None:
        found |= {*_in_document(document)}
    written = {form for secret in found for form in _forms(secret)}
    longest_first = sorted(written, key=lambda text: (-len(text), text))
    return Masking(re.compile("|".join(map(re.escape, longest_first))) if longest_first else None)


def _in_document(document: Section) -> Iterator[str]:
    said = (scalar.value for _, scalar in scalars(document.node))
    in_urls = (password for value in said if isinstance(value, str) for password in _IN_URL.findall(value))
    for secret in (*document.secrets(), *in_urls):
        if len(secret) >= _SHORTEST and secret not in ("True", "False"):
            yield secret


def _in_environment(environ: Mapping[str, str]) -> Iterator[str]:
    for name, value in environ.items():
        # A path says where a secret is kept, and is none itself.
        if len(value) >= _SHORTEST_VARIABLE and looks_like_credential(name) and not value.startswith("/"):
            yield value


def _forms(secret: str) -> Iterable[str]:
    """Give how a secret is written in a URL, in JSON and by Python's `repr` too."""
    return secret, quote(secret, safe=""), json.dumps(secret)[1:-1], repr(secret)[1:-1]
