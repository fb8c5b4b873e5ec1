"""What listings and `--help` show of the plugins, from a cache where nothing has changed.

Loading a dozen light modules costs several times what starting Python does. The cache is keyed by the
identity of the environment and of the question: the interpreter and its prefix, the folders on `sys.path`,
the metadata and module files of every plugin, the settings and the options. It is never asked whether Osprey
may start.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from zlib import crc32

from attrs import frozen

from osprey.plugins import cache
from osprey.plugins.options import LoadOptions, PluginSettings
from osprey.plugins.scan import search_folders
from osprey.plugins.status import Phase, PluginStatus

if TYPE_CHECKING:
    from osprey.plugins.surveying import Survey

_PREFIX = "plugins-"


@frozen(kw_only=True)
class Listing:
    """The plugins and what the command line shows of them."""

    plugins: tuple[PluginStatus, ...]
    commands: tuple[tuple[str, str], ...]
    """Name and summary of each command that a third-party plugin adds and no other claims."""
    name_errors: tuple[str, ...]
    refusals: tuple[str, ...]
    policies_disabled: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Give every field as JSON knows it."""
        return {
            "plugins": [status.to_json() for status in self.plugins],
            "commands": [list(command) for command in self.commands],
            "name_errors": list(self.name_errors),
            "refusals": list(self.refusals),
            "policies_disabled": list(self.policies_disabled),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Listing:
        """Read back what `to_json` gave.

        :raises KeyError, TypeError, ValueError: the data is of another shape.
        """
        return cls(
            plugins=tuple(PluginStatus.from_json(row) for row in data["plugins"]),
            commands=tuple((str(name), str(summary)) for name, summary in data["commands"]),
            name_errors=tuple(str(text) for text in data["name_errors"]),
            refusals=tuple(str(text) for text in data["refusals"]),
            policies_disabled=tuple(str(name) for name in data["policies_disabled"]),
        )


def list_plugins(settings: PluginSettings, options: LoadOptions, *, fast: bool = False) -> Listing:
    """Give the plugins as they stand; what is cached and unchanged is not looked at again.

    :param fast: import nothing: what is not cached is judged by its metadata alone.
    """
    question = _question(settings, options)
    name = f"{_PREFIX}{crc32(json.dumps(question).encode()):08x}.json"
    cached = _cached(name, question)
    if cached is not None:
        return cached
    from osprey.plugins.surveying import survey

    folders = search_folders(sys.path)
    stamps = cache.stamp(folders)
    found = survey(settings, options, until=Phase.COMPATIBLE if fast else Phase.DECLARE)
    listing = listing_of(found)
    if not fast:
        stamps |= cache.stamp(_files(found, options))
        _store(name, question, stamps, listing)
    return listing


def listing_of(found: Survey) -> Listing:
    """Take from a survey what is shown."""
    return Listing(
        plugins=found.plugins,
        commands=tuple(_commands(found)) if any(outcome.declarations for outcome in found.loaded) else (),
        name_errors=found.name_errors,
        refusals=found.refusals,
        policies_disabled=found.policies_disabled,
    )


def _commands(found: Survey) -> Iterable[tuple[str, str]]:
    from osprey.plugins.registry import Registry
    from osprey.plugins.scan import CORE

    for entry in Registry(found).entries("commands"):
        if entry.plugin != CORE:
            yield entry.name, entry.registration.summary


def _question(settings: PluginSettings, options: LoadOptions) -> list[Any]:
    return [
        sys.version,
        sys.prefix,
        list(search_folders(sys.path)),
        list(settings.require),
        list(settings.disable),
        None if options.allow is None else list(options.allow),
        list(options.disable),
        [os.path.abspath(file) for file in options.local],  # noqa: PTH100 - as in `scan`
        options.safe_mode,
    ]


def _cached(name: str, question: list[Any]) -> Listing | None:
    data = cache.read_json(name)
    try:
        if data is None or data["question"] != question or not cache.is_current(data["stamps"]):
            return None
        return Listing.from_json(data["listing"])
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _store(name: str, question: list[Any], stamps: cache.Stamps, listing: Listing) -> None:
    if cache.is_settled(stamps):
        data = {"question": question, "stamps": stamps, "listing": listing.to_json()}
        if cache.write_json(name, data):
            cache.prune(_PREFIX)


def _files(found: Survey, options: LoadOptions) -> set[str]:
    """Give the files on which a survey depends: metadata, modules, and the core's own declarations."""
    files = {str(file) for file in options.local}
    for outcome in found.loaded:
        files |= outcome.files
        if outcome.candidate.info:
            files |= {f"{outcome.candidate.info}/METADATA", f"{outcome.candidate.info}/entry_points.txt"}
    for module in ("osprey.hookspecs", "osprey.registrations", "osprey.plugin"):
        file = getattr(sys.modules.get(module), "__file__", None)
        if file is not None:
            files.add(file)
    return files
