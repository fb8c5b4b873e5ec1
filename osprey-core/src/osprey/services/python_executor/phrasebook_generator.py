"""The built-in generator: code for what the phrasebook planner plans, from templates that people can read.

A template writes every value through the filter `literal`, and nothing else can be written: a channel's
name, a title or a unit ends up as a Python literal and never as code.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError, Undefined

from osprey.services.python_executor.exceptions import CodeGenerationError
from osprey.services.python_executor.models import PythonExecutionRequest

CONTEXT_KEY: Final = "phrasebook"
"""Where a request carries ``{"template": name, "params": {...}}``."""

_FOLDER: Final = Path(__file__).parent / "templates"
_WIDTH = 80


class _Literal(str):
    """Text that is a Python literal."""

    __slots__ = ()


class PhrasebookGenerator:
    """Writes code from the template that the plan names; deterministic, and without a model."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(_FOLDER),
            undefined=StrictUndefined,
            finalize=_only_literals,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            autoescape=False,  # noqa: S701 - Python, not HTML; `finalize` lets nothing through but literals
        )
        self._environment.filters["literal"] = literal
        self._names = frozenset(self._environment.list_templates(extensions=["j2"]))

    async def generate_code(self, request: PythonExecutionRequest, error_chain: list[str]) -> str:
        """Render the template of the request.

        :raises CodeGenerationError: the request is not one of the phrasebook's, or its parameters do not
            fit the template; trying again cannot help.
        """
        planned: object = request.capability_context_data.get(CONTEXT_KEY)
        if not isinstance(planned, Mapping):
            msg = (
                "the phrasebook generator writes code for planned phrases only; for free tasks set "
                "'execution.code_generator' to a generator with a model"
            )
            raise CodeGenerationError(msg, error_chain=error_chain)
        fields = cast("Mapping[str, Any]", planned)
        return self._render(str(fields.get("template")), fields.get("params"), error_chain)

    def _render(self, name: str, params: object, error_chain: Sequence[str]) -> str:
        file = f"{name}.py.j2"
        if file not in self._names:
            known = ", ".join(sorted(each.removesuffix(".py.j2") for each in self._names))
            msg = f"the phrasebook has no template {name!r}; it has: {known}"
            raise CodeGenerationError(msg, error_chain=error_chain)
        if not isinstance(params, Mapping):
            msg = f"template {name!r} needs 'params', a mapping"
            raise CodeGenerationError(msg, error_chain=error_chain)
        try:
            code = self._environment.get_template(file).render(cast("Mapping[str, Any]", params))
            ast.parse(code)
        except (TemplateError, TypeError, ValueError, SyntaxError) as exc:
            msg = f"template {name!r} cannot be filled in: {exc}"
            raise CodeGenerationError(msg, error_chain=error_chain) from exc
        return code


def literal(value: object, indent: int = 0) -> str:
    """Write a value of JSON as a Python literal, in several lines where one would be too long.

    :raises TypeError: it is anything else.
    """
    flat = _flat(value)
    if len(flat) <= _WIDTH - indent or not isinstance(value, list | tuple | Mapping) or not value:
        return _Literal(flat)
    inner, outer = " " * (indent + 4), " " * indent
    if isinstance(value, Mapping):
        items = cast("Mapping[object, object]", value).items()
        lines = [f"{inner}{_flat(key)}: {literal(each, indent + 4)},\n" for key, each in items]
        return _Literal(f"{{\n{''.join(lines)}{outer}}}")
    lines = [f"{inner}{literal(each, indent + 4)},\n" for each in cast("Sequence[object]", value)]
    return _Literal(f"[\n{''.join(lines)}{outer}]")


def _flat(value: object) -> str:
    # The exact types: a subclass could bring a `__repr__` of its own.
    if value is None or type(value) in (bool, int):
        return repr(value)
    if type(value) is str:
        # ASCII only, so that no character of a name can look like another or turn the text's direction.
        written = ascii(value)
        return written if '"' in written else f'"{written[1:-1]}"'
    if type(value) is float:
        return repr(value) if math.isfinite(value) else f'float("{value}")'
    if isinstance(value, Mapping):
        items = cast("Mapping[object, object]", value).items()
        return f"{{{', '.join(f'{_flat(key)}: {_flat(each)}' for key, each in items)}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_flat(each) for each in cast('Sequence[object]', value))}]"
    if isinstance(value, Undefined):
        str(value)  # raises, with the name of the parameter that is missing
    msg = f"{type(value).__name__} {value!r} is not a value of JSON"
    raise TypeError(msg)


def _only_literals(value: object) -> object:
    if isinstance(value, _Literal):
        return value
    msg = "a template wrote a value without the filter 'literal'"
    raise TypeError(msg)
