"""Turns that are worked on step by step, whose process is killed: a sample of `make proof`."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.crash.harness import counting_ioc
from tests.crash.reactive import ReactiveBench, ReactiveTally

pytestmark = [pytest.mark.crash, pytest.mark.ioc, pytest.mark.anyio, pytest.mark.timeout(300)]

SAMPLE = 12


async def test_a_reactive_turn_that_is_killed_at_any_moment_resumes_to_the_same_answer_with_no_effect_twice(
    tmp_path: Path,
) -> None:
    tally = ReactiveTally()
    with counting_ioc(tmp_path) as (port, puts):
        bench = ReactiveBench(tmp_path, port, puts, seed=6)
        await bench.measure()
        tally.verdicts += [await bench.trial() for _ in range(SAMPLE)]
    assert tally.broken() == []
    assert tally.resumed(), "no kill fell into a turn"
