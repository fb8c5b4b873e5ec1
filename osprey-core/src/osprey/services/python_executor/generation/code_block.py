"""The program in a text that a model wrote."""

from __future__ import annotations

import re
from typing import Final

_BLOCK: Final = re.compile(r"^[ \t]*```[ \t]*(\w*)[^\n]*\n(.*?)^[ \t]*```[ \t]*$", re.MULTILINE | re.DOTALL)
_OPEN_BLOCK: Final = re.compile(r"^[ \t]*```[ \t]*(?:python|py)?[ \t]*\n(.*)\Z", re.MULTILINE | re.DOTALL)
_PYTHON: Final = ("", "python", "py", "python3")


def code_block_in(text: str) -> str:
    """Give the longest block of Python in a text; one that is not closed to its end; without a block all of it."""
    blocks = [body for language, body in _BLOCK.findall(text) if language.lower() in _PYTHON]
    if blocks:
        return max(blocks, key=len)
    unclosed = _OPEN_BLOCK.search(text)
    return text if unclosed is None else unclosed[1]
