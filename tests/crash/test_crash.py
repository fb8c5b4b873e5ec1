"""A fixed sample of the crash trials; `make proof` runs them in full."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.crash.harness import CrashBench, counting_ioc
from tests.crash.victim import WINDOWS

pytestmark = [pytest.mark.crash, pytest.mark.ioc, pytest.mark.anyio, pytest.mark.timeout(300)]

RANDOM_SAMPLE = 8


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CrashBench]:
    folder = tmp_path_factory.mktemp("crash")
    with counting_ioc(folder) as (port, puts):
        yield CrashBench(folder, port, puts, seed=1)


@pytest.mark.parametrize("window", WINDOWS)
async def test_a_kill_at_this_window_loses_nothing_doubles_nothing_hides_nothing(
    bench: CrashBench, window: str
) -> None:
    verdict = await bench.trial(window=window, record="SLOW" if window == "during_put" else "AO0001")
    assert verdict.was_killed, "the window was never reached"
    assert not verdict.is_doubled, verdict
    assert not verdict.is_lost, verdict
    assert not verdict.is_hidden_doubt, verdict


async def test_kills_at_random_moments_lose_nothing_double_nothing_hide_nothing(bench: CrashBench) -> None:
    for _ in range(RANDOM_SAMPLE):
        verdict = await bench.trial()
        assert not (verdict.is_doubled or verdict.is_lost or verdict.is_hidden_doubt), verdict
