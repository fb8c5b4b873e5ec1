"""A sample of the tamperings of `make proof`: nothing of what was tampered with is carried out."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.proofs.plan_files import CHANGES, run_plan_files
from tests.proofs.rollback import run_rollbacks
from tests.proofs.tampering import run_series
from tests.proofs.tampering_ways import WAYS

from osprey.journal.audit.chain import Audit
from osprey.journal.ledger import claims
from osprey.journal.requests import entitlement

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

SAMPLE = 280
MEMORY = Path("/dev/shm")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder in memory where there is one: each step is synced, and where it lies is not what is tried."""
    made = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
    yield made
    shutil.rmtree(made)


async def test_nothing_that_was_tampered_with_is_carried_out(folder: Path) -> None:
    tally = await run_series(folder, WAYS, SAMPLE, seed=1)
    assert tally.faults == []
    assert (tally.trials, set(tally.rules)) == (SAMPLE, set(WAYS))
    assert tally.honest >= SAMPLE // 20


async def test_nothing_of_an_earlier_copy_of_the_database_is_carried_out_again(folder: Path) -> None:
    tally = await run_rollbacks(folder, 20, seed=1)
    assert (tally.faults, tally.trials) == ([], 20)


async def test_no_plan_file_is_executed_whatever_is_done_to_it(folder: Path) -> None:
    tally = await run_plan_files(folder, 72, seed=1)
    assert (tally.faults, tally.trials) == ([], 72)
    assert len(tally.rules) == 2 * len(CHANGES)


def _nothing(*_: Any, **__: Any) -> None:
    return


@pytest.mark.parametrize(
    ("where", "checks", "way"),
    [
        (claims, ["judge_document"], "the_document_of_another"),
        (claims, ["judge_entitlement"], "a_vote_written_by_hand"),
        (entitlement, ["judge_seal"], "a_longer_time"),
        (entitlement, ["_judge_since"], "replaced_and_called_approved"),
        (entitlement, ["_judge_since", "is_met"], "called_approved"),
        (Audit, ["judge_anchor"], "the_end_of_the_audit_cut_off"),
    ],
)
async def test_the_trials_would_see_a_check_that_is_missing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, where: Any, checks: list[str], way: str
) -> None:
    """A proof that cannot fail proves nothing."""
    for check in checks:
        monkeypatch.setattr(where, check, (lambda *_: True) if check == "is_met" else _nothing)
    tally = await run_series(folder, {way: WAYS[way]}, 12, seed=1)
    assert any("carried out" in fault for fault in tally.faults), tally.rules
