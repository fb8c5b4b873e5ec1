"""A sample of the proof of the audit: `make proof` runs it with 100,000 rows and 1,000 changes."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.proofs.audit import AuditFigures, prove_audit, section
from tests.proofs.audit_tampers import ANCHOR_TAMPERS, TABLE_TAMPERS

from osprey.journal.audit.seal import SEALED_COLUMNS


@pytest.fixture
def anyio_backend() -> str:
    """Once is enough: nothing here depends on the loop."""
    return "asyncio"


@pytest.mark.anyio
async def test_every_change_of_a_sample_is_found(tmp_path: Path) -> None:
    figures = await prove_audit(tmp_path / "state", rows=2000, tampers=60, appends=20, seed=20261130)
    assert figures.missed == ()
    assert figures.tried.total() == 60
    assert set(figures.tried) == {*TABLE_TAMPERS, *ANCHOR_TAMPERS}
    assert "60 of 60 changes were found: all found" in section(figures)


def test_every_column_is_tampered_with() -> None:
    assert {f"edit {column}" for column in (*SEALED_COLUMNS, "mac")} <= set(TABLE_TAMPERS)


def test_what_was_missed_is_said_on_the_page(tmp_path: Path) -> None:
    figures = AuditFigures(rows=2, missed=("delete: row 1",), checks_s=(0.1,), appends_ms=(1.0,), syncs_ms=(1.0,))
    figures.tried.update(["delete"])
    assert figures.is_broken
    assert "0 of 1 changes were found: NOT FOUND: delete: row 1" in section(figures)
