"""Find plugins by their metadata alone.

One pass over the `*.dist-info` folders on `sys.path` costs about as much as starting Python, where
`importlib.metadata` alone costs four times that. The rules are the same: the first folder on the path wins
for a distribution, and the group is `osprey.plugins`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final
from zlib import crc32

from attrs import field, frozen

from osprey.plugins.status import Origin

GROUP: Final = "osprey.plugins"
CORE: Final = "core"
CORE_DISTRIBUTION: Final = "osprey-core"
UNKNOWN_VERSION: Final = "0.0.0+source"
"""The version of a core that runs from its source tree without metadata."""

_SUFFIX = ".dist-info"
_MODULE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")


def normalized(name: str) -> str:
    """Write a plugin's or distribution's name as PEP 503 does, so that spellings can be compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


@frozen(kw_only=True)
class Candidate:
    """A plugin that is there, before anything of it runs."""

    name: str
    distribution: str
    version: str
    module: str
    """The light module that holds its hooks."""
    origin: Origin = Origin.INSTALLED
    info: str = ""
    """Its `dist-info` folder; empty for a local file."""
    file: str = ""
    """The file of a local plugin."""
    summary: str = ""
    """The summary of the distribution, shown while the module's own is not known."""
    requires: tuple[str, ...] = ()
    problem: str = ""
    """What is wrong with its metadata."""

    def answers_to(self, name: str) -> bool:
        """Tell whether `name` means this plugin: its own name or that of its distribution."""
        return normalized(name) in {normalized(self.name), normalized(self.distribution)}

    @property
    def label(self) -> str:
        """Name it in a sentence."""
        if self.origin is Origin.LOCAL:
            return f"plugin {self.name!r} ({self.file})"
        return f"plugin {self.name!r} ({self.distribution} {self.version})"


@frozen(kw_only=True)
class Environment:
    """What is installed: every distribution's version, and the plugins among them."""

    candidates: tuple[Candidate, ...]
    versions: Mapping[str, str] = field(factory=dict[str, str])
    """Normalised distribution name -> version, for what has a `dist-info` folder."""
    folders: tuple[str, ...] = ()
    """The folders that were searched."""


def search_folders(path: Sequence[str]) -> tuple[str, ...]:
    """Give the folders of a `sys.path`, each once, the working directory spelled out."""
    return tuple(dict.fromkeys(os.path.abspath(entry) for entry in path))  # noqa: PTH100 - pathlib costs here


def scan(path: Sequence[str], local: Iterable[Path] = ()) -> Environment:
    """Find the built-in, the installed and the given local plugins; nothing of them is imported."""
    folders = search_folders(path)
    versions: dict[str, str] = {}
    found: list[Candidate] = []
    for folder in folders:
        for info in _info_folders(folder):
            stem, _, version = info.removesuffix(_SUFFIX).rpartition("-")
            if not stem or normalized(stem) in versions:
                continue
            versions[normalized(stem)] = version
            found += _candidates(f"{folder}/{info}", stem, version)
    found = [c for c in found if normalized(c.distribution) != CORE_DISTRIBUTION]
    found.sort(key=lambda candidate: (candidate.name, candidate.distribution))
    builtin = _core(versions.setdefault(CORE_DISTRIBUTION, UNKNOWN_VERSION))
    candidates = (builtin, *found, *(_local(file) for file in dict.fromkeys(local)))
    return Environment(candidates=candidates, versions=versions, folders=folders)


def _info_folders(folder: str) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            # pip renames what it is about to remove to "~name"; a crash leaves that behind.
            names = [e.name for e in entries if e.name.endswith(_SUFFIX) and e.name[0] != "~"]
    except OSError:  # not a folder, gone, or not ours to read: nothing can be imported from it either
        return []
    return sorted(names)


def _candidates(info: str, stem: str, version: str) -> list[Candidate]:
    entries = _entries(info)
    if not entries:
        return []
    header, problem = _header(info)
    name, module = entries[0]
    if len(entries) > 1:
        listed = ", ".join(entry for entry, _ in entries)
        problem = f"it declares {len(entries)} entry points in {GROUP} ({listed}); a distribution declares one"
    elif not _MODULE.fullmatch(module):
        problem = f"its entry point {name} = {module!r} must name a module, such as 'my_facility.plugin'"
    return [
        Candidate(
            name=name,
            distribution=header.get("name", [stem.replace("_", "-")])[0],
            version=header.get("version", [version])[0],
            module=module,
            info=info,
            summary=header.get("summary", [""])[0],
            requires=tuple(header.get("requires-dist", ())),
            problem=problem,
        )
    ]


def _entries(info: str) -> list[tuple[str, str]]:
    text = _read(f"{info}/entry_points.txt")
    if text is None or GROUP not in text:
        return []
    entries: list[tuple[str, str]] = []
    section = ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            section = line.strip("[] ")
        elif section == GROUP and "=" in line and line[0] not in "#;":
            name, _, value = line.partition("=")
            entries.append((name.strip(), value.strip()))
    return entries


def _header(info: str) -> tuple[dict[str, list[str]], str]:
    text = _read(f"{info}/METADATA")
    if text is None:
        return {}, f"its metadata cannot be read ({info}/METADATA)"
    header: dict[str, list[str]] = {}
    for line in text.splitlines():
        if not line:
            break
        key, colon, value = line.partition(":")
        if colon and not key[0].isspace():
            header.setdefault(key.lower(), []).append(value.strip())
    return header, ""


def _read(path: str) -> str | None:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - hundreds of these on the fast path
            return file.read().decode("utf-8", "replace")
    except OSError:
        return None


def _core(version: str) -> Candidate:
    # The core's own entry point says the same; an uninstalled source tree must have its built-ins too.
    return Candidate(
        name=CORE,
        distribution=CORE_DISTRIBUTION,
        version=version,
        module="osprey.plugin",
        origin=Origin.BUILTIN,
    )


def _local(file: Path) -> Candidate:
    absolute = os.path.abspath(file)  # noqa: PTH100 - a link's name is the plugin's name, so no resolve()
    stem = Path(absolute).stem
    word = re.sub(r"\W", "_", stem)
    return Candidate(
        name=stem,
        distribution="",
        version="",
        # Two projects in one process may each bring a plugin.py of their own.
        module=f"osprey_local_{word}_{crc32(absolute.encode()):08x}",
        origin=Origin.LOCAL,
        file=absolute,
        problem="" if Path(absolute).is_file() else f"there is no file {absolute}",
    )
