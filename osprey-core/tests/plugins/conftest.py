"""Toy plugin distributions: real `dist-info` folders in a folder of `sys.path`, made for one test."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from textwrap import dedent

import pytest
from attrs import field, frozen

from osprey.plugins import LoadOptions, Survey, survey

HEADER = "from osprey.api import *\n"


@frozen(kw_only=True)
class Settings:
    """The `plugins` section of a configuration."""

    require: tuple[str, ...] = ()
    disable: tuple[str, ...] = ()


@frozen
class Toys:
    """A folder of installed toy plugins."""

    site: Path
    cache: Path
    settings: type[Settings] = field(default=Settings, init=False)

    def add(
        self,
        name: str,
        source: str = "",
        *,
        requires: Sequence[str] = ("osprey-core>=0.1",),
        version: str = "1.0",
        distribution: str | None = None,
        entry: str | None = None,
    ) -> Path:
        """Install a plugin whose module holds `source`; give the module's file.

        Every module leaves its name in `sys.modules["toy_imports"]`, if that is a list, when it runs.
        """
        distribution = distribution or f"osprey-{name}"
        stem = distribution.replace("-", "_")
        module = self.site / f"toy_{stem}.py"
        module.write_text(f'"""The {name} toy.\n\nMore about it."""\n{HEADER}{dedent(source)}\n', encoding="utf-8")
        info = self.site / f"{stem}-{version}.dist-info"
        info.mkdir()
        lines = [f"Name: {distribution}", f"Version: {version}", f"Summary: metadata of {name}"]
        lines += [f"Requires-Dist: {line}" for line in requires]
        (info / "METADATA").write_text("\n".join(["Metadata-Version: 2.1", *lines, "", "Body"]), encoding="utf-8")
        entries = entry or f"{name} = toy_{stem}"
        (info / "entry_points.txt").write_text(f"[osprey.plugins]\n{entries}\n", encoding="utf-8")
        return module

    def connector(self, name: str, *, connector: str | None = None, **kwargs: object) -> Path:
        """Install a good plugin that declares one connector."""
        source = f"""
        @hookimpl
        def osprey_connectors():
            yield Connector(name="{connector or name}", summary="a toy", implementation="toy_impl:Thing")
        """
        return self.add(name, source, **kwargs)  # type: ignore[arg-type]

    def policy(self, name: str, before: str = "", **kwargs: object) -> Path:
        """Install a plugin that declares one write policy, after the statement `before` has run."""
        source = f"""
        {before}

        @hookimpl
        def osprey_write_policies():
            yield WritePolicy(name="{name}_rule", summary="a rule", implementation="toy_impl:Rule")
        """
        return self.add(name, source, **kwargs)  # type: ignore[arg-type]

    def remove(self, distribution: str) -> None:
        """Uninstall a plugin."""
        stem = distribution.replace("-", "_")
        for folder in self.site.glob(f"{stem}-*.dist-info"):
            for file in folder.iterdir():
                file.unlink()
            folder.rmdir()
        (self.site / f"toy_{stem}.py").unlink(missing_ok=True)
        sys.modules.pop(f"toy_{stem}", None)

    def survey(self, options: LoadOptions | None = None, **settings: tuple[str, ...]) -> Survey:
        """Look at all plugins with the given settings."""
        return survey(Settings(**settings), options or LoadOptions())

    def age(self) -> None:
        """Make everything look old enough for the cache to believe it."""
        for path in [*self.site.rglob("*"), self.site]:
            os.utime(path, ns=(1_700_000_000 * 10**9,) * 2)

    def osprey(self, *arguments: str, cwd: Path | None = None, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run the command line in a process of its own that finds the toys."""
        return subprocess.run(
            [sys.executable, "-m", "osprey", *arguments],
            env={**os.environ, "PYTHONPATH": str(self.site), "XDG_CACHE_HOME": str(self.cache), **environ},
            cwd=cwd or self.cache,
            capture_output=True,
            text=True,
            timeout=60,
            stdin=subprocess.DEVNULL,
        )


@pytest.fixture
def toys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Toys]:
    """An empty folder of toy plugins on `sys.path`, and a cache of its own."""
    made = Toys(tmp_path / "site", tmp_path / "cache")
    made.site.mkdir()
    made.cache.mkdir()
    monkeypatch.syspath_prepend(str(made.site))
    monkeypatch.setenv("XDG_CACHE_HOME", str(made.cache))
    yield made
    for name in [name for name in sys.modules if name.startswith(("toy_", "osprey_local_"))]:
        del sys.modules[name]


@pytest.fixture
def status_of(toys: Toys) -> Callable[..., object]:
    """Give the status of one toy after a survey of all."""
    return lambda name, **kwargs: next(s for s in toys.survey(**kwargs).plugins if s.name == name)
