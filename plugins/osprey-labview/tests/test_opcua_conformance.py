"""The conformance suite of the kit, against a real OPC UA server."""

from __future__ import annotations

from pathlib import Path

from opcua_server import URI, OpcUaServer

from osprey.api import ConnectContext
from osprey.control import Connector
from osprey.testing.conformance import Absent, ConnectorPeer, Roles, connector_tests
from osprey_labview.connector import LabviewConnector
from osprey_labview.settings import LabviewSettings

_WHOLE = Absent("the server answers a request as a whole, when the slowest of its nodes is done")


def node(name: str) -> str:
    return f"nsu={URI};s={name}"


class OpcUaPeer(ConnectorPeer):
    """The plant of these tests."""

    roles = Roles(
        number=node("Q1.Current"),
        number_range=(-50.0, 50.0),
        unit="A",
        aliases={
            "ns=2;s=Q1.Current": node("Q1.Current"),
            "Objects/2:Magnets/2:Q1.Current": node("Q1.Current"),
            "ns=2;i=4711": f"nsu={URI};i=4711",
        },
        integer=node("Int16"),
        flag=node("Boolean"),
        text=node("String"),
        enumeration=node("MODE"),
        waveform=node("WF"),
        read_only=node("READONLY"),
        limited=node("LIMITED"),
        missing=node("NOPE"),
        slow_read=_WHOLE,
        slow_put=_WHOLE,
        rejecting=node("REJECTS"),
        alarmed=node("UNCERTAIN"),
        search="q1.curr",
    )
    _server: OpcUaServer | None = None

    def start(self) -> None:
        if self._server is None:
            self._server = OpcUaServer(self.folder)
        self._server.start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()

    async def connect(self, folder: Path) -> Connector:
        assert self._server is not None
        settings = LabviewSettings(url=self._server.url)
        context = ConnectContext(target="test", settings=settings, state_dir=folder)
        return await LabviewConnector.connect(context)

    def count_puts(self, channel: str) -> int:
        assert self._server is not None
        return len(self._server.puts(channel.partition(";s=")[2]))


globals().update(connector_tests(OpcUaPeer))
