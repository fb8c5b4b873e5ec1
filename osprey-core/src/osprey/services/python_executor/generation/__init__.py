"""Writers of Python: the protocol they follow, the ones that come along, and the factory that finds them by name.

A generator writes text and nothing more: what the text may do is decided by the sandbox and the guard. One of a
facility's own needs no base class; see the how-to guide on generators.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from osprey.services.python_executor.generation.basic.generator import BasicLLMCodeGenerator
    from osprey.services.python_executor.generation.factory import create_code_generator, generator_of
    from osprey.services.python_executor.generation.mock import MockCodeGenerator
    from osprey.services.python_executor.generation.protocol import CodeGenerator

_HERE: Final = "osprey.services.python_executor.generation"
_HOMES: Final = {
    "BasicLLMCodeGenerator": f"{_HERE}.basic.generator",
    "CodeGenerator": f"{_HERE}.protocol",
    "MockCodeGenerator": f"{_HERE}.mock",
    "create_code_generator": f"{_HERE}.factory",
    "generator_of": f"{_HERE}.factory",
}
_CLAUDE: Final = "ClaudeCodeGenerator"

__all__ = [
    "BasicLLMCodeGenerator",
    "CodeGenerator",
    "MockCodeGenerator",
    "create_code_generator",
    "generator_of",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name == _CLAUDE:
        return _claude_code_generator()
    msg = f"{__name__} has no {name!r}"
    raise AttributeError(msg)


def _claude_code_generator() -> Any:
    """Give the class of a plugin under the name that applications import it by.

    :raises ImportError: the plugin is not installed; the message holds the command that installs it.
    """
    try:
        return import_module("osprey_claude.code.generator").ClaudeCodeGenerator
    except ModuleNotFoundError as exc:
        msg = f"{_CLAUDE} needs the plugin osprey-claude ({exc}): pip install 'osprey-claude[code]'"
        raise ImportError(msg, name="osprey_claude") from exc
