"""Targets: the control systems of a project, opened on first use and closed together."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import anyio
import anyio.to_thread

from osprey.config import structure_settings
from osprey.config.schema import Posture, TargetConfig
from osprey.control.channels.directory import ChannelDirectory
from osprey.control.channels.library import open_directory
from osprey.control.limits.limits import Limits
from osprey.control.limits.limits_file import LimitsSource
from osprey.control.limits.naming import EPICS_NAMING, Naming
from osprey.control.protocols import Archiver, ConnectContext, Connector
from osprey.errors import ConfigError
from osprey.registrations import Connector as ConnectorRegistration

if TYPE_CHECKING:
    from osprey.project import Project

MOST_LISTED_CHANNELS: Final = 500_000
"""How many channels a connector may list for the directory."""


class Target:
    """One control system of the project, open."""

    def __init__(
        self,
        config: TargetConfig,
        *,
        connector: Connector,
        archiver: Archiver | None,
        simulated: bool,
        naming: Naming = EPICS_NAMING,
        cache_dir: Path | None = None,
    ) -> None:
        self.name: Final = config.name
        self.config: Final = config
        self.connector: Final = connector
        self.archiver: Final = archiver
        self.simulated: Final = simulated
        """True if no real machine can be reached through it; everything shown says so."""
        self._limits = LimitsSource(config.limits.file, naming)
        self._cache_dir = cache_dir
        self._directory: ChannelDirectory | None = None
        self._listing = anyio.Lock()

    @property
    def limits(self) -> Limits:
        """The limits as their file states them now.

        :raises ConfigError: the file is gone or broken.
        """
        return self._limits.current()

    async def directory(self) -> ChannelDirectory:
        """Give the channels with their descriptions, listed on first use.

        They come from the target's `channels` file, else from what the connector can list itself.
        """
        async with self._listing:
            if self._directory is None:
                self._directory = await self._open_directory()
            return self._directory

    async def _open_directory(self) -> ChannelDirectory:
        if self.config.channels is not None:
            return await anyio.to_thread.run_sync(open_directory, self.config.channels, self._cache_dir)
        return ChannelDirectory(await self.connector.search("", limit=MOST_LISTED_CHANNELS))


class Targets:
    """Every target of a project; get it with `targets_of`."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._open: dict[str, Target] = {}
        self._opening: dict[str, anyio.Lock] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The targets that the configuration declares."""
        return tuple(self._configured)

    @property
    def _configured(self) -> Mapping[str, TargetConfig]:
        return self._project.config.control_system.targets

    def config(self, name: str | None = None) -> TargetConfig:
        """Give what the configuration says of a target, the default one for None.

        :raises ConfigError: there is no such target; the message names the closest.
        """
        name = name or self._project.config.control_system.default_target
        if name not in self._configured:
            near = get_close_matches(name, self._configured, n=1)
            remedy = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(self._configured)}"
            msg = f"target {name!r} is not configured (`control_system.targets`); {remedy}"
            raise ConfigError(msg)
        return self._configured[name]

    async def get(self, name: str | None = None) -> Target:
        """Give a target, connected; callers at the same time share one connection.

        :raises ConfigError: it is not configured, or configured as something it cannot be.
        :raises ConnectorError: its control system cannot be reached at all; the next call tries again.
        """
        config = self.config(name)
        async with self._lock(config.name):
            if config.name not in self._open:
                self._open[config.name] = await self._connect(config)
            return self._open[config.name]

    def _lock(self, name: str) -> AbstractAsyncContextManager[Any]:
        return self._opening.setdefault(name, anyio.Lock())

    async def _connect(self, config: TargetConfig) -> Target:
        entry = self._project.registry.entry("connectors", config.connector)
        simulated: bool = entry.registration.simulated
        if config.posture is Posture.SIMULATION and not simulated:
            msg = (
                f"target {config.name!r} has posture 'simulation', but connector {config.connector!r} reaches "
                "a real machine: use posture 'approval' or 'read_only'"
            )
            raise ConfigError(msg)
        connector: Connector = await self._implementation(
            "connectors",
            config.connector,
            config,
            config.settings,
            f"control_system.connector.{config.connector}",
        )
        try:
            archiver = await self._archiver(config)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await connector.aclose()
            raise
        return Target(
            config,
            connector=connector,
            archiver=archiver,
            simulated=simulated,
            naming=naming_of(entry.registration),
            cache_dir=self._project.target_dir(config.name),
        )

    async def _archiver(self, config: TargetConfig) -> Archiver | None:
        if config.archiver is None:
            return None
        where = f"archiver.{config.archiver}"
        return await self._implementation("archivers", config.archiver, config, config.archiver_settings, where)

    async def _implementation(
        self, point: str, name: str, config: TargetConfig, settings: Mapping[str, Any], where: str
    ) -> Any:
        registry = self._project.registry
        implementation = registry.resolve(point, name)
        context = ConnectContext(
            target=config.name,
            settings=structure_settings(registry.settings_class(point, name), settings, where),
            state_dir=self._project.target_dir(config.name),
        )
        return await implementation.connect(context)

    async def aclose(self) -> None:
        """Close every open target; all are closed, whatever one of them raises."""
        errors: list[Exception] = []
        while self._open:
            _, target = self._open.popitem()
            for part in (target.archiver, target.connector):
                try:
                    if part is not None:
                        await part.aclose()
                except Exception as exc:  # noqa: BLE001 - the others must still be closed; raised below
                    errors.append(exc)
        if errors:
            msg = "closing targets failed"
            raise ExceptionGroup(msg, errors)


def naming_of(registration: ConnectorRegistration) -> Naming:
    """Give what a connector's registration says of names."""
    return Naming(folds_case=registration.folds_case, value_field=registration.value_field)


def targets_of(project: Project) -> Targets:
    """Give the targets of a project, closed together with it."""

    def build(_: Project) -> Targets:
        targets = Targets(project)
        project.on_close(targets.aclose)
        return targets

    return project.part("targets", build)
