"""What could get a value past the limits of a Tango target: other names for one channel."""

from __future__ import annotations

import pytest
from opening import Opener
from tango_peer import TangoPeer

from osprey.api import ChannelInfo

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("database", ["own", "another"])
async def test_a_host_has_one_name_however_it_is_spelt(connect: Opener, peer: TangoPeer, database: str) -> None:
    """Limits, rates and doubts go by the name: a second spelling of the host would be a second channel."""
    port = peer.host.rpartition(":")[2]
    connector = await connect(host=peer.host if database == "own" else "127.0.0.1:1")
    hosts = ("127.0.0.1", "localhost", "LOCALHOST", "127.1")
    names = [f"tango://{host}:{port}/osprey/bench/1/Current" for host in hosts]
    if database == "own":
        names += ["osprey/bench/1/CURRENT", f"tango://127.0.0.1:{port}/osprey/bench/1/current#dbase=yes"]
    infos = await connector.describe(names, timeout_s=10)
    described = {info.name for info in infos if isinstance(info, ChannelInfo)}
    assert len(described) == 1, infos
