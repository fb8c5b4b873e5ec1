"""The conformance suite of connectors, for Channel Access against a real soft IOC."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from epics_peer import SoftIocPeer, roles

from osprey.api import ConnectContext
from osprey.testing.conformance import Roles, connector_tests
from osprey_epics.connector import EpicsConnector
from osprey_epics.settings import EpicsSettings


class ChannelAccessPeer(SoftIocPeer):
    """A soft IOC that is asked through Channel Access."""

    roles: ClassVar[Roles] = roles()

    async def connect(self, folder: Path) -> EpicsConnector:
        """Open a connector to it."""
        settings = EpicsSettings(address="127.0.0.1", port=self.ioc.port)
        return await EpicsConnector.connect(ConnectContext(target="peer", settings=settings, state_dir=folder))


globals().update(connector_tests(ChannelAccessPeer))
