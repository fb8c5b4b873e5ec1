"""Sixteen processes race for one rate limit: by the clock of the machine it is never exceeded."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

PROCESSES = 16
TRIES = 12
RACER = Path(__file__).parent / "peers" / "racer.py"
SHARED = "SR:01:HCM1:SP"
PAUSE_S = 0.3
MOST, WINDOW_S = 3, 0.5
LIMITS = f"""
channels:
  "{SHARED}": {{min_interval_s: {PAUSE_S}}}
  "SR:02:*": {{group_rate: {{group: steerers, max_writes: {MOST}, window_s: {WINDOW_S}}}}}
"""

CONFIG = """
control_system:
  default_target: machine
  targets:
    machine:
      connector: mock
      posture: simulation
      writes_enabled: true
      limits: {unlisted: refuse, file: limits.yml}
"""


def race(root):
    (root / "limits.yml").write_text(LIMITS)
    (root / "config.yml").write_text(CONFIG)
    command = [sys.executable, str(RACER), str(root)]
    racers = [
        subprocess.Popen([*command, str(number), str(TRIES)], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for number in range(PROCESSES)
    ]
    try:
        for racer in racers:
            assert racer.stdout.readline() == "READY\n"
        for racer in racers:
            racer.stdin.write("go\n")
            racer.stdin.flush()
        seen = Counter()
        for racer in racers:
            out, _ = racer.communicate(timeout=100)
            assert racer.returncode == 0
            seen.update(json.loads(out))
        return seen
    finally:
        for racer in racers:
            racer.kill()
            racer.wait()
            racer.stdin.close()
            racer.stdout.close()


def test_sixteen_processes_never_exceed_a_rate_together(tmp_path):
    seen = race(tmp_path)
    puts = [line.split("\t") for line in (tmp_path / "puts.txt").read_text().splitlines()]
    shared = sorted(int(ns) for channel, ns in puts if channel == SHARED)
    group = sorted(int(ns) for channel, ns in puts if channel != SHARED)
    assert len(shared) + len(group) == len(puts) == seen["done"]
    assert len(shared) > 1
    assert len(group) > MOST
    assert all(later - earlier >= PAUSE_S * 1e9 for earlier, later in itertools.pairwise(shared))
    assert all(last - first >= WINDOW_S * 1e9 for first, last in zip(group, group[MOST:], strict=False))
    assert set(seen) >= {"limits.min_interval", "limits.group_rate"}, seen
    assert not {"in_doubt", "guard.error"} & set(seen), seen
    print(dict(seen))
