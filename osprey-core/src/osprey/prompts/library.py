"""The prompts of a project: its own files over those of plugins over those of the core, each held to its base."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from attrs import frozen

from osprey.config.closest import did_you_mean
from osprey.errors import ConfigError, OspreyError, PluginError
from osprey.prompts.prompt import PromptFile, read_prompt

if TYPE_CHECKING:
    from pathlib import Path

    from osprey.plugins import Registry
    from osprey.plugins.registry import Entry
    from osprey.project import Project
    from osprey.registrations import Prompt

FOLDER: Final = "prompts"
"""Of a project; a file in it takes the place of the prompt that it is named after."""
_CORE: Final = "core"


class Layer(StrEnum):
    """Who says a prompt; a later one goes before an earlier one."""

    CORE = "core"
    PLUGIN = "plugin"
    PROJECT = "project"


@frozen(kw_only=True)
class Told:
    """One version of a prompt, by one of its layers."""

    layer: Layer
    owner: str
    """The plugin, or `project`."""
    file: PromptFile | None
    """None: it cannot be used, and `problem` says why."""
    problem: str = ""
    warning: str = ""
    """It is used, though what it was made from has moved on."""


@frozen(kw_only=True)
class Shelf:
    """All versions of one prompt, the one that counts last."""

    name: str
    layers: tuple[Told, ...]

    @property
    def base(self) -> Told:
        """What the overrides take the place of."""
        return self.layers[0]

    @property
    def told(self) -> Told:
        """The version that counts."""
        return self.layers[-1]


@frozen(kw_only=True)
class Prompts:
    """The prompts of one project."""

    shelves: Mapping[str, Shelf]
    problems: tuple[str, ...] = ()
    """Overrides of prompts that do not exist; they take the place of nothing."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """Everything that is wrong or out of date with an override, for listings and checks."""
        told = [one for shelf in self.shelves.values() for one in shelf.layers]
        return (*self.problems, *(text for one in told for text in (one.problem, one.warning) if text))

    def get(self, name: str) -> PromptFile:
        """Give the prompt that counts.

        :raises ConfigError: there is none of that name, or an override of it cannot be used: no other is put in its
            place, for whoever wrote it relies on it.
        """
        for told in reversed(self.shelf(name).layers):
            if told.problem:
                raise ConfigError(told.problem)
            if told.file is not None:
                return told.file
        raise ConfigError(self._unknown(name))

    def render(self, name: str, **inputs: object) -> str:
        """Give a prompt with its inputs put in.

        :raises ConfigError: as `get`, or an input is missing.
        """
        return self.get(name).render(**inputs)

    def shelf(self, name: str) -> Shelf:
        """Give all versions of a prompt.

        :raises ConfigError: there is none of that name.
        """
        if name not in self.shelves:
            raise ConfigError(self._unknown(name))
        return self.shelves[name]

    def _unknown(self, name: str) -> str:
        return f"there is no prompt {name!r}; {did_you_mean(name, self.shelves) or 'see osprey prompts list'}"


def prompts_of(project: Project) -> Prompts:
    """Give the prompts of a project, read once."""
    return project.part("prompts", lambda opened: read_prompts(opened.registry, opened.root))


def read_prompts(registry: Registry, root: Path) -> Prompts:
    """Read the prompts that plugins declare, and those in the folder `prompts` of a project."""
    entries = registry.entries("prompts")
    bases = [entry for entry in entries if not entry.registration.overrides]
    shelves = {entry.name: Shelf(name=entry.name, layers=(_declared(entry),)) for entry in bases}
    problems: list[str] = []
    for entry in entries:
        wanted = entry.registration.overrides
        if wanted in shelves:
            shelves[wanted] = _with_plugins(shelves[wanted], entry)
        elif wanted:
            near = did_you_mean(wanted, shelves) or f"the prompts are {', '.join(sorted(shelves))}"
            problems.append(
                f"prompt {entry.name!r} of plugin {entry.plugin!r} overrides {wanted!r}: there is none; {near}"
            )
    for path in _own_files(root):
        name = path.stem
        if name not in shelves:
            problems.append(f"{path} takes the place of no prompt: rename it; {_near(name, shelves)}")
            continue
        told = _of_project(path, shelves[name])
        shelves[name] = Shelf(name=name, layers=(*shelves[name].layers, told))
    return Prompts(shelves=dict(sorted(shelves.items())), problems=tuple(problems))


def _near(name: str, shelves: Mapping[str, Shelf]) -> str:
    return did_you_mean(name, shelves) or f"the prompts are {', '.join(sorted(shelves))}"


def _own_files(root: Path) -> Iterator[Path]:
    yield from sorted((root / FOLDER).glob("*.md"))


def _declared(entry: Entry[Prompt]) -> Told:
    layer = Layer.CORE if entry.plugin == _CORE else Layer.PLUGIN
    try:
        found = _read_data(entry)
    except OspreyError as exc:
        return Told(layer=layer, owner=entry.plugin, file=None, problem=str(exc))
    if found.name != entry.name:
        problem = f"{found.place} calls itself {found.name!r}, and is declared as {entry.name!r}: name both alike"
        return Told(layer=layer, owner=entry.plugin, file=None, problem=problem)
    return Told(layer=layer, owner=entry.plugin, file=found)


def _with_plugins(shelf: Shelf, entry: Entry[Prompt]) -> Shelf:
    """Lay a plugin's version over the core's; of two plugins neither is preferred."""
    try:
        told = _checked(_read_data(entry), Layer.PLUGIN, entry.plugin, shelf)
    except OspreyError as exc:
        told = Told(layer=Layer.PLUGIN, owner=entry.plugin, file=None, problem=str(exc))
    others = [one.owner for one in shelf.layers[1:]]
    if others:
        problem = (
            f"prompt {shelf.name!r} is overridden by the plugins {', '.join([*others, entry.plugin])}: "
            f"disable all but one of them, or say it in {FOLDER}/{shelf.name}.md of the project"
        )
        told = Told(layer=Layer.PLUGIN, owner=entry.plugin, file=None, problem=problem)
    return Shelf(name=shelf.name, layers=(*shelf.layers, told))


def _of_project(path: Path, shelf: Shelf) -> Told:
    try:
        text = path.read_text(encoding="utf-8")
        return _checked(read_prompt(text, str(path)), Layer.PROJECT, "project", shelf)
    except (OSError, UnicodeDecodeError) as exc:
        problem = f"{path} cannot be read: {exc}"
    except OspreyError as exc:
        problem = str(exc)
    return Told(layer=Layer.PROJECT, owner="project", file=None, problem=problem)


def _checked(found: PromptFile, layer: Layer, owner: str, shelf: Shelf) -> Told:
    """Hold an override against what it takes the place of.

    :raises ConfigError: its name, its base or its inputs do not fit.
    """
    base = shelf.base.file
    if base is None:
        return Told(layer=layer, owner=owner, file=found)
    if found.name != shelf.name:
        raise ConfigError(f"{found.place} calls itself {found.name!r}: write 'name: {shelf.name}'")
    if found.overrides is None or found.overrides.name != shelf.name:
        raise ConfigError(f"{found.place} does not say what it was made from: write 'overrides: {shelf.name}@VERSION'")
    if found.overrides.version > base.version:
        made, there = found.overrides.version, base.version
        msg = f"{found.place} was made from version {made} of '{shelf.name}', and there is {there}: upgrade Osprey, or "
        raise ConfigError(f"{msg}write it anew from `osprey prompts show {shelf.name}`")
    if strange := sorted(set(found.inputs) - set(base.inputs)):
        known = ", ".join(base.inputs) or "none"
        raise ConfigError(f"{found.place}: '{shelf.name}' has no input {', '.join(strange)}; it has {known}")
    warning = ""
    if found.overrides.version < base.version:
        made, there = found.overrides.version, base.version
        warning = (
            f"{found.place} was made from version {made} of '{shelf.name}', which is now {there}: look at "
            f"`osprey prompts diff {shelf.name}`, then write 'overrides: {shelf.name}@{there}'"
        )
    return Told(layer=layer, owner=owner, file=found, warning=warning)


def _read_data(entry: Entry[Prompt]) -> PromptFile:
    """Read the file that a registration names.

    :raises PluginError: it is not there. :raises ConfigError: it is no prompt.
    """
    package, _, path = entry.registration.file.partition(":")
    try:
        text = files(package).joinpath(path).read_text(encoding="utf-8")
    except (Exception, SystemExit) as exc:  # a package's import may raise anything
        what = f"prompt {entry.name!r} of plugin {entry.plugin!r}"
        msg = f"{what} cannot be read from {entry.registration.file!r}: {exc}; correct 'file', or reinstall the plugin"
        raise PluginError(msg) from exc
    return read_prompt(text, f"{package}/{path}")
