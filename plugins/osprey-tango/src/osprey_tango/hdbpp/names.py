"""How an attribute may be written, and how HDB++ stores its name."""

from __future__ import annotations

import re
from typing import Final

from attrs import frozen

_NAME: Final = re.compile(
    r"(?:tango://(?P<host>[^\s/#]+:\d{1,5})/)?(?P<attribute>[^\s/#]+/[^\s/#]+/[^\s/#]+/[^\s/#]+)", re.IGNORECASE
)
_LONGEST: Final = 500


@frozen
class AttributeName:
    """A name: ``domain/family/member/attribute``, and the control system if one was written."""

    attribute: str
    host: str | None


def parse_name(text: str) -> AttributeName | None:
    """Read a name; Tango's names have no letter case. None: it is none."""
    match = _NAME.fullmatch(text)
    if match is None or not text.isprintable() or len(text) > _LONGEST:
        return None
    host = match["host"]
    return AttributeName(match["attribute"].lower(), host.lower() if host else None)
