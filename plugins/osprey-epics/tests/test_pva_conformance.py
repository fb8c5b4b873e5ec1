"""The conformance suite of connectors, for PV Access against a real soft IOC with QSRV."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from epics_peer import SoftIocPeer, roles

from osprey.api import ConnectContext
from osprey.testing.conformance import Absent, Roles, connector_tests
from osprey_epics.pva.connector import EpicsPvaConnector
from osprey_epics.pva.settings import PvaSettings


class PvAccessPeer(SoftIocPeer):
    """A soft IOC that is asked through PV Access."""

    roles: ClassVar[Roles] = roles(read_only=Absent("PV Access tells access rights by refusing a put, not before"))
    has_pva = True

    async def connect(self, folder: Path) -> EpicsPvaConnector:
        """Open a connector to it."""
        settings = PvaSettings(address="127.0.0.1", port=self.ioc.pva_port)
        return await EpicsPvaConnector.connect(ConnectContext(target="peer", settings=settings, state_dir=folder))


globals().update(connector_tests(PvAccessPeer))
