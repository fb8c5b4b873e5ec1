"""The predecessor's middle-layer database: system, family, field, and the channel names of a field's devices.

It is the shape of MATLAB Middle Layer exports: a field holds `ChannelNames`, one for each device of the family,
and the family's setup holds `CommonNames` and `DeviceList` (sector and number) in the same order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

from osprey.control.channels.databases.guesses import quantity_of, role_of, with_readbacks, without_doubles
from osprey.control.channels.entries import EntryError, check_name
from osprey.control.values import ChannelRecord, DType
from osprey.errors import ConfigError

_NAMES: Final = "ChannelNames"
_SETUPS: Final = ("setup", "_setup")
_DEEPEST: Final = 20
_DTYPES: Final = {
    "double": DType.FLOAT, "float": DType.FLOAT, "single": DType.FLOAT, "real": DType.FLOAT,
    "int": DType.INT, "integer": DType.INT, "long": DType.INT, "short": DType.INT,
    "enum": DType.ENUM, "bool": DType.BOOL, "boolean": DType.BOOL, "binary": DType.BOOL,
    "string": DType.STR, "str": DType.STR, "char": DType.STR,
}  # fmt: skip
_FIELD_ROLES: Final = {"setpoint": "setpoint", "monitor": "readback"}


def is_middle_layer(document: Mapping[Any, Any]) -> bool:
    """True if a field with channel names stands somewhere below."""
    return any(_has_names(value, 0) for value in document.values())


def _has_names(node: Any, depth: int) -> bool:
    if not isinstance(node, dict) or depth > _DEEPEST:
        return False
    below = cast("dict[Any, Any]", node)
    return _NAMES in below or any(_has_names(value, depth + 1) for value in below.values())


def read_middle_layer(path: Path, document: Any) -> list[ChannelRecord]:
    """Give the channels of every field of every family.

    :raises ConfigError: a field's names are no list of names.
    """
    records: list[ChannelRecord] = []
    for system, families in _children(document):
        for family, node in _children(families):
            none: dict[str, Any] = {}
            setup: Mapping[str, Any] = next((node[key] for key in _SETUPS if isinstance(node.get(key), dict)), none)
            words = tuple(filter(None, (_description(node),)))
            told = _description(families) or system
            kin = _Family(path=path, key=system, system=told, name=family, words=words, setup=setup)
            records += kin.records((family,), node, ())
    return with_readbacks(without_doubles(records))


def _children(node: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    for key, value in cast("dict[str, Any]", node).items():
        if isinstance(value, dict) and not str(key).startswith("_") and key not in _SETUPS:
            yield str(key), cast("dict[str, Any]", value)


def _description(node: Mapping[str, Any]) -> str:
    return str(node.get("_description", ""))


class _Family:
    """The devices of one family, in the order of its setup."""

    def __init__(
        self, *, path: Path, key: str, system: str, name: str, words: tuple[str, ...], setup: Mapping[str, Any]
    ) -> None:
        self._path, self._key, self._system, self._name, self._words = path, key, system, name, words
        self._common: Sequence[Any] = setup.get("CommonNames") or ()
        self._places: Sequence[Any] = setup.get("DeviceList") or ()

    def records(self, way: tuple[str, ...], node: dict[str, Any], told: tuple[str, ...]) -> list[ChannelRecord]:
        """Give the channels of a field and of the fields below it."""
        found = self._of_field(way, node, told) if _NAMES in node else []
        for key, below in _children(node):
            found += self.records((*way, key), below, (*told, _description(below) or key))
        return found

    def _of_field(self, way: tuple[str, ...], node: Mapping[str, Any], told: tuple[str, ...]) -> list[ChannelRecord]:
        given = node[_NAMES]
        names: Any = cast("Any", given.split() if isinstance(given, str) else given)
        where = f"{self._path}: {'.'.join(way)}.{_NAMES}"
        if not isinstance(names, list):
            msg = f"{where} is a list of names, not {given!r}"
            raise ConfigError(msg)
        try:
            # A device without this field has an empty name.
            listed = cast("list[Any]", names)
            return [self._record(way, node, told, at, len(listed), name) for at, name in enumerate(listed) if name]
        except EntryError as exc:
            msg = f"{where}: {exc}"
            raise ConfigError(msg) from exc

    def _record(
        self, way: tuple[str, ...], node: Mapping[str, Any], told: tuple[str, ...], at: int, of: int, channel: Any
    ) -> ChannelRecord:
        name = check_name(_NAMES, channel)
        device = str(self._common[at]) if len(self._common) == of else ""
        place = self._places[at] if len(self._places) == of else None
        sector = place[0] if isinstance(place, list) and place and isinstance(place[0], int) else None
        field = next((_FIELD_ROLES[key.lower()] for key in reversed(way) if key.lower() in _FIELD_ROLES), None)
        labels: Any = node.get("EnumLabels") or node.get("labels") or ()
        return ChannelRecord(
            name=name,
            description=" ".join(filter(None, (self._system, *self._words, device, *told))),
            device=device,
            family=self._name,
            family_words=self._words,
            sector=sector,
            quantity=quantity_of((*reversed(way), *told)),
            role=field or next((r for key in reversed(way) if (r := role_of(key)) != "readback"), role_of(name)),
            unit=str(node.get("HWUnits") or node.get("Units") or node.get("units") or ""),
            dtype=_DTYPES.get(str(node.get("DataType", "")).lower()),
            labels=tuple(map(str, labels)),
            way=(self._key, *way),
        )
