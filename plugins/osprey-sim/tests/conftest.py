"""Fixtures of the simulated ring's tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from osprey_sim.history import History
from osprey_sim.ring import Ring

NOW_NS = 1_790_000_000_000_000_000
"""A fixed time, so that the noise of every test is the same."""


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now_ns = NOW_NS

    def __call__(self) -> int:
        return self.now_ns

    def advance(self, seconds: float) -> None:
        self.now_ns += round(seconds * 1e9)


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make_ring(tmp_path: Path, clock: Clock) -> Callable[..., Ring]:
    """Open a ring on the test's state file; every call is like another process."""

    def make(*, noise: float = 0.0, seed: int | None = None) -> Ring:
        ring = Ring(History(tmp_path / "ring.jsonl", seed=seed, clock=clock), noise=noise)
        ring.refresh()
        return ring

    return make
