"""Reads a run file: which requests are asked, in which project, of which target, and how often."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from attrs import evolve, field, frozen

from osprey.config.problems import InvalidConfigError, Problem
from osprey.config.section import Section
from osprey.config.settings import structure_settings
from osprey.config.yaml_reader import read_yaml
from osprey.errors import UsageError
from osprey.evaluation.expectations import Entry, Kind, RequestSet
from osprey.evaluation.places import locate
from osprey.evaluation.sets import read_set

CONFIG_FILE: Final = "config.yml"


@frozen(kw_only=True)
class Selection:
    """Which requests of the set are asked. What is empty leaves nothing out."""

    kinds: tuple[Kind, ...] = ()
    tags: tuple[str, ...] = ()
    """A request with one of them is asked."""
    ids: tuple[str, ...] = ()
    """Requests, or meanings with all their phrasings."""

    def takes(self, entry: Entry) -> bool:
        """Tell whether the request is asked."""
        return (
            (not self.kinds or entry.kind in self.kinds)
            and (not self.tags or not set(self.tags).isdisjoint(entry.tags))
            and (not self.ids or entry.id in self.ids or entry.group in self.ids)
        )


@frozen(kw_only=True)
class RunFile:
    """What a run file holds."""

    set: str
    """A path, which starts at the run file's folder, or a file of a package such as ``osprey_sim:requests.yml``."""
    project: str | None = None
    """A project's folder, from the run file's folder: its configuration says which models plan, and of which target.
    None: a project without a configuration, which has the simulated ring, and the phrasebook."""
    target: str | None = None
    """None: the project's default target."""
    select: Selection = field(factory=Selection)
    repetitions: int = 1


@frozen(kw_only=True)
class Run:
    """A run, ready to begin."""

    name: str
    file: RunFile
    requests: RequestSet
    entries: tuple[Entry, ...]
    """Those that are selected, in the order of the set."""
    project: Path | None = None
    """The folder whose files the project is made of."""
    configuration: str = ""
    """Its configuration's hash; empty without one."""

    @property
    def planner(self) -> str:
        """Say what plans, for a report."""
        return f"the configuration of {self.project}" if self.project else "the phrasebook"


def read_run(path: Path, *, set_file: str | None = None) -> Run:
    """Read a run file and its set.

    :param set_file: the set in the place of the run file's own; a path starts at the working directory.
    :raises InvalidConfigError: a file is wrong; with every line and remedy.
    :raises UsageError: the set is not there, or the selection takes none of it.
    """
    table = read_yaml(path)
    found: RunFile = structure_settings(RunFile, Section(table), "")
    if found.repetitions < 1:
        entry = table.entries["repetitions"]
        message = f"{found.repetitions} is no number of repetitions: give 1 or more"
        raise InvalidConfigError([Problem(message=message, path="repetitions", mark=entry.node.mark)])
    place = locate(set_file) if set_file else locate(found.set, beside=path)
    requests = read_set(place)
    _require_known(found.select, requests, path)
    entries = tuple(entry for entry in requests.entries if found.select.takes(entry))
    if not entries:
        msg = f"{path}: the selection takes none of the {len(requests.entries)} requests of {place}: widen it"
        raise UsageError(msg)
    project = _project_of(found, path)
    return Run(
        name=path.stem,
        file=evolve(found, set=str(place)),
        requests=requests,
        entries=entries,
        project=project,
        configuration=hashlib.sha256((project / CONFIG_FILE).read_bytes()).hexdigest() if project else "",
    )


def _project_of(found: RunFile, path: Path) -> Path | None:
    if found.project is None:
        return None
    folder = (path.parent / Path(found.project).expanduser()).resolve()
    if not (folder / CONFIG_FILE).is_file():
        msg = f"{path}: project: {folder} has no {CONFIG_FILE}: name a project's folder, or leave the key out"
        raise UsageError(msg)
    return folder


def _require_known(select: Selection, requests: RequestSet, path: Path) -> None:
    """Refuse a selection by a word that the set does not know: a misspelt one would quietly ask less."""
    known = {name for entry in requests.entries for name in (entry.id, entry.group)}
    tags = {tag for entry in requests.entries for tag in entry.tags}
    wrong = [f"the id {each!r}" for each in select.ids if each not in known]
    wrong += [f"the tag {each!r}" for each in select.tags if each not in tags]
    if wrong:
        msg = f"{path}: select: the set {requests.title!r} does not know {', '.join(wrong)}"
        raise UsageError(msg)
