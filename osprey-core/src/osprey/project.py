"""A project: its configuration, database and registry, and what is built from them, once each.

Nothing in Osprey is process-global. Two projects in one process do not meet: each holds its own parts, and
the argument-free accessors of applications (`get_registry()`, ...) ask for the project of the current
context, a context variable that `Project.activate` sets, else for the one found from the working directory.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from osprey.config import Config
    from osprey.plugins import LoadOptions, Registry
    from osprey.storage import Database

T = TypeVar("T")

_current: ContextVar[Project | None] = ContextVar("osprey_project", default=None)


class Project:
    """One project of one facility; build it with `open_project`."""

    def __init__(self, config: Config, options: LoadOptions | None = None) -> None:
        self.config = config
        self._options = options
        self._parts: dict[object, Any] = {}
        self._closers: list[Callable[[], Awaitable[None]]] = []
        self._lock = threading.RLock()

    @property
    def root(self) -> Path:
        """The project's folder."""
        return self.config.root

    @property
    def state_dir(self) -> Path:
        """Where the project keeps its database and records; made, private, on first use."""
        folder = self.config.storage.path
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    def target_dir(self, target: str) -> Path:
        """Give the private folder of one target, for what its connector has to keep."""
        folder = self.state_dir / "targets" / target
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    @property
    def registry(self) -> Registry:
        """Every registration of every usable plugin; a broken policy plugin raises here."""
        from osprey.plugins import load_registry

        return self.part("registry", lambda _: load_registry(self.config.plugins, self._options))

    @property
    def database(self) -> Database:
        """The project's database, opened and migrated on first use."""
        from osprey.storage import Database

        def build(_: Project) -> Database:
            database = Database.open(self.state_dir)
            self.on_close(database.aclose)
            return database

        return self.part("database", build)

    def part(self, key: object, build: Callable[[Project], T]) -> T:
        """Give the project's one object for `key`, built on first use."""
        with self._lock:
            if key not in self._parts:
                self._parts[key] = build(self)
            return cast("T", self._parts[key])

    def reopened(self) -> Project:
        """Give the same project once more, nothing of it open: for an event loop of its own; the caller closes it."""
        return Project(self.config, self._options)

    def on_close(self, close: Callable[[], Awaitable[None]]) -> None:
        """Have `close` awaited by `aclose`, last added first."""
        self._closers.append(close)

    async def aclose(self) -> None:
        """Close everything that was opened. All closers run, whatever one of them raises."""
        errors: list[Exception] = []
        while self._closers:
            try:
                await self._closers.pop()()
            except Exception as exc:  # noqa: BLE001 - the others must still be closed; raised below
                errors.append(exc)
        self._parts.clear()
        if errors:
            msg = "closing the project failed"
            raise ExceptionGroup(msg, errors)

    @contextmanager
    def activate(self) -> Generator[Project]:
        """Make this the project of the current context."""
        token = _current.set(self)
        try:
            yield self
        finally:
            _current.reset(token)

    async def __aenter__(self) -> Project:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()


def open_project(start: Path | None = None, *, options: LoadOptions | None = None) -> Project:
    """Open the project at `start`, or the one that `OSPREY_PROJECT` or the working directory gives.

    :raises ConfigError: the configuration is broken; the message names file, line, column and remedy.
    """
    from osprey.config import load_config

    return Project(load_config(start, environ=os.environ), options)


def active_project() -> Project | None:
    """Give the project that `Project.activate` has set for the current context, if there is one."""
    return _current.get()


def current_project() -> Project:
    """Give the project of the current context, else open the one found from the working directory.

    The latter is kept per folder, so that argument-free accessors called twice see the same parts.
    """
    project = _current.get()
    if project is not None:
        return project
    from osprey.config import find_project_dir

    folder = find_project_dir(None, environ=os.environ)
    with _found_lock:
        if folder not in _found:
            _found[folder] = open_project(folder)
        return _found[folder]


_found: dict[Path, Project] = {}
_found_lock = threading.Lock()
