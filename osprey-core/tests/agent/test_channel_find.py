"""What a search for channels says: how many there are, and how to see the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from osprey.agent.session import open_agent
from osprey.project import open_project

pytestmark = pytest.mark.anyio

CONFIG = """
control_system:
  default_target: bench
  targets:
    bench: {connector: mock, posture: simulation, channels: channels.yml}
"""


async def test_all_channels_are_counted_and_those_left_out_are_said(tmp_path: Path) -> None:
    monitors = "".join(f"- {{name: 'BPM{n:03}:X', family: BPM, description: Orbit}}\n" for n in range(120))
    (tmp_path / "config.yml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "channels.yml").write_text(f"channels:\n{monitors}", encoding="utf-8")
    async with open_project(tmp_path) as project, open_agent(project) as agent:
        answer = (await agent.ask("list all bpms")).answer
    assert answer.startswith("120 channels match 'bpms':")
    assert "... and 95 more; name a sector, a device or a quantity to see fewer" in answer
