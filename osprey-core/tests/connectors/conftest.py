"""A project with a mock target, active for the test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from osprey.control import targets_of
from osprey.project import Project, open_project

CONFIG = """
control_system:
  default_target: bench
  targets:
    bench:
      connector: mock
      posture: {posture}
      writes_enabled: true
      settings:
        noise: 0.0
        faults: {{"NO:SUCH": missing, "SLOW:*": slow, "GONE:*": gone}}
      limits: {{file: limits.yml}}
    other:
      connector: mock
      settings: {{seed: 5}}
"""
LIMITS = "defaults: {min: -10, max: 10, tolerance_absolute: 0.01}\nchannels:\n  'SR:01:HCM1:SP': {}\n"


@pytest.fixture
def posture() -> str:
    return "simulation"


@pytest.fixture
async def project(tmp_path: Path, posture: str) -> AsyncIterator[Project]:
    (tmp_path / "config.yml").write_text(CONFIG.format(posture=posture), encoding="utf-8")
    (tmp_path / "limits.yml").write_text(LIMITS, encoding="utf-8")
    async with open_project(tmp_path) as opened:
        with opened.activate():
            yield opened


@pytest.fixture
async def mock(project: Project):
    """The mock connector behind the default target."""
    return (await targets_of(project).get("bench")).connector
