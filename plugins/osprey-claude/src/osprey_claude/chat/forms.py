"""How an answer is held to a form: by the endpoint itself, or by a tool that has to be called."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from osprey.api import AnswerForm, ChatRequest, ModelAddress

_NAMES_OF_SCHEMAS: Final = frozenset({"properties", "$defs", "definitions"})
"""Keywords whose value maps names to schemas."""
_PLAIN: Final = frozenset(
    {"type", "title", "description", "enum", "const", "$ref", "required", "additionalProperties", "default", "format"}
)
_LONGEST_NAME: Final = 64


class Hold(StrEnum):
    """By what an answer is held to its form."""

    NOTHING = "nothing"
    """The question has no form, or the endpoint is said to know none."""
    ENDPOINT = "endpoint"
    TOOL = "tool"
    """A tool whose parameters are the form: what it is called with is the answer."""


def hold_of(request: ChatRequest, address: ModelAddress) -> Hold:
    """Choose by what the answer to a question is held to its form.

    The endpoint refuses schemas with objects that are open, or with keywords that it does not know; a tool takes any.
    """
    if request.form is None or not address.abilities.json_schema:
        return Hold.NOTHING
    if request.form.schema.get("type") == "object" and is_closed(request.form.schema):
        return Hold.ENDPOINT
    return Hold.TOOL if address.abilities.tools else Hold.NOTHING


def tool_name(form: AnswerForm, request: ChatRequest) -> str:
    """Name the tool that stands for a form; unlike any that the question has."""
    name = re.sub(r"[^A-Za-z0-9_-]", "_", form.name)[:_LONGEST_NAME] or "answer"
    taken = {tool.name for tool in request.tools}
    numbered = (f"{name[: _LONGEST_NAME - 4]}_{number}" for number in range(2, len(taken) + 3))
    return next(one for one in (name, *numbered) if one not in taken)


def is_closed(schema: Any) -> bool:
    """Tell whether every object in a schema is closed, and no keyword is beyond what the endpoint knows."""
    if not isinstance(schema, Mapping):
        return False
    if ("properties" in schema or _says_object(schema.get("type"))) and schema.get("additionalProperties") is not False:
        return False
    return all(_is_known(keyword, value) for keyword, value in schema.items())


def _is_known(keyword: str, value: Any) -> bool:
    if keyword in _NAMES_OF_SCHEMAS:
        return isinstance(value, Mapping) and all(is_closed(part) for part in value.values())
    if keyword in {"anyOf", "allOf"}:
        return isinstance(value, list | tuple) and all(is_closed(part) for part in value)
    if keyword == "items":
        return is_closed(value)
    return keyword in _PLAIN


def _says_object(types: Any) -> bool:
    return types == "object" or (isinstance(types, list) and "object" in types)
