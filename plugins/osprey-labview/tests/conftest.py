"""The peers of these tests, and connectors to them, on both event loops."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from osprey.api import ConnectContext
from osprey_labview.connector import LabviewConnector
from osprey_labview.settings import LabviewSettings

sys.path.insert(0, str(Path(__file__).parent / "peers"))

from labview_opening import Opener
from opcua_server import OpcUaServer


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Run every asynchronous test on both event loops."""
    return str(request.param)


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpcUaServer]:
    """A server that is never stopped while the tests of a module run."""
    server = OpcUaServer(tmp_path_factory.mktemp("opcua"), many=20, slow_s=1.0)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def make_plant(tmp_path: Path) -> Iterator[Callable[..., OpcUaServer]]:
    """Start servers of a test's own."""
    made: list[OpcUaServer] = []

    def make(**options: Any) -> OpcUaServer:
        made.append(OpcUaServer(tmp_path, **options))
        made[-1].start()
        return made[-1]

    yield make
    for server in made:
        server.stop()


@pytest.fixture
async def connect(tmp_path: Path) -> AsyncIterator[Opener]:
    """Open connectors that the test need not close."""
    async with AsyncExitStack() as stack:

        async def open_connector(url: str, **settings: Any) -> Any:
            section = LabviewSettings(**{"url": url, **settings})
            context = ConnectContext(target="test", settings=section, state_dir=tmp_path)
            connector = await LabviewConnector.connect(context)
            stack.push_async_callback(connector.aclose)
            return connector

        yield open_connector


@pytest.fixture
async def connector(plant: OpcUaServer, connect: Opener) -> Any:
    """A connector to the common server."""
    return await connect(plant.url)
