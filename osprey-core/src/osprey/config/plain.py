"""The configuration as plain JSON-able values, in the layout of the file, without secrets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any, Final, cast

import attrs

from osprey.config.nodes import Path_, Scalar, find
from osprey.config.origins import origin_of, places_of
from osprey.config.schema import Config, ExecutionConfig, TargetConfig
from osprey.config.secrets import MASK, is_secret
from osprey.config.section import Section, Unset

_MISSING: Final = object()
_EXECUTOR: Final = ("execution_timeout_seconds", "max_generation_retries", "max_execution_retries")


def config_to_plain(config: Config) -> dict[str, Any]:
    """Give everything that is in force, and the keys of the file that Osprey does not read, as plain values.

    A secret is `********`, and a value whose environment variable is not set is its reference, as written.
    """
    return _overlay(config.document.shown(), _masked(config, _in_force(config)))


def value_at(config: Config, path: str, default: Any = None) -> Any:
    """Give the value at a dotted path: what is in force, else what the file says, else `default`.

    The value of a single key is the real one, however secret, since the caller named it; a mapping is given
    without secrets, as `config_to_plain` does.

    :raises ConfigError: the key's environment variable is not set.
    """
    steps = tuple(path.split("."))
    found: Any = config_to_plain(config)
    for step in steps:
        if not isinstance(found, dict) or step not in found:
            return default
        found = cast("dict[str, Any]", found)[step]
    if isinstance(found, (dict, list)):
        return cast("Any", found)
    return _real(config, steps, found)


def leaves(plain: Mapping[str, Any], path: Path_ = ()) -> Iterator[tuple[Path_, Any]]:
    """Walk through every value with its path; a list and an empty mapping are values."""
    for key, value in plain.items():
        if isinstance(value, dict) and value:
            yield from leaves(cast("dict[str, Any]", value), (*path, key))
        else:
            yield (*path, key), value


def _real(config: Config, path: Path_, shown: Any) -> Any:
    """Give the real value where the shown one is masked, or stands for one that does not exist."""
    for place in places_of(config, path):
        if find(config.document.node, place) is not None:
            real = config.document.at(place)
            return str(real) if shown == MASK and isinstance(real, str) else shown
    return shown


def _masked(config: Config, plain: dict[str, Any], path: Path_ = ()) -> dict[str, Any]:
    """Mask credentials by their keys, and what a credential's variable gave, wherever in the configuration it went."""
    masked: dict[str, Any] = {}
    for key, value in plain.items():
        at = (*path, key)
        if isinstance(value, dict):
            masked[key] = _masked(config, cast("dict[str, Any]", value), at)
        elif value is None or isinstance(value, bool) or _is_unset(config, at):
            masked[key] = value
        else:
            masked[key] = MASK if is_secret(at, origin_of(config, at).variables) else value
    return masked


def _is_unset(config: Config, path: Path_) -> bool:
    entry = find(config.document.node, path)
    return entry is not None and isinstance(entry.node, Scalar) and bool(entry.node.missing)


def _in_force(config: Config) -> dict[str, Any]:
    systems = config.control_system
    return {
        "facility": _plain(config.facility),
        "control_system": {
            "default_target": systems.default_target,
            "guard": systems.guard.value,
            "guard_users": list(systems.guard_users),
            "targets": {name: _target(target) for name, target in systems.targets.items()},
        },
        "approval": _plain(config.approval),
        "execution": _execution(config.execution),
        "python_executor": {name: getattr(config.execution, name) for name in _EXECUTOR},
        "execution_control": {
            "limits": _plain(config.turn_limits),
            "agent_control": _plain(config.agent_control),
        },
        **_models(config),
        "channel_finder": _plain(config.channel_finder),
        "logging": _plain(config.logging),
        "telemetry": _telemetry(config),
        "plugins": _plain(config.plugins),
        "storage": _plain(config.storage),
    }


def _models(config: Config) -> dict[str, Any]:
    """Give `models` and `api`, each only if there is something in it."""
    models = {name: _plain(role) for name, role in config.models.roles.items()}
    if config.models.recording is not None:
        models["recording"] = str(config.models.recording)
    found = {"models": models, "api": {name: part for name, part in _plain(config.api).items() if part}}
    return {name: section for name, section in found.items() if section}


def _telemetry(config: Config) -> dict[str, Any]:
    """Give `telemetry`, without headers if there are none."""
    return {name: part for name, part in _plain(config.telemetry).items() if part != {}}


def _target(target: TargetConfig) -> dict[str, Any]:
    plain = _plain(target)
    del plain["name"]
    return plain


def _execution(execution: ExecutionConfig) -> dict[str, Any]:
    plain = _plain(execution)
    for name in _EXECUTOR:
        del plain[name]
    local = {name: plain.pop(name) for name in ("mounts", "preload", "keep_warm_s")}
    plain["local"] = {"python_env_path": plain.pop("_python_env_path"), **local}
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, Section):
        return value.shown()
    if isinstance(value, Unset):
        return value.scalar.source
    kind = cast("type[Any]", type(value))
    if attrs.has(kind):
        return {field.name: _plain(getattr(value, field.name)) for field in attrs.fields(kind)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in cast("list[Any]", value)]
    if isinstance(value, Enum):
        return value.value
    return str(value) if isinstance(value, Path) else value


def _overlay(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    laid = dict(under)
    for key, value in over.items():
        below = laid.get(key, _MISSING)
        both = isinstance(below, dict) and isinstance(value, dict)
        laid[key] = _overlay(cast("dict[str, Any]", below), cast("dict[str, Any]", value)) if both else value
    return laid
