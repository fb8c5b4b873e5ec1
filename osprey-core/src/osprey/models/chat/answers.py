"""A model's answer read as a value of an attrs class: strictly, and with a sentence for each thing that is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import cache
from math import isfinite
from typing import Any, Final, Literal, TypeVar, cast, get_args, get_origin

import attrs
from cattrs import Converter
from cattrs.errors import (
    ClassValidationError,
    ForbiddenExtraKeysError,
    IterableValidationError,
    IterableValidationNote,
)
from cattrs.gen import make_dict_structure_fn

from osprey.config.closest import did_you_mean
from osprey.models.chat.forms import is_mapping, is_sequence, members_of
from osprey.models.chat.json_text import NoObjectError, object_in
from osprey.models.chat.sayings import capped

T = TypeVar("T")
Hook = Callable[[Any, Any], Any]

_MOST_PROBLEMS: Final = 20
_MOST_QUOTED: Final = 60
_LARGEST_INTEGER: Final = 2**63


class UnusableAnswerError(ValueError):
    """An answer is no value of the wanted class.

    :ivar problems: a sentence for each thing that is wrong, with its place.
    """

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = bounded(problems)
        super().__init__("; ".join(self.problems))


def read_answer(wanted: type[T], text: str) -> T:
    """Read a text as a value of an attrs class.

    :raises UnusableAnswerError: it is none, with every problem.
    """
    try:
        found = object_in(text)
    except NoObjectError as exc:
        raise UnusableAnswerError([str(exc)]) from exc
    try:
        return converter().structure(found, wanted)
    except Exception as exc:
        raise UnusableAnswerError(_problems(exc, wanted.__name__)) from exc


def bounded(problems: Iterable[str]) -> tuple[str, ...]:
    """Give problems as a model or a person is told them: not too many, and none too long."""
    listed = [capped(problem) for problem in problems]
    left = len(listed) - _MOST_PROBLEMS
    return (*listed[:_MOST_PROBLEMS], *([f"and {left} more"] if left > 0 else []))


@cache
def converter() -> Converter:
    """Give the converter that takes no value for another one."""
    made = Converter(detailed_validation=True, forbid_extra_keys=True)
    for kind, hook in ((bool, _truth), (int, _integer), (float, _number), (str, _text)):
        made.register_structure_hook(kind, hook)
    made.register_structure_hook_func(lambda wanted: wanted in (Any, object), lambda value, _: value)
    made.register_structure_hook_func(lambda wanted: get_origin(wanted) is Literal, _literal)
    made.register_structure_hook_factory(lambda wanted: bool(members_of(wanted)), _optional)
    made.register_structure_hook_factory(is_sequence, _sequence)
    made.register_structure_hook_factory(is_mapping, _mapping)
    made.register_structure_hook_factory(attrs.has, _class)
    return made


def _truth(value: Any, _: Any) -> bool:
    return value if isinstance(value, bool) else _expected("true or false", value)


def _integer(value: Any, _: Any) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # 3.0 is an integer of JSON Schema
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= _LARGEST_INTEGER:
        return _expected("a whole number of at most 63 bits", value)
    return value


def _number(value: Any, _: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return _expected("a number", value)
    return float(value) if isfinite(value) else _expected("a finite number", value)


def _text(value: Any, wanted: Any) -> Any:
    if issubclass(wanted, StrEnum):  # cattrs finds `str` first for a class that is both
        return wanted(_choice(value, [member.value for member in wanted]))
    return value if isinstance(value, str) else _expected("a text", value)


def _literal(value: Any, wanted: Any) -> str:
    return _choice(value, get_args(wanted))


def _choice(value: Any, choices: Sequence[str]) -> str:
    if isinstance(value, str) and value in choices:
        return value
    short = isinstance(value, str) and len(value) <= _MOST_QUOTED
    return _expected(f"one of {', '.join(choices)}", value, did_you_mean(value, choices) if short else "")


def _optional(wanted: Any, made: Converter) -> Hook:
    inner = next(member for member in members_of(wanted) if member is not type(None))
    return lambda value, _: None if value is None else made.structure(value, inner)


def _sequence(wanted: Any, made: Converter) -> Hook:
    item = get_args(wanted)[0]
    is_tuple = get_origin(wanted) is tuple

    def hook(value: Any, _: Any) -> Any:
        if not isinstance(value, list):
            return _expected("a list", value)
        found = _each(enumerate(cast("list[Any]", value)), item, wanted, made)
        return tuple(found) if is_tuple else found

    return hook


def _mapping(wanted: Any, made: Converter) -> Hook:
    item = get_args(wanted)[1]

    def hook(value: Any, _: Any) -> Any:
        if not isinstance(value, dict):
            return _expected("an object", value)
        found = cast("dict[str, Any]", value)
        return dict(zip(found, _each(found.items(), item, wanted, made), strict=True))

    return hook


def _each(items: Iterable[tuple[int | str, Any]], item: Any, wanted: Any, made: Converter) -> list[Any]:
    """Convert every item; all failures are raised together, each with its place."""
    done: list[Any] = []
    errors: list[Exception] = []
    for place, value in items:
        try:
            done.append(made.structure(value, item))
        except Exception as exc:  # noqa: BLE001 - whatever one item does, the others are checked as well
            exc.add_note(IterableValidationNote("", place, item))
            errors.append(exc)
    if errors:
        msg = "items that cannot be used"
        raise IterableValidationError(msg, errors, wanted)  # pyright: ignore[reportCallIssue] - ours takes a class
    return done


def _class(wanted: Any, made: Converter) -> Hook:
    attrs.resolve_types(wanted)
    fill = make_dict_structure_fn(
        wanted, made, _cattrs_forbid_extra_keys=True, _cattrs_detailed_validation=True, _cattrs_use_alias=True
    )

    def hook(value: Any, cls: Any) -> Any:
        if not isinstance(value, Mapping):
            return _expected("an object", value)
        return fill(cast("Mapping[str, Any]", value), cls)

    return hook


def _expected(what: str, value: Any, hint: str = "") -> Any:
    msg = f"expected {what}, not {_told(value)}{f'; {hint}' if hint else ''}"
    raise ValueError(msg)


def _told(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return f"the text {capped(value, _MOST_QUOTED)!r}"
    if isinstance(value, int | float):
        return f"the number {value}"
    return "an object" if isinstance(value, dict) else "a list"


def _problems(exc: BaseException, place: str) -> Iterator[str]:
    """Flatten cattrs' tree of errors, each with the place of the value that it is about."""
    if isinstance(exc, ClassValidationError | IterableValidationError):
        with_notes, without = exc.group_exceptions()
        for inner, note in with_notes:
            listed = isinstance(note, IterableValidationNote)
            step = f"[{_step(note.index)}]" if listed else f".{note.name}"
            yield from _problems(inner, f"{place}{step}")
        for inner in without:
            yield from _problems(inner, place)
    elif isinstance(exc, ForbiddenExtraKeysError):
        known = [field.alias for field in attrs.fields(exc.cl)]
        names = ", ".join(repr(_step(name)) for name in sorted(exc.extra_fields, key=str)[:_MOST_PROBLEMS])
        yield f"{place}: unknown {names}; known here: {', '.join(known)}"
    elif isinstance(exc, KeyError):
        yield f"{place}: is required, and missing"
    else:
        yield f"{place}: {exc if isinstance(exc, ValueError) else f'{type(exc).__name__}: {exc}'}"


def _step(name: object) -> str:
    return capped(str(name), _MOST_QUOTED)
