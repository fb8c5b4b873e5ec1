"""What could get a value past the limits of a Tango target, or hide that it landed."""

from __future__ import annotations

import pytest
from opening import Opener
from tango_peer import TangoPeer

from osprey.api import ChannelInfo, DType, ErrorKind, Put
from osprey_tango import putting

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


async def test_a_command_whose_answer_cannot_be_decoded_may_have_acted(
    connect: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    executed: list[str] = []
    execute = putting.execute

    def execute_and_stumble(proxy: object, command: str, argument: object = None) -> None:
        executed.append(str(execute(proxy, command, argument)))
        raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")

    monkeypatch.setattr(putting, "execute", execute_and_stumble)
    connector = await connect()
    order = Put(channel="osprey/bench/1/Which", value=True, dtype=DType.BOOL)
    [result] = await connector.write([order], timeout_s=10)
    assert len(executed) == 1
    assert (result.error, result.was_sent) == (ErrorKind.INVALID_DATA, True)
