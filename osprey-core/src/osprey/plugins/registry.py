"""The registry: every registration of every usable plugin, each with where it came from."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, Generic, Literal, TypeVar, cast, overload

import attrs
from attrs import frozen

from osprey.errors import PluginError, UsageError
from osprey.plugins.conflicts import tell_conflict
from osprey.plugins.journey import Loaded
from osprey.plugins.kinds import KINDS
from osprey.plugins.options import LoadOptions, PluginSettings
from osprey.plugins.points import noun
from osprey.plugins.references import resolve
from osprey.plugins.scan import normalized
from osprey.plugins.selection import closest
from osprey.plugins.status import PluginStatus, Status
from osprey.plugins.surveying import Survey, survey
from osprey.registrations import ApprovalKind, Capability, CodeAnalyzer, Connector, Model, Prompt, Registration

R = TypeVar("R", bound=Registration, covariant=True)


@frozen(kw_only=True)
class Entry(Generic[R]):
    """One registration and where it came from."""

    registration: R
    plugin: str
    distribution: str
    version: str

    @property
    def name(self) -> str:
        """The name that a user writes."""
        return self.registration.name


class Registry:
    """What the usable plugins declare. It does not change; implementations are imported on first use."""

    def __init__(self, found: Survey) -> None:
        self._survey = found
        self._entries = {point: dict(_claimed(point, found)) for point in KINDS}
        self._resolved: dict[tuple[str, str, str], object] = {}
        self._services: dict[str, Any] = {}

    @property
    def plugins(self) -> tuple[PluginStatus, ...]:
        """How every plugin stands, the usable and the others."""
        return self._survey.plugins

    @property
    def policies_withheld(self) -> tuple[str, ...]:
        """Plugins whose write policies are not in force; while there is one, no machine may be written."""
        return self._survey.policies_withheld

    @property
    def policies_disabled(self) -> tuple[str, ...]:
        """Policy plugins that the configuration disables; whoever shows a write shows these too."""
        return self._survey.policies_disabled

    @overload
    def entries(self, point: Literal["connectors"]) -> tuple[Entry[Connector], ...]: ...
    @overload
    def entries(self, point: Literal["capabilities"]) -> tuple[Entry[Capability], ...]: ...
    @overload
    def entries(self, point: Literal["prompts"]) -> tuple[Entry[Prompt], ...]: ...
    @overload
    def entries(self, point: Literal["approval_kinds"]) -> tuple[Entry[ApprovalKind], ...]: ...
    @overload
    def entries(self, point: Literal["code_analyzers"]) -> tuple[Entry[CodeAnalyzer], ...]: ...
    @overload
    def entries(self, point: Literal["models"]) -> tuple[Entry[Model], ...]: ...
    @overload
    def entries(self, point: str) -> tuple[Entry[Registration], ...]: ...
    def entries(self, point: str) -> tuple[Entry[Any], ...]:
        """Give all entries of one extension point, in the order of their plugins."""
        return tuple(entry for _, entry in self._point(point).values())

    def names(self, point: str) -> tuple[str, ...]:
        """Give the names of one extension point."""
        return tuple(self._point(point))

    @overload
    def entry(self, point: Literal["connectors"], name: str) -> Entry[Connector]: ...
    @overload
    def entry(self, point: Literal["capabilities"], name: str) -> Entry[Capability]: ...
    @overload
    def entry(self, point: Literal["models"], name: str) -> Entry[Model]: ...
    @overload
    def entry(self, point: str, name: str) -> Entry[Registration]: ...
    def entry(self, point: str, name: str) -> Entry[Any]:
        """Give one entry.

        :raises PluginError: there is none of that name, with the cause if one is known and the remedy.
        """
        return self._owned(point, name)[1]

    def resolve(self, point: str, name: str) -> Any:
        """Give the implementation of one entry, imported on first use.

        :raises PluginError: it, or a module that it requires, cannot be imported.
        """
        registration = self.entry(point, name).registration
        return self._resolve(point, name, registration.implementation)

    def get_service(self, name: str) -> Any:
        """Give a service, built on first use; it works in the project of the context that calls it.

        :raises PluginError: there is none of that name, it cannot be imported, or has no `ainvoke`.
        """
        if name not in self._services:
            service = self.resolve("services", name)()
            if not callable(getattr(service, "ainvoke", None)):
                raise PluginError(f"service {name!r} has no method ainvoke(request, config): add it to its class")
            self._services[name] = service
        return self._services[name]

    def settings_class(self, point: str, name: str) -> type[Any] | None:
        """Give the attrs class that checks one entry's section of the configuration, if it declares one.

        :raises PluginError: it cannot be imported, or is no attrs class.
        """
        owner, entry = self._owned(point, name)
        reference = entry.registration.settings
        if reference is None:
            return None
        found = self._resolve(point, name, reference)
        if not isinstance(found, type) or not attrs.has(found):
            what = f"{noun(point)} {name!r} of {owner.candidate.label}"
            raise PluginError(f"{what} names settings {reference!r}, which is no attrs class: decorate it with @frozen")
        return cast("type[Any]", found)

    def parameters_class(self, capability: str) -> type[Any] | None:
        """Give the attrs class that checks the parameters of a capability's steps, if it declares one.

        :raises PluginError: it cannot be imported, or is no attrs class.
        """
        owner, entry = self._owned("capabilities", capability)
        reference = cast("Capability", entry.registration).parameters
        if reference is None:
            return None
        found = self._resolve("capabilities", capability, reference)
        if not isinstance(found, type) or not attrs.has(found):
            what = f"capability {capability!r} of {owner.candidate.label}"
            told = "which is no attrs class: decorate it with @frozen"
            raise PluginError(f"{what} names parameters {reference!r}, {told}")
        return cast("type[Any]", found)

    def plugin(self, name: str) -> PluginStatus:
        """Give how one plugin stands, by its own name or that of its distribution.

        :raises PluginError: there is none of that name.
        """
        return find_plugin(self.plugins, name)

    def _resolve(self, point: str, name: str, reference: str) -> object:
        key = (point, name, reference)
        if key not in self._resolved:
            owner, entry = self._owned(point, name)
            self._resolved.setdefault(key, resolve(owner, point, entry.registration, reference))
        return self._resolved[key]

    def _point(self, point: str) -> dict[str, tuple[Loaded, Entry[Registration]]]:
        if point not in self._entries:
            raise PluginError(f"there is no extension point {point!r}: the points are {', '.join(KINDS)}")
        return self._entries[point]

    def _owned(self, point: str, name: str) -> tuple[Loaded, Entry[Registration]]:
        entries = self._point(point)
        if name not in entries:
            raise PluginError(self._unknown(point, name))
        return entries[name]

    def _unknown(self, point: str, name: str) -> str:
        if (owners := self._survey.conflicts.get((point, name))) is not None:
            return tell_conflict((point, name), owners)
        for status in self.plugins:
            is_meant = name in status.provides.get(point, ()) or normalized(name) == normalized(status.name)
            if is_meant and status.status is not Status.OK:
                cause = f"plugin {status.name!r} is {status.status}: {status.reason}"
                return f"{noun(point)} {name!r} cannot be used: {cause}"
        near = closest(name, self._entries[point])
        if near.startswith(": did"):
            return f"{noun(point)} {name!r} is not known{near}"
        known = ", ".join(self._entries[point]) or "none"
        return f"{noun(point)} {name!r} is not installed: pip install osprey-{name} (known: {known})"


def _claimed(point: str, found: Survey) -> Iterator[tuple[str, tuple[Loaded, Entry[Registration]]]]:
    """Give what usable plugins declare at one point, without the names that two of them claim."""
    for outcome in found.loaded:
        if outcome.status.status not in {Status.OK, Status.CONFLICTING}:
            continue
        for registration in outcome.declarations.get(point, ()):
            if (point, registration.name) not in found.conflicts:
                candidate = outcome.candidate
                entry = Entry(
                    registration=registration,
                    plugin=candidate.name,
                    distribution=candidate.distribution,
                    version=candidate.version,
                )
                yield registration.name, (outcome, entry)


def find_plugin(plugins: tuple[PluginStatus, ...], name: str) -> PluginStatus:
    """Give one plugin's status, by its own name or that of its distribution.

    :raises PluginError: there is none of that name.
    """
    for status in plugins:
        if normalized(name) in {normalized(status.name), normalized(status.distribution)}:
            return status
    known = [spelling for status in plugins for spelling in (status.name, status.distribution) if spelling]
    raise PluginError(f"no plugin is called {name!r}{closest(name, known)}")


def check_start(found: Survey, options: LoadOptions) -> None:
    """Refuse the start that a survey forbids.

    :raises UsageError: a name in the configuration, the environment or a flag means no plugin.
    :raises PluginError: a requirement is unmet, a policy plugin cannot be used, or, if `strict`, any is bad.
    """
    if found.name_errors:
        raise UsageError("\n".join(found.name_errors))
    refusals = list(found.refusals)
    if options.strict:
        told = "\n".join(refusals)
        bad = [status for status in found.plugins if status.is_bad and status.reason not in told]
        refusals += [f"--strict-plugins: plugin {status.name!r} is {status.status}: {status.reason}" for status in bad]
    if refusals:
        raise PluginError("\n".join(refusals))


def load_registry(settings: PluginSettings, options: LoadOptions | None = None) -> Registry:
    """Load all plugins and give their registry.

    :param options: None: what the environment says.
    :raises UsageError, PluginError: the start is refused; see `check_start`.
    """
    chosen = options if options is not None else LoadOptions.from_environ(os.environ)
    found = survey(settings, chosen)
    check_start(found, chosen)
    return Registry(found)
