"""The `plugins` section for commands that are to start at once.

Reading YAML costs more than all the rest of `osprey --help`, and the section hardly ever changes, so what it
said is kept in the user's cache for as long as the file is the same.
"""

from __future__ import annotations

import os
from pathlib import Path
from zlib import crc32

from osprey.config.discovery import find_config_file, find_project_dir, plugins_section_only
from osprey.plugins import cache
from osprey.plugins.options import PlainSettings, PluginSettings


def read_plugin_settings(start: Path | None) -> PluginSettings:
    """Read the `plugins` section of the project at `start`, or of the one that is found.

    :raises ConfigError: the file or the section is broken.
    """
    file = find_config_file(find_project_dir(start, environ=os.environ))
    if file is None:
        return PlainSettings()
    stamps = cache.stamp([str(file)])
    name = f"settings-{crc32(str(file).encode()):08x}.json"
    kept = _kept(name, stamps)
    if kept is not None:
        return kept
    settings = plugins_section_only(start, os.environ)
    if cache.is_settled(stamps) and not _speaks_of_variables(file):
        data = {"stamps": stamps, "require": list(settings.require), "disable": list(settings.disable)}
        cache.write_json(name, data)
        cache.prune("settings-")
    return settings


def _kept(name: str, stamps: cache.Stamps) -> PlainSettings | None:
    data = cache.read_json(name)
    try:
        if data is None or data["stamps"] != stamps:
            return None
        return PlainSettings(
            require=tuple(str(text) for text in data["require"]),
            disable=tuple(str(text) for text in data["disable"]),
        )
    except (KeyError, TypeError):
        return None


def _speaks_of_variables(file: Path) -> bool:
    """Tell whether the answer depends on more than the file."""
    try:
        return b"$" in file.read_bytes()
    except OSError:
        return True
