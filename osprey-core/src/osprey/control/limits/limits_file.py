"""Reading a limits file (YAML, or JSON as the predecessor wrote it) and checking every entry of it.

    version: 1
    defaults: {verification: readback, tolerance_percent: 0.5}
    channels:
      "SR:*:HCM*:SP": {min: -5, max: 5, max_step: 1.0}
      "SR:01:HCM01:SP": {max: 3, readback: "SR:01:HCM01:RB", expression: 'ch("SR:BEAM") < 10'}

A file without `channels` is read in the predecessor's form: every key but `defaults` is a channel, and keys
that begin with ``_`` are remarks.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, cast

from attrs import define, evolve, field
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from osprey.control.limits.group_rate import GroupRate
from osprey.control.limits.limit_entry import ENTRY_KEYS, LimitEntry
from osprey.control.limits.limit_values import LIMIT_VALUES
from osprey.control.limits.limits import Limits
from osprey.control.limits.naming import EPICS_NAMING, Naming
from osprey.errors import ConfigError

_OTHER_SPELLINGS: Final = {
    "min_value": "min",
    "max_value": "max",
    "min_interval": "min_interval_s",
    "settle": "settle_s",
    "travel_window": "travel_window_s",
}
_ELSEWHERE: Final = {
    "allow_unlisted_channels": "set `limits.unlisted` of the target in config.yml",
    "on_violation": "a refused write always refuses its whole batch",
    "enabled": "the guard always checks limits",
}
"""What the predecessor's configuration has; in a limits file it would be taken for a channel."""
_VERIFICATION_KEYS: Final = {
    "level": "verification",
    "tolerance_absolute": "tolerance_absolute",
    "tolerance_percent": "tolerance_percent",
}
_NEEDS: Final = {"step_origin": "step"}
_KNOWN: Final = (*ENTRY_KEYS, *_OTHER_SPELLINGS)
_SETTLED_AFTER_NS: Final = 100_000_000
"""Two changes closer together than a tick of the file system's clock bear one time: until then a file is read
again each time."""


def load_limits(path: Path, *, naming: Naming = EPICS_NAMING) -> Limits:
    """Read and check a limits file.

    :param naming: which spellings of a name are one in the control system.
    :raises ConfigError: names the file, the entry and the key that cannot be used.
    """
    return _limits_of(path, _read(path), naming)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as exc:
        msg = f"limits file {path}: {exc.strerror or exc}; write it, or remove `limits.file` of the target"
        raise ConfigError(msg) from exc


def _limits_of(path: Path, raw: bytes, naming: Naming) -> Limits:
    document = _parse(path, raw)
    channels, defaults = _split(path, document)
    limits = Limits(
        entries={name: _entry(path, name, body) for name, body in channels.items()},
        defaults=_entry(path, "defaults", defaults),
        sha256=hashlib.sha256(raw).hexdigest(),
        path=path,
        naming=naming,
    )
    _check_names(path, limits)
    _check_groups(path, limits)
    return limits


def _check_names(path: Path, limits: Limits) -> None:
    """Refuse two entries for one channel: which of them was meant cannot be known."""
    first: dict[str, str] = {}
    for name in limits.entries:
        other = first.setdefault(limits.key_of(name), name)
        if other != name:
            folds_case = limits.naming.folds_case
            why = "letter case makes no difference in this control system" if folds_case else "`.VAL` adds nothing"
            msg = f"limits file {path}: entries {other!r} and {name!r} are one channel ({why}); keep one of them"
            raise ConfigError(msg)


def _check_groups(path: Path, limits: Limits) -> None:
    first: dict[str, tuple[str, GroupRate]] = {}
    for name, entry in [*limits.entries.items(), ("defaults", limits.defaults)]:
        if entry.group_rate is not None:
            other, rate = first.setdefault(entry.group_rate.group, (name, entry.group_rate))
            if rate != entry.group_rate:
                msg = (
                    f"limits file {path}, entries {other!r} and {name!r}: `group_rate` states two rates for group "
                    f"{rate.group!r}; one group has one rate"
                )
                raise ConfigError(msg)


def _parse(path: Path, raw: bytes) -> Mapping[str, Any]:
    try:
        text = raw.decode("utf-8")
        if path.suffix == ".json":
            document: Any = json.loads(text, object_pairs_hook=_without_doubles)
        else:
            document = YAML(typ="safe", pure=True).load(text)  # pyright: ignore[reportUnknownMemberType]
    except (YAMLError, ValueError) as exc:
        msg = f"limits file {path} cannot be parsed: {exc}"
        raise ConfigError(msg) from exc
    return _mapping(document, f"limits file {path}")


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a JSON key that stands twice: the parser would silently keep the last, perhaps the wider one."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            msg = f"key {key!r} stands twice"
            raise ValueError(msg)
        found[key] = value
    return found


def _split(path: Path, document: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    defaults = _mapping_or_nothing(document.get("defaults"), f"limits file {path}, `defaults`")
    if "channels" not in document:
        named = {k: v for k, v in document.items() if k != "defaults" and not k.startswith("_")}
        if named.keys() <= {"version"}:
            msg = f"limits file {path} lists no channel: add `channels:` with a name or pattern each"
            raise ConfigError(msg)
        for key in named.keys() & _ELSEWHERE.keys():
            msg = f"limits file {path}: {key!r} has no place in it: {_ELSEWHERE[key]}"
            raise ConfigError(msg)
        return named, defaults
    unknown = sorted(document.keys() - {"version", "defaults", "channels"})
    if unknown:
        msg = f"limits file {path}: unknown key {unknown[0]!r} beside `channels`; move it below `channels`"
        raise ConfigError(msg)
    if repr(document.get("version", 1)) != "1":
        msg = f"limits file {path} has version {document['version']!r}; this Osprey reads version 1"
        raise ConfigError(msg)
    return _mapping_or_nothing(document["channels"], f"limits file {path}, `channels`"), defaults


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        mapping = cast("Mapping[Any, Any]", value)
        if all(isinstance(key, str) for key in mapping):
            return mapping
    msg = f"{where}: expected a mapping with text keys, found {value!r}"
    raise ConfigError(msg)


def _mapping_or_nothing(value: Any, where: str) -> Mapping[str, Any]:
    return {} if value is None else _mapping(value, where)


def _entry(path: Path, name: str, body: Any) -> LimitEntry:
    where = f"limits file {path}, entry {name!r}"
    stated: dict[str, Any] = {}
    for key, value in _flat(_mapping_or_nothing(body, where), where):
        if key in stated:
            msg = f"{where}: {key!r} is stated twice (also as its other spelling)"
            raise ConfigError(msg)
        stated[key] = _value(key, value, where)
    entry = LimitEntry(**stated)
    _check_together(entry, where)
    if entry.group_rate is not None and not entry.group_rate.group:
        return evolve(entry, group_rate=evolve(entry.group_rate, group=name))
    return entry


def _flat(body: Mapping[str, Any], where: str) -> list[tuple[str, Any]]:
    """Bring both spellings of an entry to one; keys that begin with ``_`` are remarks."""
    pairs: list[tuple[str, Any]] = []
    for key, value in body.items():
        if key.startswith("_"):
            continue
        if key == "verification" and isinstance(value, Mapping):
            pairs += _flat_verification(cast("Mapping[str, Any]", value), where)
        elif key in _KNOWN:
            pairs.append((_OTHER_SPELLINGS.get(key, key), value))
        else:
            raise ConfigError(_unknown_key(key, _KNOWN, where))
    return pairs


def _flat_verification(body: Mapping[str, Any], where: str) -> list[tuple[str, Any]]:
    for key in body:
        if key not in _VERIFICATION_KEYS:
            raise ConfigError(_unknown_key(key, tuple(_VERIFICATION_KEYS), f"{where}, `verification`"))
    return [(_VERIFICATION_KEYS[key], value) for key, value in body.items()]


def _unknown_key(key: str, known: tuple[str, ...], where: str) -> str:
    near = get_close_matches(key, known, n=1)
    remedy = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(known)}"
    return f"{where}: unknown key {key!r}; {remedy}"


def _value(key: str, value: Any, where: str) -> Any:
    try:
        return LIMIT_VALUES[key](value)
    except (ValueError, OverflowError, ConfigError) as exc:
        msg = f"{where}, `{key}`: {exc}"
        raise ConfigError(msg) from exc


def _check_together(entry: LimitEntry, where: str) -> None:
    if entry.min is not None and entry.max is not None and entry.min > entry.max:
        msg = f"{where}: min {entry.min} is above max {entry.max}; no value could ever be written"
        raise ConfigError(msg)
    for key, needed in _NEEDS.items():
        if getattr(entry, key) is not None and getattr(entry, needed) is None:
            msg = f"{where}: `{key}` has no effect without `{needed}` in the same entry"
            raise ConfigError(msg)


@define
class LimitsSource:
    """The limits of a target as its file states them now: read again when it changed, refused when broken."""

    path: Path | None
    naming: Naming = EPICS_NAMING
    _limits: Limits = field(factory=Limits)
    _stamp: tuple[int, ...] | None = None

    def current(self) -> Limits:
        """Give the limits in force.

        :raises ConfigError: the file is gone or broken; the guard then refuses every write.
        """
        if self.path is None:
            return self._limits
        try:
            status = self.path.stat()
        except OSError as exc:
            msg = f"limits file {self.path}: {exc.strerror or exc}"
            raise ConfigError(msg) from exc
        # The time of the last change as well: a copy may keep the size and the time of modification.
        stamp = (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)
        if stamp != self._stamp:
            is_settled = time.time_ns() - status.st_ctime_ns > _SETTLED_AFTER_NS
            raw = _read(self.path)
            if hashlib.sha256(raw).hexdigest() != self._limits.sha256:
                self._limits = _limits_of(self.path, raw, self.naming)
            self._stamp = stamp if is_settled else None
        return self._limits
