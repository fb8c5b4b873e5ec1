"""What attrs classes and enumerations say of themselves: keys, types, defaults, and the docstrings below them."""

from __future__ import annotations

import ast
import inspect
import types
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import attrs

from osprey.config.rules import AtLeast, Positive, TimeZoneName
from osprey.config.section import Section, Unset

PLAIN = {bool: "`true` or `false`", int: "whole number", float: "number", str: "text", Path: "path"}


@attrs.frozen(kw_only=True)
class Key:
    """One key of the file."""

    path: str
    type: str
    default: str
    meaning: str
    kind: Any
    """Its Python type, without None."""


@cache
def docstrings(cls: type) -> Mapping[str, str]:
    """Give the docstrings below the members of a class and of its bases, by name."""
    found: dict[str, str] = {}
    for base in reversed([base for base in cls.__mro__ if base.__module__.startswith("osprey")]):
        [definition] = ast.parse(inspect.getsource(base)).body
        assert isinstance(definition, ast.ClassDef)
        for member, below in zip(definition.body, definition.body[1:], strict=False):
            name = _name_of(member)
            if name and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
                found[name] = plain(str(below.value.value))
    return found


def _name_of(member: ast.stmt) -> str | None:
    match member:
        case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
            return name
        case ast.FunctionDef(name=name):  # what stands below a property is in the property
            return None
        case _:
            return None


def plain(text: str) -> str:
    """Bring a docstring to one line of Markdown."""
    return " ".join(text.replace("``", "`").split()).replace("|", "\\|")


def keys_of(cls: type, prefix: str, values: type | None = None, above: tuple[type, ...] = ()) -> Iterator[Key]:
    """Give every key of a section, those of the sections below it included.

    :param values: the class that the section becomes, which states the defaults that the layout leaves open.
    :param above: the classes of the sections around it; one that comes again is named, not repeated.
    """
    above = (*above, *cls.__mro__)
    told = {**(docstrings(values) if values else {}), **docstrings(cls)}
    for field in attrs.fields(attrs.resolve_types(cls)):
        if field.alias.startswith("_") or not field.init:
            continue
        kind, path = _without_none(field.type), f"{prefix}.{field.alias}"
        below = section_class(kind)
        if below is not None and below not in above:
            yield from keys_of(below, path + (".<name>" if is_mapping(kind) else ""), above=above)
            continue
        yield Key(
            path=path + (".<name>" if is_mapping(kind) else ""),
            type="section with the first keys above" if below is not None else type_of(kind, field.validator),
            default=_default_of(field, values),
            meaning=told.get(field.alias, ""),
            kind=kind,
        )


def section_class(kind: Any) -> type | None:
    """Give the attrs class of a section, or of the sections by name that `kind` is a mapping of."""
    item = get_args(kind)[1] if is_mapping(kind) else kind
    return item if attrs.has(item) else None


def is_mapping(kind: Any) -> bool:
    return get_origin(kind) in (dict, Mapping, types.MappingProxyType)


def _without_none(kind: Any) -> Any:
    members = [member for member in get_args(kind) if member not in (type(None), Unset)] if is_union(kind) else [kind]
    return members[0] if len(members) == 1 else kind


def is_union(kind: Any) -> bool:
    return get_origin(kind) in (Union, types.UnionType)


def type_of(kind: Any, validator: Any = None) -> str:
    """Name a type as people know it."""
    if isinstance(validator, Positive):
        return f"{PLAIN[kind]} above 0"
    if isinstance(validator, AtLeast):
        return f"{PLAIN[kind]} from {validator.least:g} on"
    if isinstance(validator, TimeZoneName):
        return "name of a time zone"
    if kind in PLAIN:
        return PLAIN[kind]
    if inspect.isclass(kind) and issubclass(kind, Enum):
        return ", ".join(f"`{member.value}`" for member in kind) if len(kind) < 7 else "a word of the table below"
    if get_origin(kind) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(kind))
    if get_origin(kind) in (tuple, list, Sequence):
        return f"list of {type_of(get_args(kind)[0])}s"
    if is_mapping(kind) and get_args(kind)[1] not in (Any, Section):
        return f"{type_of(_without_none(get_args(kind)[1]))}, by name"
    return "text or list of texts" if kind is Any else "section"


def _default_of(field: Any, values: type | None) -> str:
    found = _stated(field)
    if found is None and values is not None:
        twin = {other.alias: other for other in attrs.fields(values)}.get(field.alias)
        found = _stated(twin) if twin is not None and found is None else found
        found = None if found is attrs.NOTHING and field.default is not attrs.NOTHING else found
    if found is attrs.NOTHING:
        return "required"
    if found is None or (isinstance(found, Sequence | Mapping | Section) and not found):
        return ""
    if isinstance(found, bool):
        return f"`{str(found).lower()}`"
    return f"`{found:g}`" if isinstance(found, float) else f"`{found}`"


def _stated(field: Any) -> Any:
    if isinstance(field.default, attrs.Factory):
        return field.default.factory() if not field.default.takes_self else None
    return field.default
