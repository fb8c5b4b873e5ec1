"""A collector that is there for a test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .collector import Collector, collecting


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as found:
        yield found
