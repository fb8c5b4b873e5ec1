"""The mock connector keeps the promises of every connector."""

from __future__ import annotations

from pathlib import Path

from osprey.control import ConnectContext, MockConnector, MockSettings
from osprey.control.mock.connector import MockFault
from osprey.testing.conformance import Absent, ConnectorPeer, Roles, connector_tests


class MockPeer(ConnectorPeer):
    """Nothing outside the process: to stop it is to lose every connection."""

    roles = Roles(
        number="SR:01:HCM1:SP",
        unit="A",
        aliases={"SR:01:HCM1:SP.VAL": "SR:01:HCM1:SP"},
        integer="BL:Counts",
        flag=Absent("names of the mock mean enumerations where others have truth values"),
        text="OP:Title",
        enumeration="BL:Shutter",
        waveform="SR:WF",
        read_only="SR:01:HCM1:RB",
        limited="SR:02:HCM2:SP",
        missing="NO:SUCH",
        slow_read="SLOW:1",
        slow_put="SLOW:2",
        rejecting="REJECTING",
        alarmed="ALARMED",
        search=Absent("a system that accepts any name cannot list them"),
        takes_any_name=True,
    )

    def start(self) -> None:
        self.opened: list[MockConnector] = getattr(self, "opened", [])
        for connector in self.opened:
            connector.heal("*")

    def stop(self) -> None:
        for connector in self.opened:
            connector.inject("*", MockFault.GONE)

    async def connect(self, folder: Path) -> MockConnector:
        faults = {
            "NO:SUCH*": MockFault.MISSING,
            "SLOW:*": MockFault.SLOW,
            "REJECTING": MockFault.REJECT,
            "ALARMED": MockFault.MAJOR,
        }
        context = ConnectContext(target="mock", settings=MockSettings(faults=faults), state_dir=folder)
        self.opened.append(await MockConnector.connect(context))
        return self.opened[-1]

    def count_puts(self, channel: str) -> int:
        return sum(connector.count_puts(channel) for connector in self.opened)


globals().update(connector_tests(MockPeer))
