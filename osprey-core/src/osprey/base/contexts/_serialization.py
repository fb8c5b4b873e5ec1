"""Contexts as JSON and back. What has no known type, an unknown field or a missing one is refused, never guessed."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any, cast

import attrs
import cattrs

from osprey.base.contexts.built_in import BUILT_IN
from osprey.base.contexts.context import (
    CONTEXT_TYPE_KEY,
    PROVENANCE_KEY,
    RESERVED,
    CapabilityContext,
    PlainContext,
    Provenance,
    untyped,
)
from osprey.errors import UsageError

_converter = cattrs.Converter(forbid_extra_keys=True)
# JSON has one kind of number: 3 is a float where a float is wanted, and a truth value never is.
_converter.register_structure_hook(float | None, lambda value, _: None if value is None else _number(value))
_converter.register_structure_hook(float, lambda value, _: _number(value))
_converter.register_structure_hook(int, lambda value, _: _whole(value))
_converter.register_structure_hook(bool, lambda value, _: _truth(value))
_converter.register_structure_hook(str, lambda value, _: _text(value))


def plain_provenance(provenance: Provenance) -> dict[str, Any]:
    """Give where a context comes from as JSON."""
    return cast("dict[str, Any]", cattrs.unstructure(provenance))


def plain_context(context: CapabilityContext | Mapping[str, Any], *, kind: str = "") -> dict[str, Any]:
    """Give a context as JSON, with its type.

    :param kind: the type of a mapping, which has none of its own.
    :raises UsageError: it has no type, a field has a reserved name, or something in it is no JSON.
    """
    if isinstance(context, CapabilityContext):
        kind, fields = context.CONTEXT_TYPE, _fields_of(context)
        provenance: Any = None if context.provenance is None else _converter.unstructure(context.provenance)
    else:
        kind, fields, provenance = _declared_type(context) or kind, _fields_of_foreign(context), None
    if not kind:
        msg = f"a context of {type(context).__name__} has no type: give its class a CONTEXT_TYPE"
        raise UsageError(msg)
    if reserved := sorted(set(fields) & RESERVED):
        msg = f"{kind}: a field cannot be called {', '.join(reserved)}; choose another name"
        raise UsageError(msg)
    return {CONTEXT_TYPE_KEY: kind, PROVENANCE_KEY: provenance, **strict_json(fields, kind)}


def read_context(plain: Mapping[str, Any], known: Iterable[type[CapabilityContext]] = ()) -> CapabilityContext:
    """Make a typed context of its JSON.

    :param known: classes beside the built-in ones.
    :raises UsageError: its type is not known, or it is not as its class says.
    """
    kind = str(plain.get(CONTEXT_TYPE_KEY, ""))
    classes = {one.CONTEXT_TYPE: one for one in (*BUILT_IN, *known)}
    if kind not in classes:
        msg = f"there is no context type {kind or 'without a name'!r} here; known are {', '.join(sorted(classes))}"
        raise UsageError(msg)
    try:
        fields = {**untyped(plain), PROVENANCE_KEY: plain.get(PROVENANCE_KEY)}
        return _converter.structure(fields, classes[kind])
    except (cattrs.BaseValidationError, TypeError, ValueError) as exc:
        reason = "; ".join(cattrs.transform_error(exc)) if isinstance(exc, cattrs.BaseValidationError) else str(exc)
        msg = f"this is no {kind}: {reason}"
        raise UsageError(msg) from exc


def read_any(plain: Mapping[str, Any], known: Iterable[type[CapabilityContext]] = ()) -> Any:
    """Make a typed context where its type has a class, else give it as a `PlainContext`."""
    kind = str(plain.get(CONTEXT_TYPE_KEY, ""))
    if kind in {one.CONTEXT_TYPE for one in (*BUILT_IN, *known)}:
        return read_context(plain, known)
    return PlainContext(kind, untyped(plain), _provenance(plain.get(PROVENANCE_KEY), kind))


def _provenance(told: Any, kind: str) -> Provenance | None:
    try:
        return None if told is None else _converter.structure(told, Provenance)
    except (cattrs.BaseValidationError, TypeError, ValueError) as exc:
        msg = f"where this {kind} comes from cannot be read: {told!r}"
        raise UsageError(msg) from exc


def strict_json(value: Any, where: str) -> Any:
    """Give plain JSON; a number that is not finite becomes null.

    :raises UsageError: something in it is no JSON.
    """
    try:
        return json.loads(json.dumps(_finite(value), allow_nan=False))
    except (TypeError, ValueError, RecursionError) as exc:
        msg = f"{where} cannot be kept: {exc}; leave numbers, texts, lists and mappings behind"
        raise UsageError(msg) from exc


def _fields_of(context: CapabilityContext) -> dict[str, Any]:
    fields = cast("dict[str, Any]", _converter.unstructure(context))
    fields.pop(PROVENANCE_KEY)
    return fields


def _declared_type(context: object) -> str:
    return str(getattr(type(context), "CONTEXT_TYPE", ""))


def _fields_of_foreign(context: Any) -> dict[str, Any]:
    """Give the fields of a mapping, of a pydantic model as the predecessor's contexts are, or of an attrs class."""
    if isinstance(context, Mapping):
        return {str(key): value for key, value in cast("Mapping[Any, Any]", context).items()}
    if callable(dump := getattr(context, "model_dump", None)):
        return cast("dict[str, Any]", dump(mode="json"))
    if attrs.has(cast("type[Any]", type(context))):
        return cast("dict[str, Any]", _converter.unstructure(context))
    msg = f"a context is a CapabilityContext or a mapping, not {type(context).__name__}"
    raise UsageError(msg)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _finite(one) for key, one in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in cast("list[Any]", value)]
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        msg = f"{value!r} is no number"
        raise TypeError(msg)
    return float(value)


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        msg = f"{value!r} is no whole number"
        raise TypeError(msg)
    return value


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        msg = f"{value!r} is neither true nor false"
        raise TypeError(msg)
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        msg = f"{value!r} is no text"
        raise TypeError(msg)
    return value
