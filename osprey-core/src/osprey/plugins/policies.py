"""Which plugins hold write policies, known even when they cannot be loaded.

A rule that every write must pass is only a rule if its absence stops the start. A plugin that loads says
itself whether it declares write policies. Of one that does not, two things are asked: what it declared when
it last loaded here, and whether the text of its module speaks of them; the text is read, not run.

The memory is a file in the user's cache and as lasting as that. `plugins.require` in the configuration is the
way to insist; the memory catches who forgot to.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from zlib import crc32

from attrs import frozen

from osprey.plugins.cache import read_json, write_json
from osprey.plugins.modules import source_files
from osprey.plugins.scan import Candidate, Environment, normalized

# The class as well as the hook: a plugin whose hook is misspelt still has to import what it yields.
_WORDS = (b"osprey_write_policies", b"WritePolicy")


def speaks_of_policies(candidate: Candidate) -> bool:
    """Tell whether the text of a plugin's module mentions write policies; nothing of it is run."""
    for file in source_files(candidate)[-1:]:
        try:
            text = Path(file).read_bytes()
        except OSError:
            continue
        if any(word in text for word in _WORDS):
            return True
    return False


@frozen(kw_only=True)
class Remembered:
    """A plugin that held write policies when it last loaded in this environment."""

    name: str
    distribution: str
    version: str
    folder: str
    """The folder on `sys.path` that held its metadata."""
    policies: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Give every field as JSON knows it."""
        return {
            "name": self.name,
            "distribution": self.distribution,
            "version": self.version,
            "folder": self.folder,
            "policies": list(self.policies),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Remembered:
        """Read back what `to_json` gave."""
        return cls(
            name=str(data["name"]),
            distribution=str(data["distribution"]),
            version=str(data["version"]),
            folder=str(data["folder"]),
            policies=tuple(str(name) for name in data["policies"]),
        )


def _memory_file() -> str:
    return f"policies-{crc32(sys.prefix.encode()):08x}.json"


def recall_policies(environment: Environment) -> dict[str, Remembered]:
    """Give the remembered policy plugins whose folder is searched now, by normalised distribution name."""
    data = read_json(_memory_file())
    try:
        plugins = [Remembered.from_json(row) for row in data["plugins"]] if data is not None else []
    except (KeyError, TypeError, ValueError):
        return {}
    return {normalized(p.distribution): p for p in plugins if p.folder in environment.folders}


def remember_policies(
    environment: Environment, found: Mapping[Candidate, tuple[str, ...]], known: Mapping[str, Remembered]
) -> None:
    """Write down which plugins hold write policies now; those that could not be asked are kept as they were.

    :param found: every installed plugin that loaded -> its write policies, often none.
    :param known: what `recall_policies` gave.
    """
    data = read_json(_memory_file())
    elsewhere = _elsewhere(data, environment.folders)
    present = dict(known)
    for candidate, policies in found.items():
        present.pop(normalized(candidate.distribution), None)
        if policies and candidate.info:
            present[normalized(candidate.distribution)] = Remembered(
                name=candidate.name,
                distribution=candidate.distribution,
                version=candidate.version,
                folder=candidate.info.rpartition("/")[0],
                policies=policies,
            )
    if present != dict(known):
        rows = [*elsewhere, *(plugin.to_json() for plugin in present.values())]
        write_json(_memory_file(), {"prefix": sys.prefix, "plugins": rows})


def _elsewhere(data: Mapping[str, Any] | None, folders: Iterable[str]) -> list[Any]:
    here = set(folders)
    try:
        return [row for row in data["plugins"] if row["folder"] not in here] if data is not None else []
    except (KeyError, TypeError):
        return []
