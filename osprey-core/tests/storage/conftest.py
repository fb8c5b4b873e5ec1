"""Fixtures of the storage tests: a database in a private folder, on both backends of anyio."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from osprey.storage import Database


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def database(state_dir: Path) -> Iterator[Database]:
    opened = Database.open(state_dir)
    opened.safety.run_sync(lambda c: c.exec_driver_sql("CREATE TABLE notes (word TEXT NOT NULL)"))
    yield opened
    opened.close()
