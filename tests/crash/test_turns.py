"""Whole turns whose process is killed: a sample of `make proof`."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.crash.turn_victim import write_room
from tests.crash.turns import TurnBench

pytestmark = [pytest.mark.crash, pytest.mark.anyio, pytest.mark.timeout(300)]

SAMPLE = 12


async def test_a_turn_that_is_killed_at_any_moment_resumes_to_the_same_answer_with_no_effect_twice(
    tmp_path: Path,
) -> None:
    write_room(tmp_path)
    bench = TurnBench(tmp_path, seed=5)
    await bench.measure()
    verdicts = [await bench.trial() for _ in range(SAMPLE)]
    assert [verdict for verdict in verdicts if verdict.faults] == []
    assert any(verdict.was_killed and verdict.was_begun for verdict in verdicts), "no kill fell into a turn"
