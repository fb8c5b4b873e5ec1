"""What one start of Osprey asks of its plugins, beside the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from attrs import frozen


class PluginSettings(Protocol):
    """The `plugins` section of the configuration, as far as the plugin kernel reads it."""

    @property
    def require(self) -> tuple[str, ...]:
        """Requirements that must be met by usable plugins."""
        ...

    @property
    def disable(self) -> tuple[str, ...]:
        """Names of plugins or distributions that are not to be loaded."""
        ...


@frozen(kw_only=True)
class PlainSettings:
    """Settings without a configuration behind them; by default nothing is required and nothing disabled."""

    require: tuple[str, ...] = ()
    disable: tuple[str, ...] = ()


@frozen(kw_only=True)
class LoadOptions:
    """Switches of the command line and the environment; they go before the configuration."""

    allow: tuple[str, ...] | None = None
    """Only these third-party plugins load; None: all of them, an empty tuple: none. Built-ins stay."""
    disable: tuple[str, ...] = ()
    """Plugin or distribution names that are blocked for this start."""
    local: tuple[Path, ...] = ()
    """Files that are loaded as plugins of origin `local`."""
    safe_mode: bool = False
    """No third-party plugin loads, so that a bad one can be found and removed."""
    strict: bool = False
    """Any bad plugin stops the start."""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> LoadOptions:
        """Read `OSPREY_PLUGINS` (set but empty: no third-party plugin) and `OSPREY_DISABLE_PLUGINS`."""
        allow = environ.get("OSPREY_PLUGINS")
        return cls(
            allow=None if allow is None else _names(allow),
            disable=_names(environ.get("OSPREY_DISABLE_PLUGINS", "")),
        )


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for part in text.split(",") if (name := part.strip()))
