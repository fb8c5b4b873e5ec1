"""What becomes of the sections that belong to plugins, told apart from unknown keys.

A section whose plugin is absent or disabled is no mistake in the file; it has a status with a name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any, Protocol

from attrs import frozen

from osprey.config.models import ModelChoice
from osprey.config.problems import InvalidConfigError, Problem
from osprey.config.schema import Config, PluginSection
from osprey.config.section import Unset
from osprey.config.settings import structure_settings
from osprey.errors import PluginError


class PluginLike(Protocol):
    """What is asked of a plugin's status."""

    @property
    def name(self) -> str: ...

    @property
    def status(self) -> str: ...

    @property
    def provides(self) -> Mapping[str, Iterable[str]]: ...


class Registered(Protocol):
    """The part of the plugin registry that knows who reads a section."""

    @property
    def plugins(self) -> Iterable[PluginLike]: ...

    def names(self, point: str) -> Iterable[str]: ...

    def entry(self, point: str, name: str) -> object: ...

    def settings_class(self, point: str, name: str) -> type[Any] | None: ...


class SectionState(StrEnum):
    """What becomes of a plugin's section."""

    OK = "ok"
    ABSENT = "absent"
    """Nothing provides it."""
    DISABLED = "disabled"
    """Its plugin is disabled."""
    WRONG = "wrong"
    UNCHECKED = "unchecked"
    """Its plugin declares no settings class that could be loaded."""


@frozen(kw_only=True)
class SectionStatus:
    """What becomes of one plugin's section, and how to mend it."""

    path: str
    line: int
    state: SectionState
    reason: str = ""
    problems: tuple[Problem, ...] = ()

    def sentence(self) -> str:
        """Say it in one line."""
        return f"section {self.path} (line {self.line}): {self.reason or self.state}"


def section_statuses(config: Config, registry: Registered) -> tuple[SectionStatus, ...]:
    """Check every plugin's section of the file against the settings class that its plugin declares."""
    return tuple(_status(section, registry) for section in config.sections)


def unusable_parts(config: Config, registry: Registered) -> tuple[Problem, ...]:
    """Name what targets, notices and roles of models use and no usable plugin provides."""
    wanted = [
        (f"control_system.targets.{target.name}.{key}", f"{key}s", name)
        for target in config.control_system.targets.values()
        for key, name in (("connector", target.connector), ("archiver", target.archiver))
        if name is not None
    ]
    wanted += [(f"approval.notify.{name}.via", "notifiers", told.via) for name, told in config.approval.notify.items()]
    wanted += [(f"{choice.path}.provider", "models", dialect) for choice, dialect in model_choices(config)]
    found = ((path, missing(registry, point, name)) for path, point, name in wanted)
    return tuple(Problem(path=path, message=reason) for path, reason in found if reason)


def model_choices(config: Config) -> Iterator[tuple[ModelChoice, str]]:
    """Give every model that a role or a fallback names, each with the plugin's endpoint that it needs."""
    for key, role in config.models.roles.items():
        for choice in role.chain(f"models.{key}"):
            if not isinstance(choice.provider, Unset):
                yield choice, config.api.dialect_of(choice.provider)


def idle_providers(config: Config, registry: Registered) -> Iterator[str]:
    """Say of each entry of `api.providers` that no role uses why nothing provides it."""
    used = {choice.provider for choice, _ in model_choices(config)}
    for name in config.api.providers:
        if name not in used and (reason := missing(registry, "models", config.api.dialect_of(name))):
            yield f"api.providers.{name}: {reason}; no role asks it"


def missing(registry: Registered, point: str, name: str) -> str:
    """Say why nothing provides `name`, and how to mend it; empty if something does."""
    if name in registry.names(point):
        return ""
    try:
        registry.entry(point, name)
    except PluginError as exc:
        return str(exc)
    return ""


def _status(section: PluginSection, registry: Registered) -> SectionStatus:
    if reason := missing(registry, section.point, section.name):
        state = SectionState.DISABLED if _is_disabled(section, registry) else SectionState.ABSENT
        return _made(section, state, f"no plugin provides it: {reason}")
    try:
        wanted = registry.settings_class(section.point, section.name)
    except PluginError as exc:
        return _made(section, SectionState.UNCHECKED, str(exc))
    if wanted is None:
        return _made(section, SectionState.OK)
    try:
        structure_settings(wanted, section.settings, section.path)
    except InvalidConfigError as exc:
        return _made(section, SectionState.WRONG, "it has problems", exc.problems)
    return _made(section, SectionState.OK)


def _is_disabled(section: PluginSection, registry: Registered) -> bool:
    return any(
        plugin.status == "disabled"
        and (plugin.name == section.name or section.name in plugin.provides.get(section.point, ()))
        for plugin in registry.plugins
    )


def _made(
    section: PluginSection, state: SectionState, reason: str = "", problems: tuple[Problem, ...] = ()
) -> SectionStatus:
    return SectionStatus(path=section.path, line=section.line, state=state, reason=reason, problems=problems)
