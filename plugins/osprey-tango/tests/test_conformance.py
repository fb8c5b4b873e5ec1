"""What every connector promises, against a real Tango system."""

from __future__ import annotations

from pathlib import Path

from tango_peer import TangoPeer

from osprey.api import ConnectContext
from osprey.testing.conformance import ConnectorPeer, Roles, connector_tests
from osprey_tango.connector import TangoConnector
from osprey_tango.settings import BreakerSettings, TangoSettings


class Peer(ConnectorPeer):
    """A database and a server that come and go together; the slow parts are devices of their own."""

    roles = Roles(
        number="c/bench/1/lone",
        number_range=(-50.0, 50.0),
        unit="A",
        aliases={"C/Bench/1/Lone": "c/bench/1/lone", "conform/lone": "c/bench/1/lone"},
        integer="c/bench/1/number",
        flag="c/bench/1/flag",
        text="c/bench/1/title",
        enumeration="c/bench/1/mode",
        waveform="c/bench/1/wave",
        read_only="c/bench/1/fixed",
        limited="c/bench/1/current",
        missing="c/bench/1/nope",
        slow_read="c/slow/1/slow",
        slow_put="c/slow/2/lateput",
        rejecting="c/bench/1/refusing",
        alarmed="c/bench/1/alarmed",
        search="lone",
    )

    def __init__(self) -> None:
        self._system: TangoPeer | None = None

    def start(self) -> None:
        self._system = self._system or TangoPeer(self.folder)
        self._system.start()
        self._system.serve("conform", {device: {} for device in ("c/bench/1", "c/slow/1", "c/slow/2")})
        self._system.database.put_device_alias("c/bench/1", "conform")

    def stop(self) -> None:
        if self._system is not None:
            self._system.stop()

    async def connect(self, folder: Path) -> TangoConnector:
        assert self._system is not None
        settings = TangoSettings(
            host=self._system.host, polling_period_s=0.1, breaker=BreakerSettings(failures=8, open_s=0.2)
        )
        return await TangoConnector.connect(ConnectContext(target="peer", settings=settings, state_dir=folder))

    def count_puts(self, channel: str) -> int:
        assert self._system is not None
        return len(self._system.puts_of(channel.lower().rpartition("/")[2]))


globals().update(connector_tests(Peer))
