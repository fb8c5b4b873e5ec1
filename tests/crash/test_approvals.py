"""A sample of the kills between an approval and the end of five writes; `make proof` has the full count."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.crash.approvals import WINDOWS, ApprovalBench
from tests.crash.harness import counting_ioc

pytestmark = [pytest.mark.crash, pytest.mark.ioc, pytest.mark.anyio, pytest.mark.timeout(300)]

RANDOM_SAMPLE = 10


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApprovalBench]:
    folder = tmp_path_factory.mktemp("five")
    with counting_ioc(folder) as (port, puts):
        yield ApprovalBench(folder, port, puts, seed=5)


@pytest.mark.parametrize("window", WINDOWS)
async def test_a_kill_at_this_window_loses_no_approval_and_doubles_no_write(bench: ApprovalBench, window: str) -> None:
    verdict = await bench.trial(window=window)
    assert verdict.was_killed, "the window was never reached"
    assert not verdict.faults, verdict


async def test_kills_at_random_moments_lose_no_approval_double_no_write_and_show_every_doubt(
    bench: ApprovalBench,
) -> None:
    await bench.measure()
    for _ in range(RANDOM_SAMPLE):
        verdict = await bench.trial()
        assert not verdict.faults, verdict
    assert await bench.faults_of_series() == []
