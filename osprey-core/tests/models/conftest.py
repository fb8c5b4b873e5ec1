"""A project whose models are those of a test's plugin, and a patience that only notes its pauses."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from attrs import field, frozen

from osprey.api import ChatMessage, ChatRequest, Speaker
from osprey.config import ModelRole, load_config
from osprey.models.chat.asking import Models, RoleModel
from osprey.models.chat.patience import Patience
from osprey.plugins import LoadOptions
from osprey.project import Project

PLUGIN = Path(__file__).with_name("plugin") / "scripted_models.py"
ROLE = ModelRole.ORCHESTRATOR


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Nothing here needs asyncio alone."""
    return request.param


@frozen
class Bench:
    """Models by script, in one project."""

    folder: Path
    plugin: Any
    pauses: list[float] = field(factory=list)
    opened: list[Project] = field(factory=list)

    def models(self, text: str, environ: Mapping[str, str] | None = None, *, draw: float = 1.0) -> Models:
        """Open the models of a project with this configuration."""

        async def note(pause_s: float) -> None:
            self.pauses.append(pause_s)

        project = self.project(text, environ)
        patience = Patience(draw=lambda: draw, sleep=note)
        return project.part("models", lambda _: Models(project, patience))

    def project(self, text: str, environ: Mapping[str, str] | None = None) -> Project:
        (self.folder / "config.yml").write_text(text, encoding="utf-8")
        config = load_config(self.folder, environ=environ or {})
        self.opened.append(Project(config, LoadOptions(allow=(), local=(PLUGIN,))))
        return self.opened[-1]

    def role(self, text: str, environ: Mapping[str, str] | None = None, **more: Any) -> RoleModel:
        return self.models(text, environ, **more).of(ROLE)

    def script(self, model: str, *acts: Any) -> None:
        self.plugin.SCRIPTS[model].extend(acts)

    def question(self, text: str = "what is the current?") -> ChatRequest:
        return ChatRequest(messages=(ChatMessage(speaker=Speaker.USER, text=text),))

    def asked(self) -> list[str]:
        """Give which models were asked, in order."""
        return [model for model, _ in self.plugin.ASKED]


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.syspath_prepend(str(PLUGIN.parent))
    import scripted_models

    yield scripted_models
    for store in (scripted_models.SCRIPTS, scripted_models.ASKED, scripted_models.ADDRESSES, scripted_models.CLOSED):
        store.clear()
    sys.modules.pop("scripted_models", None)


@pytest.fixture
async def bench(tmp_path: Path, plugin: Any) -> AsyncIterator[Bench]:
    made = Bench(tmp_path, plugin)
    yield made
    for project in made.opened:
        await project.aclose()
