"""A sample of the races of `make proof`."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.proofs.life_desks import MEMORY
from tests.proofs.races import run_races

pytestmark = [pytest.mark.anyio, pytest.mark.crash, pytest.mark.timeout(300)]

ROUNDS = 25


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
    yield made
    shutil.rmtree(made)


async def test_of_sixteen_processes_one_decides_and_one_carries_out(folder: Path) -> None:
    tally = await run_races(folder / "state", ROUNDS, seed=3)
    assert tally.faults == []
    assert tally.rounds == ROUNDS
    assert tally.decisions["rejected"] > 0
    assert tally.executed > ROUNDS / 3
