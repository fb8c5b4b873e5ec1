"""JSON Schemas of attrs classes: what a model is asked for is the class that its answer is read into."""

from __future__ import annotations

import inspect
import types
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, Literal, Union, cast, get_args, get_origin

import attrs

from osprey.models.chat.messages import AnswerForm

_SCALARS: Final[dict[Any, str]] = {str: "string", int: "integer", float: "number", bool: "boolean"}


def form_of(wanted: type[Any]) -> AnswerForm:
    """Describe an attrs class: its fields, and what `metadata={"about": ...}` says of each.

    The fields are texts, numbers, truth values, `StrEnum`, `Literal`, lists and tuples of one type, `dict[str, X]`,
    `X | None`, `Any`, and attrs classes of these.

    :raises TypeError: a field has a type that cannot be described; the message has its place.
    """
    return AnswerForm(name=wanted.__name__, schema=_object(wanted, wanted.__name__, ()))


def about(field: Any) -> str:
    """Give what the metadata of a field says of it."""
    return str(field.metadata.get("about", ""))


def members_of(wanted: Any) -> tuple[Any, ...]:
    """Give the types of a union; of anything else nothing."""
    return get_args(wanted) if get_origin(wanted) in (Union, types.UnionType) else ()


def is_sequence(wanted: Any) -> bool:
    """Say whether a type is a list of one type, in any of its spellings."""
    origin, args = get_origin(wanted), get_args(wanted)
    return origin in (list, Sequence) or (origin is tuple and len(args) == 2 and args[1] is Ellipsis)


def is_mapping(wanted: Any) -> bool:
    """Say whether a type is a mapping from texts."""
    return get_origin(wanted) in (dict, Mapping) and get_args(wanted)[0] is str


def _object(wanted: type[Any], place: str, above: tuple[type[Any], ...]) -> dict[str, Any]:
    if not attrs.has(wanted):
        raise TypeError(f"{place}: {wanted!r} is no attrs class: decorate it with @frozen")
    if wanted in above:
        raise TypeError(f"{place}: {wanted.__name__} contains itself, which a form cannot")
    properties: dict[str, Any] = {}
    required: list[str] = []
    fields = [field for field in attrs.fields(attrs.resolve_types(wanted)) if field.init]
    for field in fields:
        described = _schema(field.type, f"{place}.{field.alias}", (*above, wanted))
        if text := about(field):
            described = {**described, "description": text}
        properties[field.alias] = described
        if field.default is attrs.NOTHING:
            required.append(field.alias)
    schema: dict[str, Any] = {"type": "object"}
    if text := _first_line(wanted):
        schema["description"] = text
    return {**schema, "properties": properties, "required": required, "additionalProperties": False}


def _first_line(wanted: type[Any]) -> str:
    return inspect.cleandoc(wanted.__doc__ or "").partition("\n")[0]


def _schema(wanted: Any, place: str, above: tuple[type[Any], ...]) -> dict[str, Any]:
    if wanted in (Any, object):
        return {}
    if wanted in _SCALARS:
        return {"type": _SCALARS[wanted]}
    if get_origin(wanted) is Literal:
        return _literal(wanted, place)
    if isinstance(wanted, type) and issubclass(wanted, StrEnum):
        return {"type": "string", "enum": [member.value for member in wanted]}
    if members := members_of(wanted):
        return _union(members, place, above)
    if is_sequence(wanted):
        return {"type": "array", "items": _schema(get_args(wanted)[0], f"{place}[]", above)}
    if is_mapping(wanted):
        return {"type": "object", "additionalProperties": _schema(get_args(wanted)[1], f"{place}.*", above)}
    if attrs.has(cast("type[Any]", wanted)):
        return _object(cast("type[Any]", wanted), place, above)
    raise TypeError(f"{place}: a form cannot have the type {wanted!r}")


def _literal(wanted: Any, place: str) -> dict[str, Any]:
    values = list(get_args(wanted))
    if not all(type(value) is str for value in values):
        raise TypeError(f"{place}: a Literal of a form has texts only, not {values!r}")
    return {"type": "string", "enum": values}


def _union(members: tuple[Any, ...], place: str, above: tuple[type[Any], ...]) -> dict[str, Any]:
    others = [member for member in members if member is not type(None)]
    if len(others) != 1 or len(others) == len(members):
        raise TypeError(f"{place}: the only union of a form is X | None, not {members!r}")
    return {"anyOf": [_schema(others[0], place, above), {"type": "null"}]}
