"""A small machine without a ring: what an evaluation needs, and no more."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from osprey.evaluation.runs import Run, read_run

CONFIG = """
control_system:
  default_target: bench
  targets:
    bench:
      connector: mock
      posture: simulation
      writes_enabled: true
      settings: {noise: 0}
      limits: {file: limits.yml}
      channels: channels.yml
"""
LIMITS = "defaults: {min: 0, max: 10, tolerance_absolute: 0.01}\nchannels:\n  'BEND:CURRENT:SP': {}\n"
CHANNELS = (
    "channels:\n"
    "- {name: 'BEND:CURRENT:SP', device: BEND, description: Bend current, role: setpoint, unit: A}\n"
    "- {name: 'HALL:FIELD', device: HALL, description: Magnetic field, quantity: field, unit: T}\n"
)
SET = """
title: A bench
meanings:
- id: set-bend
  kind: change
  expect: {status: waiting, capabilities: [channel_write], writes: {'BEND:CURRENT:SP': 3}}
  phrasings: [set BEND to 3 A, put BEND at 3 A]
- id: field
  kind: read
  expect: {capabilities: [channel_read], channels: ['HALL:FIELD'], figures: [{channel: 'HALL:FIELD', within: 0.001}]}
  phrasings:
  - what is HALL
  - {text: HALL, tags: [terse]}
- id: weather
  kind: out_of_scope
  in_scope: false
  expect: {status: not_understood}
  phrasings: [what is the weather]
"""


class Bench:
    """A run file beside a set and a project, all of them to be rewritten."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.project = folder / "project"
        self.project.mkdir()
        for name, text in {"config.yml": CONFIG, "limits.yml": LIMITS, "channels.yml": CHANNELS}.items():
            (self.project / name).write_text(text, encoding="utf-8")
        self.write()

    def write(self, requests: str = SET, run: str = "set: set.yml\nproject: project\n") -> None:
        (self.folder / "set.yml").write_text(requests, encoding="utf-8")
        self.run_file.write_text(run, encoding="utf-8")

    @property
    def run_file(self) -> Path:
        return self.folder / "bench.yml"

    def read(self) -> Run:
        return read_run(self.run_file)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
def one_meaning() -> Callable[[str], str]:
    """Give a set of one meaning with this expectation."""
    return lambda expect: f"meanings:\n- id: one\n  kind: read\n  phrasings: [hello]\n  expect: {expect}\n"
