"""The whole life of approvals against a model: `make test` runs a fixed sample, `make proof` ten thousand lives.

`OSPREY_PROOF_LIVES` sets how many.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from tests.proofs.life import Life
from tests.proofs.life_desks import MEMORY

from osprey.errors import ConflictError
from osprey.journal import Journal
from osprey.journal.audit.chain import Audit
from osprey.journal.ledger import claims
from osprey.journal.owner import Owner
from osprey.journal.requests import deciding, expiry
from osprey.storage import Database

pytestmark = pytest.mark.timeout(36_000)

LIVES = int(os.environ.get("OSPREY_PROOF_LIVES", "80"))
STEPS = 50


@pytest.fixture(autouse=True)
def _stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep one loop open, and a project's empty state to be copied, for all lives."""
    folder = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
    database = Database.open(folder / "state")
    Journal.open(database)
    database.close()
    with start_blocking_portal() as portal:
        monkeypatch.setattr(Life, "portal", portal, raising=False)
        monkeypatch.setattr(Life, "template", folder / "state", raising=False)
        yield
    shutil.rmtree(folder)


def live(lives: int, *, is_repeatable: bool) -> None:
    phases = [Phase.explicit, Phase.generate, *([] if is_repeatable else [Phase.shrink])]
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=lives,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            derandomize=is_repeatable,
            phases=phases,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_whatever_everybody_does_each_request_is_as_the_model_says() -> None:
    live(LIVES, is_repeatable="OSPREY_PROOF_LIVES" not in os.environ)
    print(f"{LIVES} lives of {STEPS} steps, no broken invariant")


@pytest.mark.parametrize(
    ("where", "check", "instead"),
    [
        (deciding, "judge_vote", lambda *_: None),
        (deciding, "is_met", lambda *_: True),
        (expiry, "has_ended", lambda *_: False),
        (claims, "judge_halt", lambda *_: None),
        (Owner, "require", lambda *_: None),
        (Audit, "judge_clock", lambda *_: None),
    ],
)
def test_the_machine_would_see_a_check_that_is_missing(
    monkeypatch: pytest.MonkeyPatch, where: Any, check: str, instead: Any
) -> None:
    """A proof that cannot fail proves nothing."""
    monkeypatch.setattr(where, check, instead)
    with pytest.raises((AssertionError, ConflictError)):
        live(200, is_repeatable=True)
