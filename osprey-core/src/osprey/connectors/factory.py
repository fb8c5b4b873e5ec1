"""`ConnectorFactory`: connectors of the seeds' kind for the targets of the current project."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar, cast

from attrs import evolve, frozen

from osprey.config.schema import ControlSystemConfig, TargetConfig
from osprey.connectors.archiver.base import ArchiverConnector
from osprey.connectors.control_system.base import ControlSystemConnector
from osprey.connectors.target_archiver import TargetArchiver
from osprey.connectors.target_connector import TargetConnector
from osprey.errors import PluginError, UsageError
from osprey.project import Project, active_project, current_project

if TYPE_CHECKING:
    from osprey.plugins import Registry

_CONTROL_KEYS: Final = frozenset({"type", "connector", "target"})


class _Openable(Protocol):
    async def connect(self, config: Mapping[str, Any]) -> None: ...


_Made = TypeVar("_Made", bound=_Openable)


@frozen
class _Registered:
    """Classes that an application has registered for one project."""

    control_systems: dict[str, type[ControlSystemConnector]]
    archivers: dict[str, type[ArchiverConnector]]


def _registered() -> _Registered:
    return current_project().part("registered connector classes", lambda _: _Registered({}, {}))


class ConnectorFactory:
    """Makes connected connectors.

    Without a configuration it is the project's default target; a project without `config.yml` has the simulated ring,
    so what is not said never means a real machine.
    """

    @staticmethod
    def register_control_system(name: str, connector_class: type[ControlSystemConnector]) -> None:
        """Make a class known to `create_control_system_connector` of the current project.

        It then answers ``{"type": name}``. Its writes are its own, without a guard, and are refused: what has to write
        is a plugin (`osprey_connectors`), to which `osprey.connectors.foreign` brings such a class.

        :raises UsageError: a plugin has a connector of this name, or it is no class of this kind.
        """
        _check_name(name, "connectors")
        _check_class(connector_class, ("connect", "disconnect", "read_channel"))
        _registered().control_systems[name] = connector_class

    @staticmethod
    def register_archiver(name: str, connector_class: type[ArchiverConnector]) -> None:
        """Make a class known to `create_archiver_connector` of the current project.

        :raises UsageError: a plugin has an archiver of this name, or it is no class of this kind.
        """
        _check_name(name, "archivers")
        _check_class(connector_class, ("connect", "disconnect", "get_data"))
        _registered().archivers[name] = connector_class

    @staticmethod
    def list_control_systems() -> list[str]:
        """Name the connectors that can be used: of plugins, and registered ones."""
        return sorted({*current_project().registry.names("connectors"), *_registered().control_systems})

    @staticmethod
    def list_archivers() -> list[str]:
        """Name the archivers that can be used: of plugins, and registered ones."""
        return sorted({*current_project().registry.names("archivers"), *_registered().archivers})

    @staticmethod
    async def create_control_system_connector(config: Mapping[str, Any] | None = None) -> ControlSystemConnector:
        """Give a connected connector.

        :param config: None: the default target. ``{"target": NAME}``: another one. ``{"type": T, "connector":
            {T: {...}}}``: a control system that the project does not declare; it can be read, and not written.
        :raises UsageError: the configuration has other keys.
        """
        chosen = dict(config or {})
        _check_keys(chosen, _CONTROL_KEYS, "create_control_system_connector")
        kind = chosen.get("type")
        if kind is None or "target" in chosen:
            project, is_own = _project()
            name = str(chosen.get("target") or project.config.control_system.default_target)
            return await _opened(TargetConnector(project, name, owns_project=is_own))
        settings = _section(chosen.get("connector"), kind)
        if kind in _registered().control_systems:
            from osprey.connectors.foreign import ReadingOnly

            return await _opened(ReadingOnly(_registered().control_systems[kind](), kind), settings)
        return await _opened(TargetConnector(_project_for(kind, settings), kind, owns_project=True))

    @staticmethod
    async def create_archiver_connector(config: Mapping[str, Any] | None = None) -> ArchiverConnector:
        """Give a connected archiver.

        :param config: None: that of the default target. ``{"target": NAME}``: of another one. ``{"type": T,
            T: {...}}``: one that the project does not declare.
        :raises UsageError: the configuration has other keys.
        :raises ConfigError: the target has no archiver.
        """
        chosen = dict(config or {})
        kind = chosen.get("type")
        _check_keys(chosen, {"type", "target", *([kind] if kind else ())}, "create_archiver_connector")
        if kind is None or "target" in chosen:
            project, is_own = _project()
            name = str(chosen.get("target") or project.config.control_system.default_target)
            return await _opened(TargetArchiver(project, name, owns_project=is_own))
        settings = _section(chosen, kind)
        if kind in _registered().archivers:
            return await _opened(_registered().archivers[kind](), settings)
        made = _project_for("mock", {}, archiver=kind, archiver_settings=settings)
        return await _opened(TargetArchiver(made, "mock", owns_project=True))


async def _opened(connector: _Made, settings: Mapping[str, Any] | None = None) -> _Made:
    await connector.connect(settings or {})
    return connector


def _project() -> tuple[Project, bool]:
    """Give the project that was activated; else one of the connector's own, which is closed with it."""
    active = active_project()
    if active is not None:
        return active, False
    return Project(current_project().config), True


def _project_for(kind: str, settings: Mapping[str, Any], **archiver: Any) -> Project:
    """Give the current project with this one target, which is read-only."""
    config = current_project().config
    target = TargetConfig(name=kind, connector=kind, settings=settings, **archiver)
    systems = ControlSystemConfig(default_target=kind, targets={kind: target})
    return Project(evolve(config, control_system=systems))


def _section(sections: Any, kind: str) -> Mapping[str, Any]:
    found = cast("Mapping[str, Any]", sections or {}).get(kind)
    return cast("Mapping[str, Any]", found or {})


def _check_keys(config: Mapping[str, Any], known: set[str] | frozenset[str], call: str) -> None:
    unknown = sorted(set(config) - known)
    if unknown:
        msg = f"{call}: unknown {', '.join(unknown)}; it takes {', '.join(sorted(known))}"
        raise UsageError(msg)


def _check_name(name: str, point: str) -> None:
    registry: Registry = current_project().registry
    try:
        registry.entry(point, name)
    except PluginError:
        return
    msg = f"{name!r} is the name of an installed plugin's entry: register the class under another name"
    raise UsageError(msg)


def _check_class(connector_class: type[Any], methods: tuple[str, ...]) -> None:
    missing = [method for method in methods if not callable(getattr(connector_class, method, None))]
    if missing:
        msg = f"{connector_class.__name__} has no method {', '.join(missing)}"
        raise UsageError(msg)
