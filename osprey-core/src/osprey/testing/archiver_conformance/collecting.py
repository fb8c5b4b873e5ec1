"""How the tests of the suite come into a plugin's test module."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from osprey.control import Archiver
from osprey.testing.archiver_conformance import asking, fetching
from osprey.testing.archiver_conformance.peer import ArchiverPeer


def archiver_tests(peer_class: type[ArchiverPeer]) -> dict[str, Any]:
    """Give the tests and fixtures for one kind of archive, to be put into a test module's `globals()`."""
    found = _fixtures(peer_class)
    for module in (fetching, asking):
        tests = {name: test for name, test in vars(module).items() if name.startswith("test_")}
        found |= {name: pytest.mark.anyio(test) for name, test in tests.items()}
    if not peer_class.pattern:
        del found["test_a_search_finds_what_is_archived"]
    return found


def _fixtures(peer_class: type[ArchiverPeer]) -> dict[str, Any]:
    @pytest.fixture(params=["asyncio", "trio"])
    def anyio_backend(request: pytest.FixtureRequest) -> str:
        return str(request.param)

    @pytest.fixture(scope="module")
    def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ArchiverPeer]:
        running = peer_class()
        running.folder = tmp_path_factory.mktemp("archive")
        try:
            running.start()
            yield running
        finally:
            running.stop()

    @pytest.fixture
    async def archiver(peer: ArchiverPeer, tmp_path: Path) -> AsyncIterator[Archiver]:
        opened = await peer.connect(tmp_path)
        yield opened
        await opened.aclose()

    return {"anyio_backend": anyio_backend, "peer": peer, "archiver": archiver}
