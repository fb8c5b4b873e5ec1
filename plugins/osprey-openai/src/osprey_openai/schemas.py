"""Which JSON Schemas an endpoint can hold a model to without exception ("strict")."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from osprey.api import AnswerForm

_NAMES_OF_SCHEMAS: Final = frozenset({"properties", "$defs", "definitions"})
"""Keywords whose value maps names to schemas."""
_PLAIN: Final = frozenset(
    {
        *("type", "title", "description", "enum", "const", "$ref", "required", "additionalProperties"),
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "pattern", "format"),
        *("minItems", "maxItems"),
    }
)
_LONGEST_NAME: Final = 64


def response_format(form: AnswerForm) -> dict[str, Any]:
    """Say the form of an answer as the dialect has it; strictly where the schema allows that."""
    name = re.sub(r"[^A-Za-z0-9_-]", "_", form.name)[:_LONGEST_NAME] or "answer"
    schema = dict(form.schema)
    is_strict = schema.get("type") == "object" and can_be_strict(schema)
    return {"type": "json_schema", "json_schema": {"name": name, "schema": schema, "strict": is_strict}}


def can_be_strict(schema: Any) -> bool:
    """Tell whether every object in a schema is closed and complete, and no keyword is beyond the strict subset.

    A strict request with any other schema is refused by the endpoint; without `strict` the schema still guides it.
    """
    if not isinstance(schema, Mapping):
        return False
    if "properties" in schema or _says_object(schema.get("type")):
        properties = schema.get("properties", {})
        if schema.get("additionalProperties") is not False or set(schema.get("required", ())) != set(properties):
            return False
    return all(_is_strict_part(keyword, value) for keyword, value in schema.items())


def _is_strict_part(keyword: str, value: Any) -> bool:
    if keyword in _NAMES_OF_SCHEMAS:
        return isinstance(value, Mapping) and all(can_be_strict(part) for part in value.values())
    if keyword == "anyOf":
        return isinstance(value, list | tuple) and all(can_be_strict(part) for part in value)
    if keyword == "items":
        return can_be_strict(value)
    return keyword in _PLAIN


def _says_object(types: Any) -> bool:
    return types == "object" or (isinstance(types, list) and "object" in types)
