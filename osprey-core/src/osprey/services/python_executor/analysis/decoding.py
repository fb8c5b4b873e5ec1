"""One decoded text: what is analysed is what would be compiled."""

from __future__ import annotations

import ast
import re
import warnings

from osprey.services.python_executor.analysis.report import Remark

_COOKIE = re.compile(r"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_COOKIE_IN_BYTES = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_UTF8 = frozenset({"utf-8", "utf8", "u8", "utf-8-sig", "utf8-sig"})


def decode(source: bytes) -> tuple[str, tuple[Remark, ...]]:
    """Give the text of a file, and what is deceptive about its encoding."""
    remarks: list[Remark] = []
    body = source.removeprefix(b"\xef\xbb\xbf")
    for number, line in enumerate(body.split(b"\n", 2)[:2], start=1):
        match = _COOKIE_IN_BYTES.match(line)
        if match is not None and not is_utf8(match[1].decode("ascii", "replace")):
            remarks.append(_other_encoding(number, match[1].decode("ascii", "replace")))
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as exc:
        line = body.count(b"\n", 0, exc.start) + 1
        remarks.append(Remark(line=line, kind="encoding", message="the file is not UTF-8"))
        text = body.decode("utf-8", "replace")
    return text.replace("\r\n", "\n"), tuple(remarks)


def cookie_remark(text: str) -> Remark | None:
    """Tell if a text declares that it has to be read in another encoding than UTF-8."""
    for number, line in enumerate(text.split("\n", 2)[:2], start=1):
        match = _COOKIE.match(line)
        if match is not None and not is_utf8(match[1]):
            return _other_encoding(number, match[1])
    return None


def is_utf8(name: str) -> bool:
    """Say whether the name of an encoding means UTF-8."""
    return name.lower().replace("_", "-") in _UTF8


def _other_encoding(line: int, name: str) -> Remark:
    return Remark(line=line, kind="encoding", message=f"declares the encoding {name}: what runs is not what is shown")


def parse(text: str) -> ast.Module:
    """Parse a text as Python would.

    :raises SyntaxError: it does not parse.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)
