"""The code in the answer of a model."""

from __future__ import annotations

import re
from typing import Final

from osprey.models.chat.messages import ChatReply, Finish
from osprey.services.python_executor.exceptions import CodeGenerationError

_BLOCK: Final = re.compile(r"^[ \t]*```[ \t]*(\w*)[^\n]*\n(.*?)^[ \t]*```[ \t]*$", re.MULTILINE | re.DOTALL)
_OPEN_BLOCK: Final = re.compile(r"^[ \t]*```[ \t]*(?:python|py)?[ \t]*\n(.*)\Z", re.MULTILINE | re.DOTALL)
_PYTHON: Final = ("", "python", "py", "python3")
LARGEST: Final = 256 * 1024
"""Characters of an answer; nobody reads more code than that before he agrees to it."""


def code_in(reply: ChatReply, error_chain: list[str]) -> str:
    """Give the code of an answer: its longest block of Python, else all of it.

    :raises CodeGenerationError: the model declined, was cut off, or wrote no code.
    """
    if reply.finish is Finish.REFUSAL:
        raise _error("the model declined to write this code", error_chain)
    if reply.finish is Finish.LENGTH:
        msg = "the model's answer was cut off before the code ended: raise max_tokens of its role, or ask for less"
        raise _error(msg, error_chain)
    if len(reply.text) > LARGEST:
        raise _error(f"the model's answer is longer than {LARGEST} characters", error_chain)
    code = _longest_block(reply.text)
    if not code.strip():
        raise _error("the model's answer holds no code", error_chain)
    return code if code.endswith("\n") else f"{code}\n"


def _longest_block(text: str) -> str:
    blocks = [body for language, body in _BLOCK.findall(text) if language.lower() in _PYTHON]
    if blocks:
        return max(blocks, key=len)
    unclosed = _OPEN_BLOCK.search(text)
    return text if unclosed is None else unclosed[1]


def _error(message: str, error_chain: list[str]) -> CodeGenerationError:
    return CodeGenerationError(message, generation_attempt=len(error_chain) + 1, error_chain=error_chain)
