"""A real Tango system on the loopback, and connectors to it, on both event loops."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from osprey.api import ConnectContext, structure_settings
from osprey_tango.connector import TangoConnector
from osprey_tango.settings import TangoSettings

sys.path.insert(0, str(Path(__file__).parent / "peers"))

from opening import Opener
from tango_peer import Server, TangoPeer

MANY = 50


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Run every asynchronous test on both event loops."""
    return str(request.param)


@pytest.fixture(scope="session")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TangoPeer]:
    """A database and a server with devices that no test harms."""
    system = TangoPeer(tmp_path_factory.mktemp("tango"))
    try:
        system.start()
        devices = {f"osprey/bench/{number}": {} for number in range(1, 4)}
        system.serve("common", {**devices, "osprey/slow/1": {}, "osprey/many/1": {"many": MANY}})
        system.database.put_device_alias("osprey/bench/2", "second")
        yield system
    finally:
        system.stop()


@pytest.fixture
def make_server(peer: TangoPeer, request: pytest.FixtureRequest) -> Iterator[Callable[..., Server]]:
    """Start servers of a test's own; they are killed with it."""
    made: list[Server] = []

    def make(instance: str, device: str, **properties: object) -> Server:
        made.append(peer.serve(instance, {device: properties}))
        return made[-1]

    yield make
    for server in made:
        server.kill()


@pytest.fixture
async def connect(peer: TangoPeer, tmp_path: Path) -> AsyncIterator[Opener]:
    """Open connectors that the test need not close."""
    async with AsyncExitStack() as stack:

        async def open_connector(**section: object) -> TangoConnector:
            settings = structure_settings(TangoSettings, {"host": peer.host, **section}, "settings")
            context = ConnectContext(target="test", settings=settings, state_dir=tmp_path)
            connector = await TangoConnector.connect(context)
            stack.push_async_callback(connector.aclose)
            return connector

        yield open_connector


@pytest.fixture
async def connector(connect: Opener) -> TangoConnector:
    """A connector with the settings that are usual."""
    return await connect()
