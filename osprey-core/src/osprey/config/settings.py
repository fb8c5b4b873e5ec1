"""A plugin's section, checked by the settings class that the plugin declares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osprey.config.scalar_hooks import plain
from osprey.config.section import Section


def structure_settings(cls: type[Any] | None, mapping: Mapping[str, Any], where: str) -> Any:
    """Make an instance of the settings class `cls` from a plugin's section, by the strict rules of the core.

    Called by whoever opens the implementation of a registration.

    :param cls: the registration's settings class, an attrs class; None gives the section as a plain dict.
    :param where: the dotted path of the section, for messages.
    :raises ConfigError: an unknown key (with the closest known), a value of the wrong kind, a missing key, an
        environment variable that is not set; all of them at once, with their lines.
    """
    if cls is None:
        _require_variables(mapping)
        return plain(mapping)
    from osprey.config._serialization import structure

    return structure(cls, mapping, path=tuple(where.split(".")))


def _require_variables(mapping: Mapping[str, Any]) -> None:
    if isinstance(mapping, Section) and (unset := mapping.unset()):
        from osprey.config.problems import InvalidConfigError

        raise InvalidConfigError([missing.problem() for missing in unset])
