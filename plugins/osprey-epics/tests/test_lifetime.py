"""Connectors side by side, cancellation, lost IOCs, and the end of a process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest
from connecting import Opener
from soft_ioc import SoftIoc

from osprey.control import ChannelInfo, ConnectContext, DType, ErrorKind, Fault, Put, Reading
from osprey.errors import ConnectorError
from osprey_epics.connector import EpicsConnector
from osprey_epics.settings import EpicsSettings, GatewaySettings, GatewaysSettings

pytestmark = [pytest.mark.anyio, pytest.mark.ioc]


async def kinds(connector: EpicsConnector, *names: str, timeout_s: float = 1) -> list[ErrorKind | None]:
    results = await connector.read(names, timeout_s=timeout_s)
    return [result.kind if isinstance(result, Fault) else None for result in results]


async def test_two_connectors_reach_two_iocs_in_one_process(
    connect: Opener, ioc: SoftIoc, make_ioc: Callable[..., SoftIoc]
) -> None:
    other = make_ioc()
    other.start()
    environment = dict(os.environ)
    first, second = await connect(ioc.port), await connect(other.port)
    names = ioc.name("CUR"), other.name("CUR")
    assert await kinds(first, *names) == [None, ErrorKind.NOT_FOUND]
    assert await kinds(second, *names) == [ErrorKind.NOT_FOUND, None]
    async with second.subscribe([other.name("FAST")], max_rate_hz=50) as updates:
        await anext(updates)
        await first.aclose()
        for _ in range(3):
            assert isinstance((await anext(updates))[0], Reading)
    assert await kinds(second, other.name("CUR")) == [None]
    assert dict(os.environ) == environment


async def test_reads_and_writes_can_go_through_different_gateways(
    ioc: SoftIoc, make_ioc: Callable[..., SoftIoc], tmp_path: Path
) -> None:
    other = make_ioc()
    other.start()
    settings = EpicsSettings(
        address="127.0.0.1",
        gateways=GatewaysSettings(read=GatewaySettings(port=ioc.port), write=GatewaySettings(port=other.port)),
    )
    connector = await EpicsConnector.connect(ConnectContext(target="t", settings=settings, state_dir=tmp_path))
    here, there = ioc.name("CUR"), other.name("CUR")
    assert await kinds(connector, here, there) == [None, ErrorKind.NOT_FOUND]
    results = await connector.write(
        [Put(channel=name, value=1.0, dtype=DType.FLOAT) for name in (here, there)], timeout_s=1
    )
    assert [result.error for result in results] == [ErrorKind.NOT_FOUND, None]
    info = (await connector.describe([here], timeout_s=1))[0]
    assert isinstance(info, ChannelInfo)
    assert not info.writable  # the way for writes does not lead there
    await connector.aclose()


async def test_a_cancelled_read_does_not_disturb_the_next(connector: EpicsConnector, ioc: SoftIoc) -> None:
    with anyio.move_on_after(0.1) as scope:
        await connector.read([ioc.name("NOPE"), ioc.name("CUR")], timeout_s=60)
    assert scope.cancelled_caught
    assert await kinds(connector, ioc.name("CUR"), ioc.name("AO0001")) == [None, None]
    assert connector.awaited_count == 0


async def test_a_batch_that_waits_does_not_delay_another(connector: EpicsConnector, ioc: SoftIoc) -> None:
    async with anyio.create_task_group() as group:
        group.start_soon(lambda: connector.read([ioc.name("NOPE")], timeout_s=60))
        for _ in range(5):
            assert await kinds(connector, ioc.name("CUR"), timeout_s=5) == [None]
        group.cancel_scope.cancel()


async def test_many_batches_at_once_each_get_their_own_answers(connector: EpicsConnector, ioc: SoftIoc) -> None:
    async def read(index: int) -> None:
        names = [ioc.name(f"AO{(index + step) % 1000:04d}.HOPR") for step in range(50)]
        results = await connector.read(names, timeout_s=20)
        expected = [(index + step) % 1000 + 1 for step in range(50)]
        assert [getattr(result, "value", None) for result in results] == expected

    async with anyio.create_task_group() as group:
        for index in range(40):
            group.start_soon(read, index * 7)


async def test_a_dead_ioc_is_unreachable_and_comes_back_with_fresh_units(
    connect: Opener, make_ioc: Callable[..., SoftIoc]
) -> None:
    server = make_ioc()
    server.start()
    connector = await connect(server.port)
    name = server.name("CUR")
    unit = Put(channel=f"{name}.EGU", value="kA", dtype=DType.STR)
    assert (await connector.write([unit], timeout_s=5))[0].error is None
    reading = (await connector.read([name], timeout_s=5))[0]
    assert isinstance(reading, Reading)
    assert reading.unit == "kA"
    server.stop()
    dead = (await connector.read([name], timeout_s=0.3))[0]
    assert isinstance(dead, Fault)
    assert (dead.kind, dead.retryable) == (ErrorKind.UNREACHABLE, True)
    assert str(server.port) in dead.message
    assert "was lost" in dead.message
    await anyio.to_thread.run_sync(server.start)
    back = None
    while not isinstance(back, Reading):
        back = (await connector.read([name], timeout_s=3))[0]
    assert back.unit == "A"


async def test_an_ioc_that_hangs_times_out_and_delays_no_other(
    connect: Opener, ioc: SoftIoc, make_ioc: Callable[..., SoftIoc]
) -> None:
    server = make_ioc()
    server.start()
    connector = await connect(server.port, address=["127.0.0.1", f"127.0.0.1:{ioc.port}"])
    names = server.name("CUR"), ioc.name("CUR")
    assert await kinds(connector, *names, timeout_s=5) == [None, None]
    server.send(signal.SIGSTOP)
    try:
        assert await kinds(connector, *names, timeout_s=0.5) == [ErrorKind.TIMEOUT, None]
        statuses = await connector.probe(names, timeout_s=0.5)
        assert [status.is_reachable for status in statuses] == [False, True]
    finally:
        server.send(signal.SIGCONT)
    assert await kinds(connector, *names, timeout_s=10) == [None, None]


async def test_closing_answers_what_is_still_asked(connect: Opener, ioc: SoftIoc) -> None:
    connector = await connect(ioc.port)
    async with anyio.create_task_group() as group:

        async def read() -> None:
            assert await kinds(connector, ioc.name("NOPE"), timeout_s=60) == [ErrorKind.UNREACHABLE]

        group.start_soon(read)
        await anyio.wait_all_tasks_blocked()
        await connector.aclose()
    await connector.aclose()
    with pytest.raises(ConnectorError, match="closed"):
        await connector.read([ioc.name("CUR")], timeout_s=1)


async def test_an_address_that_cannot_be_resolved_is_named(connect: Opener) -> None:
    with pytest.raises(ConnectorError, match="no-such-host"):
        await connect(5064, address="no-such-host.invalid")


PROGRAM = """
import sys, anyio
from pathlib import Path
from osprey.control import ConnectContext
from osprey_epics.connector import EpicsConnector
from osprey_epics.settings import EpicsSettings

async def main(port, name):
    settings = EpicsSettings(address="127.0.0.1", port=port)
    connector = await EpicsConnector.connect(
        ConnectContext(target="t", settings=settings, state_dir=Path("."))
    )
    async with connector.subscribe([name + ":FAST"]) as updates:
        await anext(updates)
    names = [f"{name}:AO{index:04d}" for index in range(1000)]
    results = await connector.read(names, timeout_s=20)
    print(sum(hasattr(result, "value") for result in results))
    watch = connector.subscribe(names)
    await watch.__aenter__()
    await connector.read([name + ":CUR"], timeout_s=5)
    {end}

anyio.run(main, int(sys.argv[1]), sys.argv[2], backend=sys.argv[3])
"""


@pytest.mark.parametrize(
    ("end", "code"),
    [
        ("await connector.aclose()", 0),
        ("pass  # forgotten", 0),
        ("sys.exit(3)", 3),
        ("with anyio.move_on_after(0.05): await connector.read([name + ':NOPE'], timeout_s=60)", 0),
    ],
)
def test_a_process_ends_cleanly_however_it_leaves_the_connector(
    ioc: SoftIoc, anyio_backend: str, end: str, code: int
) -> None:
    program = PROGRAM.replace("{end}", end)
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", program, str(ioc.port), ioc.prefix, anyio_backend],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (code, "1000\n", "")
