"""How the tests of the suite come into a plugin's test module."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import pytest

from osprey.control import Connector
from osprey.testing.conformance.parts import parts_needed
from osprey.testing.conformance.peer import ConnectorPeer, parts_of

_CHAPTERS: Final = ("reading", "describing", "values", "writing", "outcomes", "updates", "lifetime", "sharing", "loss")


def connector_tests(peer: type[ConnectorPeer]) -> dict[str, Any]:
    """Give the tests and fixtures for one kind of peer, to be put into a test module's `globals()`.

    The peer runs once for all tests of the module in a process; those that stop it start one of their own.
    """
    found: dict[str, Any] = {**_fixtures(peer)}
    parts = parts_of(peer)
    for chapter in _CHAPTERS:
        module = import_module(f"osprey.testing.conformance.{chapter}")
        tests = {name: test for name, test in vars(module).items() if name.startswith("test_")}
        found |= {name: test for name, test in tests.items() if parts_needed(test) <= parts}
    return found


def _fixtures(peer_class: type[ConnectorPeer]) -> dict[str, Any]:
    @pytest.fixture(params=["asyncio", "trio"])
    def anyio_backend(request: pytest.FixtureRequest) -> str:
        return str(request.param)

    @pytest.fixture(scope="module")
    def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConnectorPeer]:
        yield from _run(peer_class(), tmp_path_factory.mktemp("peer"))

    @pytest.fixture
    def mortal_peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConnectorPeer]:
        yield from _run(peer_class(), tmp_path_factory.mktemp("mortal_peer"))

    @pytest.fixture
    async def connect(tmp_path: Path) -> AsyncIterator[Callable[[ConnectorPeer], Awaitable[Connector]]]:
        async with AsyncExitStack() as stack:

            async def open_connector(running: ConnectorPeer) -> Connector:
                connector = await running.connect(tmp_path)
                stack.push_async_callback(connector.aclose)
                return connector

            yield open_connector

    @pytest.fixture
    async def connector(
        peer: ConnectorPeer, connect: Callable[[ConnectorPeer], Awaitable[Connector]]
    ) -> AsyncIterator[Connector]:
        yield await connect(peer)

    return {
        "anyio_backend": anyio_backend,
        "peer": peer,
        "mortal_peer": mortal_peer,
        "connect": connect,
        "connector": connector,
    }


def _run(peer: ConnectorPeer, folder: Path) -> Iterator[ConnectorPeer]:
    peer.folder = folder
    try:
        peer.start()
        yield peer
    finally:
        peer.stop()
