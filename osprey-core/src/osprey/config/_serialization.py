"""Strict conversion of a section to an attrs class: unknown keys are errors, every problem has its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any, Final, Literal, TypeVar, Union, cast, get_args, get_origin

import attrs
from cattrs import Converter
from cattrs.errors import (
    ClassValidationError,
    ForbiddenExtraKeysError,
    IterableValidationError,
    IterableValidationNote,
)
from cattrs.gen import make_dict_structure_fn, override

from osprey.config import scalar_hooks
from osprey.config.closest import did_you_mean
from osprey.config.nodes import Path_, find
from osprey.config.problems import InvalidConfigError, Mark, Problem
from osprey.config.rules import Layout, ValueRule
from osprey.config.scalar_hooks import MismatchError
from osprey.config.secrets import is_secret
from osprey.config.section import Section, Unset

T = TypeVar("T")
Hook = Callable[[Any, Any], Any]
Known = Callable[[Path_], Iterable[str]]

_SEQUENCES: Final = (list, tuple, set, frozenset, Sequence, Iterable)


def structure(wanted: type[T], section: Mapping[str, Any], *, path: Path_ = (), known: Known | None = None) -> T:
    """Make a `wanted` of `section`.

    :param path: where the section stands, for the messages; a `Section` knows its lines as well.
    :param known: gives further key names at a path, for the closest known key.
    :raises InvalidConfigError: with every problem of the section.
    """
    try:
        return converter().structure(section, wanted)
    except Exception as exc:
        problems = list(_problems(exc, path, section, path, known or (lambda _: ())))
        raise InvalidConfigError(problems) from exc


@cache
def converter() -> Converter:
    """Give the converter with the strict hooks."""
    made = Converter(detailed_validation=True, forbid_extra_keys=True)
    for wanted, hook in (
        (bool, scalar_hooks.truth),
        (int, scalar_hooks.integer),
        (float, scalar_hooks.number),
        (str, scalar_hooks.text),
        (Path, scalar_hooks.path),
        (Enum, scalar_hooks.member),
        (Section, _section),
    ):
        made.register_structure_hook(wanted, hook)
    made.register_structure_hook_func(lambda wanted: get_origin(wanted) is Literal, scalar_hooks.literal)
    made.register_structure_hook_func(
        lambda wanted: wanted in (Any, object), lambda value, _: scalar_hooks.plain(value)
    )
    made.register_structure_hook_factory(_is_union, _union_hook)
    made.register_structure_hook_factory(_is_sequence, _sequence_hook)
    made.register_structure_hook_factory(_is_mapping, _mapping_hook)
    made.register_structure_hook_factory(attrs.has, _class_hook)
    return made


def _is_union(wanted: Any) -> bool:
    return get_origin(wanted) in (Union, UnionType)


def _is_sequence(wanted: Any) -> bool:
    return (get_origin(wanted) or wanted) in _SEQUENCES


def _is_mapping(wanted: Any) -> bool:
    return (get_origin(wanted) or wanted) in (dict, Mapping)


def _section(value: Any, _: Any) -> Mapping[str, Any]:
    if value is None:
        return Section()
    if not isinstance(value, Mapping):
        raise MismatchError("a section", value, "write it as indented 'key: value' lines")
    return cast("Mapping[str, Any]", value)


def _class_hook(wanted: Any, made: Converter) -> Hook:
    resolved = attrs.fields(attrs.resolve_types(wanted))
    hooks: dict[str, Any] = {field.name: _field_hook(wanted, field, made) for field in resolved}
    overrides: dict[str, Any] = {name: override(struct_hook=hook) for name, hook in hooks.items() if hook is not None}
    fill = make_dict_structure_fn(
        wanted,
        made,
        _cattrs_forbid_extra_keys=True,
        _cattrs_detailed_validation=True,
        _cattrs_use_alias=True,
        **overrides,
    )

    optional = frozenset(field.alias for field in resolved if _may_be_unset(field.type))

    def hook(value: Any, cls: Any) -> Any:
        if isinstance(value, wanted):
            return value
        return fill(_tolerant(_section(value, cls), optional), cls)  # pyright: ignore[reportArgumentType]

    return hook


def _may_be_unset(wanted: Any) -> bool:
    return _is_union(wanted) and Unset in get_args(wanted)


def _tolerant(section: Mapping[str, Any], names: frozenset[str]) -> Mapping[str, Any]:
    return section.tolerating(names) if names and isinstance(section, Section) else section


def _field_hook(owner: Any, field: Any, made: Converter) -> Hook | None:
    """Give the hook of a field that its type alone does not describe.

    A rule judges a value as soon as it is converted, so that its error is one among the others. A key of a
    layout may be missing from the file, for which None stands, but it may not be there without a value.
    """
    rule: Any = field.validator if isinstance(field.validator, ValueRule) else None
    expected = field.type
    if issubclass(owner, Layout) and field.name not in owner.NULLABLE:
        expected = _without_none(expected)
    if rule is None and expected is field.type:
        return None

    def hook(value: Any, _: Any) -> Any:
        found: Any = made.structure(value, expected)
        if rule is not None:
            rule(None, None, found)
        return found

    return hook


def _without_none(wanted: Any) -> Any:
    members = [member for member in get_args(wanted) if member is not type(None)] if _is_union(wanted) else []
    return Union[tuple(members)] if members else wanted  # noqa: UP007 - the members are known at run time only


def _union_hook(wanted: Any, made: Converter) -> Hook:
    members = [member for member in get_args(wanted) if member not in (type(None), Unset)]

    def hook(value: Any, _: Any) -> Any:
        if (value is None and type(None) in get_args(wanted)) or isinstance(value, Unset):
            return value
        if len(members) == 1:
            return made.structure(value, members[0])
        failures: list[str] = []
        for member in members:
            try:
                return made.structure(value, member)
            except MismatchError as exc:
                failures.append(exc.expected)
        raise MismatchError(" or ".join(failures), value)

    return hook


def _sequence_hook(wanted: Any, made: Converter) -> Hook:
    origin = get_origin(wanted) or wanted
    build: Any = origin if origin in (list, tuple, set, frozenset) else list
    args = get_args(wanted)
    item = args[0] if args else Any
    if origin is tuple and args and Ellipsis not in args:
        msg = f"a setting of type {wanted} cannot be read: use tuple[{args[0].__name__}, ...] or a class"
        raise TypeError(msg)

    def hook(value: Any, _: Any) -> Any:
        items: Any = [] if value is None else value
        if not isinstance(items, (list, tuple)):
            raise MismatchError("a list", value, "write it as [a, b] or as lines that begin with '- '")
        found = cast("Sequence[Any]", items)
        names = [str(index) for index in range(len(found))]
        return build(_each(names, lambda name: found[int(name)], item, wanted, made))

    return hook


def _mapping_hook(wanted: Any, made: Converter) -> Hook:
    args = get_args(wanted)

    def hook(value: Any, cls: Any) -> Any:
        section = _section(value, cls)
        if not args or args[1] is Any:
            return scalar_hooks.plain(section)
        names = list(section)
        if _may_be_unset(args[1]):
            section = _tolerant(section, frozenset(names))
        keys = _each(names, lambda name: name, args[0], wanted, made)
        return dict(zip(keys, _each(names, section.__getitem__, args[1], wanted, made), strict=True))

    return hook


def _each(names: list[str], fetch: Callable[[str], Any], item: Any, wanted: Any, made: Converter) -> list[Any]:
    """Convert every item; all failures are raised together, each with its name."""
    done: list[Any] = []
    errors: list[Exception] = []
    for name in names:
        try:
            done.append(made.structure(fetch(name), item))
        except Exception as exc:  # noqa: BLE001 - whatever one item does, the others are checked as well
            exc.add_note(IterableValidationNote(f"in {name}", name, item))
            errors.append(exc)
    if errors:
        msg = "items that cannot be used"
        raise IterableValidationError(msg, errors, wanted)  # pyright: ignore[reportCallIssue] - ours takes a class
    return done


def _problems(
    exc: BaseException, path: Path_, section: Mapping[str, Any], root: Path_, known: Known
) -> Iterable[Problem]:
    """Flatten cattrs' tree of errors, each with the place of the value that it is about."""

    def place(at: Path_, *, key: bool = False) -> Mark | None:
        return _place(section, at[len(root) :], key=key)

    if isinstance(exc, InvalidConfigError):
        yield from exc.problems
    elif isinstance(exc, (ClassValidationError, IterableValidationError)):
        with_notes, without = exc.group_exceptions()
        for inner, note in with_notes:
            step = str(note.index if isinstance(note, IterableValidationNote) else note.name)
            yield from _problems(inner, (*path, step), section, root, known)
        for inner in without:
            yield from _problems(inner, path, section, root, known)
    elif isinstance(exc, ForbiddenExtraKeysError):
        names = {field.alias for field in attrs.fields(exc.cl)} | set(known(path))
        for key in sorted(exc.extra_fields, key=str):
            at = (*path, str(key))
            yield Problem(message=_unknown(str(key), names), path=".".join(at), mark=place(at, key=True))
    elif isinstance(exc, KeyError):
        yield Problem(message="is required, and missing", path=".".join(path), mark=place(path[:-1]))
    else:
        yield Problem(message=_message(exc, path), path=".".join(path), mark=place(path))


def _place(section: Mapping[str, Any], at: Path_, *, key: bool) -> Mark | None:
    if not isinstance(section, Section):
        return None
    if not at:
        return section.node.mark
    entry = find(section.node, at)
    if entry is None:
        return None
    return entry.key_mark if key else entry.node.mark


def _unknown(key: str, names: Iterable[str]) -> str:
    hint = did_you_mean(key, names)
    known = f"known here: {', '.join(sorted(names))}"
    return f"unknown key {key!r}; {hint or known}"


def _message(exc: BaseException, path: Path_) -> str:
    if isinstance(exc, MismatchError):
        return exc.discreet() if is_secret(path) else str(exc)
    if is_secret(path):
        return f"cannot be used ({type(exc).__name__}); its value is not shown"
    return str(exc) if isinstance(exc, ValueError) else f"cannot be used: {type(exc).__name__}: {exc}"
