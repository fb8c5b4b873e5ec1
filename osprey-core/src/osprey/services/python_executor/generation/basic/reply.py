"""The code in the answer of a model."""

from __future__ import annotations

from typing import Final

from osprey.models.chat.messages import ChatReply, Finish
from osprey.services.python_executor.exceptions import CodeGenerationError
from osprey.services.python_executor.generation.code_block import code_block_in

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
    code = code_block_in(reply.text)
    if not code.strip():
        raise _error("the model's answer holds no code", error_chain)
    return code if code.endswith("\n") else f"{code}\n"


def _error(message: str, error_chain: list[str]) -> CodeGenerationError:
    return CodeGenerationError(message, generation_attempt=len(error_chain) + 1, error_chain=error_chain)
