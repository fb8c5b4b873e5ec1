"""A Channel Access server without records: its channels have no name but the one that they are asked by."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from connecting import Opener

from osprey.control import Bounds, ChannelInfo, DType, Put, Reading

pytestmark = pytest.mark.anyio
SERVER = Path(__file__).parent / "peers/plain_server.py"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free: int = probe.getsockname()[1]
    command = [sys.executable, str(SERVER), str(free)]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert server.stdin is not None
    assert server.stdout is not None
    assert server.stdout.readline() == "READY\n"
    yield free
    server.stdin.close()
    server.stdout.close()
    server.wait(10)


async def test_without_the_setting_a_channel_without_a_record_is_read_and_has_no_canonical_name(
    connect: Opener, port: int
) -> None:
    connector = await connect(port)
    (reading,) = await connector.read(["PLAIN:CURRENT"], timeout_s=10)
    assert isinstance(reading, Reading)
    assert reading.value == 1.5
    (info,) = await connector.describe(["PLAIN:CURRENT"], timeout_s=9)
    assert isinstance(info, ChannelInfo)
    assert info.name is None


async def test_a_channel_that_is_said_to_be_no_record_stands_for_itself_with_its_control_limits(
    connect: Opener, port: int
) -> None:
    connector = await connect(port, not_records=["PLAIN:*"])
    (info,) = await connector.describe(["PLAIN:CURRENT"], timeout_s=9)
    assert isinstance(info, ChannelInfo)
    assert (info.name, info.is_value_field, info.drive) == ("PLAIN:CURRENT", True, Bounds(-10.0, 10.0))
    (result,) = await connector.write([Put(channel="PLAIN:CURRENT", value=2.5, dtype=DType.FLOAT)], timeout_s=10)
    assert result.error is None
    (reading,) = await connector.read(["PLAIN:CURRENT"], timeout_s=10)
    assert isinstance(reading, Reading)
    assert reading.value == 2.5


async def test_a_record_keeps_its_own_name_whatever_the_setting_says(connect: Opener, ioc) -> None:
    connector = await connect(ioc.port, not_records=["*"])
    (info,) = await connector.describe([ioc.name("CUR")], timeout_s=9)
    assert isinstance(info, ChannelInfo)
    assert info.name == ioc.name("CUR")
