"""What every connector promises, as tests that run against a real peer of its control system.

A plugin's test module says how its peer starts and which of the peer's channels play which parts::

    from osprey.testing.conformance import Absent, ConnectorPeer, Roles, connector_tests

    class Peer(ConnectorPeer):
        roles = Roles(number="SR:HCM1:SP", unit="A", flag=Absent("this system has no truth values"), ...)

        def start(self): ...                  # blocks until it serves; called again after `stop`, on the same address
        def stop(self): ...
        async def connect(self, folder): ...  # a new connector to it

    globals().update(connector_tests(Peer))

Each test then runs on asyncio and on trio. A test of a part that is `Absent` is not made.
"""

from __future__ import annotations

from osprey.testing.conformance.collecting import connector_tests
from osprey.testing.conformance.peer import Absent, ConnectorPeer, Roles

__all__ = ["Absent", "ConnectorPeer", "Roles", "connector_tests"]
