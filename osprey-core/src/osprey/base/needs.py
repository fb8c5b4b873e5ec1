"""What a capability requires of earlier steps, and what is found of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from attrs import frozen

from osprey.errors import UsageError

HARD: Final = "hard"
SOFT: Final = "soft"
_CARDINALITIES: Final = (None, "single", "multiple")


@frozen
class Need:
    """A context type that a capability requires."""

    kind: str
    cardinality: str | None = None
    """``single``: exactly one; ``multiple``: a list; None: the one that there is, or a list of several."""


class RequiredContexts:
    """The contexts that were found, by type, and for unpacking in the order of `requires`."""

    def __init__(self, found: Mapping[str, Any]) -> None:
        self._found = dict(found)

    def __getitem__(self, kind: str) -> Any:
        return self._found[kind]

    def get(self, kind: str, default: Any = None) -> Any:
        """Give what was found of a type, or the default."""
        return self._found.get(kind, default)

    def __contains__(self, kind: object) -> bool:
        return kind in self._found

    def __iter__(self) -> Iterator[Any]:
        """Give the contexts themselves, so that ``addresses, span = self.get_required_contexts()`` works."""
        return iter(self._found.values())

    def __len__(self) -> int:
        return len(self._found)

    def items(self) -> list[tuple[str, Any]]:
        """Give type and context of each."""
        return list(self._found.items())


def needs_of(requires: Sequence[Any], capability: str) -> tuple[Need, ...]:
    """Read `requires`: types, or pairs of a type and ``single`` or ``multiple``.

    :raises UsageError: an entry is neither.
    """
    needs: list[Need] = []
    for entry in requires:
        need = Need(entry) if isinstance(entry, str) else Need(*entry) if _is_pair(entry) else None
        if need is None or need.cardinality not in _CARDINALITIES:
            msg = f"capability '{capability}' requires {entry!r}: write a type, or (type, 'single' | 'multiple')"
            raise UsageError(msg)
        needs.append(need)
    return tuple(needs)


def choose(need: Need, found: Mapping[str, Any], where: str) -> Any:
    """Give what a need takes of the contexts that were found, by context key; None if there are none.

    :raises UsageError: one is needed, and there are several.
    """
    values = list(found.values())
    if not values:
        return None
    if need.cardinality == "multiple":
        return values
    if need.cardinality == "single" and len(values) > 1:
        msg = f"{where} needs one {need.kind}, and {', '.join(found)} leave one each: name it in the step's inputs"
        raise UsageError(msg)
    return values[0] if len(values) == 1 else values


def require(missing: Sequence[str], found: Mapping[str, Any], mode: str, where: str) -> None:
    """Go on if what is there is enough.

    :raises UsageError: in mode ``hard`` something is missing, in mode ``soft`` everything is; or there is no such mode.
    """
    if mode not in (HARD, SOFT):
        msg = f"{where}: constraint_mode is 'hard' or 'soft', not {mode!r}"
        raise UsageError(msg)
    if missing and (mode == HARD or not found):
        told = " and ".join(missing) if mode == HARD else f"one of {', '.join(missing)}"
        msg = f"{where} needs {told}, which no earlier step leaves behind: plan a step that provides it before"
        raise UsageError(msg)


def _is_pair(entry: Any) -> bool:
    return isinstance(entry, tuple | list) and len(entry) == 2 and isinstance(entry[0], str)  # pyright: ignore[reportUnknownArgumentType]
