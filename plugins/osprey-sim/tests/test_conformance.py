"""The simulated ring keeps the promises of every connector."""

from __future__ import annotations

from pathlib import Path

from osprey.api import ConnectContext
from osprey.testing.conformance import Absent, ConnectorPeer, Roles, connector_tests
from osprey_sim.connector import SimConnector
from osprey_sim.history import History
from osprey_sim.ring import Ring
from osprey_sim.settings import SimSettings

TRIPPED = "VCM05"


class RingPeer(ConnectorPeer):
    """The history in a file, which every connector follows."""

    roles = Roles(
        number="SR:S02:HCM03:CURRENT:SP",
        unit="A",
        aliases={"HCM03:SP": "SR:S02:HCM03:CURRENT:SP", "SR:S02:HCM03:CURRENT:SP.VAL": "SR:S02:HCM03:CURRENT:SP"},
        integer=Absent("the ring has no integer channel"),
        flag=Absent("the ring has no truth values, only states"),
        text=Absent("the ring has no text channel"),
        enumeration="SR:S01:INJ01:TOPUP:SP",
        waveform=Absent("the ring has no waveform"),
        read_only="SR:S01:DCCT01:CURRENT:RB",
        limited="SR:S02:HCM04:CURRENT:SP",
        missing="SR:S02:HCM99:CURRENT:SP",
        slow_read=Absent("a read of the ring is computed at once"),
        slow_put=Absent("a put to the ring is a line in a file"),
        rejecting=Absent("the ring clips what it cannot take, as an IOC does"),
        alarmed="SR:S03:VCM05:STATE:RB",
        search="HCM03 current",
        every_change=Absent("a subscription to the ring looks ten times a second"),
    )
    stops = Absent("the ring is a file, which is always there")

    def start(self) -> None:
        ring = Ring(History(self.folder / "ring.jsonl", seed=1))
        ring.refresh()
        ring.history.append(fault="trip", device=TRIPPED, is_on=True)

    def stop(self) -> None:
        """Nothing runs."""

    async def connect(self, folder: Path) -> SimConnector:
        settings = SimSettings(state=self.folder / "ring.jsonl")
        return await SimConnector.connect(ConnectContext(target="ring", settings=settings, state_dir=folder))


globals().update(connector_tests(RingPeer))
