"""Finds the project's folder and its configuration file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from osprey.errors import ConfigError

if TYPE_CHECKING:
    from osprey.config.schema import PluginsConfig

CONFIG_NAME: Final = "config.yml"
PROJECT_VARIABLE: Final = "OSPREY_PROJECT"

_MAY_NAME_PLUGINS: Final = re.compile(rb"^(?!\s*#).*plugins|\\[xuU]", re.MULTILINE)
"""A line with the word, unless it is a comment; or an escape in a key, which could spell it."""


def find_project_dir(start: Path | None, *, environ: Mapping[str, str]) -> Path:
    """Give the project's folder: `start`, else `OSPREY_PROJECT`, else where the next `config.yml` upwards is.

    Without any `config.yml` it is the working directory itself, and the embedded defaults apply.

    :raises ConfigError: a folder was named that does not exist.
    """
    if start is not None:
        return _named(start, "the project folder")
    if named := environ.get(PROJECT_VARIABLE):
        return _named(Path(named), PROJECT_VARIABLE)
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / CONFIG_NAME).is_file()), here)


def find_config_file(root: Path) -> Path | None:
    """Give the configuration file of the project at `root`, if it has one."""
    file = root / CONFIG_NAME
    return file if file.exists() else None


def plugins_section_only(start: Path | None, environ: Mapping[str, str]) -> PluginsConfig:
    """Read the `plugins` section and nothing else, at next to no cost where the file has none.

    It is on the way of every command, so the YAML reader is imported only if the file speaks of plugins.

    :raises ConfigError: the file cannot be read, or its `plugins` section is wrong.
    """
    from osprey.config.schema import PluginsConfig

    file = find_config_file(find_project_dir(start, environ=environ))
    if file is None:
        return PluginsConfig()
    try:
        may_name_plugins = _MAY_NAME_PLUGINS.search(file.read_bytes())
    except OSError as exc:
        msg = f"{file} cannot be read: {exc.strerror}"
        raise ConfigError(msg) from exc
    if may_name_plugins is None:
        return PluginsConfig()
    from osprey.config.loading import load_plugins_section

    return load_plugins_section(file, environ)


def _named(folder: Path, said_by: str) -> Path:
    folder = folder.expanduser()
    if folder.name == CONFIG_NAME and folder.is_file():
        folder = folder.parent
    if not folder.is_dir():
        msg = f"{said_by} {str(folder)!r} is no folder: make one with `osprey init {folder}`, or name another"
        raise ConfigError(msg)
    return folder.resolve()
