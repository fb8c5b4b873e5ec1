"""The built-in generator: code for what the phrasebook planner plans, from templates that people can read.

A template writes every value through the filter `literal`, and nothing else can be written: a channel's
name, a title or a unit ends up as a Python literal and never as code.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError

from osprey.services.python_executor.exceptions import CodeGenerationError
from osprey.services.python_executor.generation.literals import Literal, literal
from osprey.services.python_executor.models import PythonExecutionRequest

CONTEXT_KEY: Final = "phrasebook"
"""Where a request carries ``{"template": name, "params": {...}}``."""

_FOLDER: Final = Path(__file__).parent / "templates"


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
        self._environment.filters.update(literal=literal, curves=curves_of)
        # The folder `parts` holds what templates include: nothing that could be asked for by name.
        self._names = frozenset(name for name in self._environment.list_templates() if "/" not in name)

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
        except (TemplateError, TypeError, ValueError, KeyError, SyntaxError) as exc:
            msg = f"template {name!r} cannot be filled in: {exc}"
            raise CodeGenerationError(msg, error_chain=error_chain) from exc
        return code


def curves_of(profiles: object) -> object:
    """Reduce planned profiles to what code needs; where a channel is, the channel list says.

    What has not the form of a profile is given as it is, and `literal` says what is wrong with it.
    """
    if not isinstance(profiles, list | tuple):
        return profiles
    return [_curve(profile) for profile in cast("Sequence[object]", profiles)]


def _curve(profile: object) -> object:
    if not isinstance(profile, Mapping):
        return profile
    fields = cast("Mapping[str, Any]", profile)
    along = "position_m" if fields["has_positions"] else "device"
    return {"label": fields["label"], "unit": fields["unit"], "along": along, "channels": list(fields["channels"])}


def _only_literals(value: object) -> object:
    if isinstance(value, Literal):
        return value
    msg = "a template wrote a value without the filter 'literal'"
    raise TypeError(msg)
