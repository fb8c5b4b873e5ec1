"""The plugin kernel: discovery, compatibility, loading in isolation, and the registry.

What other rooms use is named here and resolved on first use, so that `osprey plugins list` and `--help` pay
for a scan of metadata and nothing else. The phases of a plugin are metadata, compatible, import, validate
and declare; a failure in one of them is a `PluginStatus` with a reason, never an exception that takes the
others down. Only a plugin that holds write policies stops the start when it cannot be used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from osprey.plugins.listing import Listing, list_plugins
    from osprey.plugins.options import LoadOptions, PluginSettings
    from osprey.plugins.registry import Entry, Registry, load_registry
    from osprey.plugins.status import Origin, Phase, PluginStatus, Status
    from osprey.plugins.surveying import Survey, survey

__all__ = [
    "Entry",
    "Listing",
    "LoadOptions",
    "Origin",
    "Phase",
    "PluginSettings",
    "PluginStatus",
    "Registry",
    "Status",
    "Survey",
    "list_plugins",
    "load_registry",
    "survey",
]

_HOMES = {
    "Entry": "registry",
    "Listing": "listing",
    "LoadOptions": "options",
    "Origin": "status",
    "Phase": "status",
    "PluginSettings": "options",
    "PluginStatus": "status",
    "Registry": "registry",
    "Status": "status",
    "Survey": "surveying",
    "list_plugins": "listing",
    "load_registry": "registry",
    "survey": "surveying",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"osprey.plugins.{_HOMES[name]}"), name)
    msg = f"osprey.plugins has no {name!r}"
    raise AttributeError(msg)
