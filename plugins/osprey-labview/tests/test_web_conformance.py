"""The conformance suite of the kit, against a web service that speaks the contract."""

from __future__ import annotations

from pathlib import Path

from web_server import WebServer

from osprey.api import ConnectContext
from osprey.control import Connector
from osprey.testing.conformance import Absent, ConnectorPeer, Roles, connector_tests
from osprey_labview.connector import LabviewConnector
from osprey_labview.settings import LabviewSettings, Transport

_WHOLE = Absent("the service answers a request as a whole, when the slowest of its channels is done")


class WebPeer(ConnectorPeer):
    """The plant of these tests."""

    roles = Roles(
        number="Q1:Current",
        number_range=(-50.0, 50.0),
        unit="A",
        aliases={"Q1": "Q1:Current"},
        integer="Count",
        flag="Flag",
        text="Text",
        enumeration="Mode",
        waveform="Wave",
        read_only="ReadOnly",
        limited="Limited",
        missing="Nope",
        slow_read=_WHOLE,
        slow_put=_WHOLE,
        rejecting="Rejects",
        alarmed="Odd",
        search="quadrupole",
        every_change=Absent("a web service is polled, and what comes and goes between two polls is not seen"),
    )
    _server: WebServer | None = None

    def start(self) -> None:
        if self._server is None:
            self._server = WebServer(self.folder)
        self._server.start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()

    async def connect(self, folder: Path) -> Connector:
        assert self._server is not None
        settings = LabviewSettings(url=self._server.url, transport=Transport.HTTP)
        context = ConnectContext(target="test", settings=settings, state_dir=folder)
        return await LabviewConnector.connect(context)

    def count_puts(self, channel: str) -> int:
        assert self._server is not None
        return self._server.count_puts(channel)


globals().update(connector_tests(WebPeer))
