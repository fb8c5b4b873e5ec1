"""The soft IOC of these tests, and connectors to it, on both event loops."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from osprey.control import ConnectContext
from osprey_epics.connector import EpicsConnector
from osprey_epics.pva.connector import EpicsPvaConnector
from osprey_epics.pva.settings import PvaSettings
from osprey_epics.settings import EpicsSettings

sys.path.insert(0, str(Path(__file__).parent / "peers"))

from connecting import Opener, PvaOpener
from soft_ioc import SoftIoc


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Run every asynchronous test on both event loops."""
    return str(request.param)


@pytest.fixture(scope="session")
def ioc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoftIoc]:
    """An IOC that is never stopped while tests run; a put to SLOW takes a second."""
    server = SoftIoc(tmp_path_factory.mktemp("ioc"), slow_s=1.0, many=1000)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def pva_ioc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoftIoc]:
    """An IOC with both protocols, which is never stopped while tests run; a put to SLOW takes a second."""
    server = SoftIoc(tmp_path_factory.mktemp("pva_ioc"), slow_s=1.0, many=1000, has_pva=True)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def make_ioc(tmp_path: Path) -> Iterator[Callable[..., SoftIoc]]:
    """Make IOCs of a test's own; they are not started yet."""
    made: list[SoftIoc] = []

    def make(**options: float) -> SoftIoc:
        made.append(SoftIoc(tmp_path, **options))
        return made[-1]

    yield make
    for server in made:
        server.stop()


@pytest.fixture
async def connect(tmp_path: Path) -> AsyncIterator[Opener]:
    """Open connectors that the test need not close."""
    async with AsyncExitStack() as stack:

        async def open_connector(port: int, **settings: object) -> EpicsConnector:
            section = EpicsSettings(**{"address": "127.0.0.1", "port": port, **settings})
            context = ConnectContext(target="test", settings=section, state_dir=tmp_path)
            connector = await EpicsConnector.connect(context)
            stack.push_async_callback(connector.aclose)
            return connector

        yield open_connector


@pytest.fixture
async def connect_pva(tmp_path: Path) -> AsyncIterator[PvaOpener]:
    """Open connectors of PV Access that the test need not close."""
    async with AsyncExitStack() as stack:

        async def open_connector(port: int, **settings: object) -> EpicsPvaConnector:
            section = PvaSettings(**{"address": "127.0.0.1", "port": port, **settings})
            context = ConnectContext(target="test", settings=section, state_dir=tmp_path)
            connector = await EpicsPvaConnector.connect(context)
            stack.push_async_callback(connector.aclose)
            return connector

        yield open_connector


@pytest.fixture
async def pva(pva_ioc: SoftIoc, connect_pva: PvaOpener) -> EpicsPvaConnector:
    """A connector of PV Access to the common IOC."""
    return await connect_pva(pva_ioc.pva_port)


@pytest.fixture
async def connector(ioc: SoftIoc, connect: Opener) -> EpicsConnector:
    """A connector to the common IOC."""
    return await connect(ioc.port)
