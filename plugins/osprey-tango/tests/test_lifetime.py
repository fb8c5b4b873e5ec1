"""Deadlines, threads, the circuit breaker, and devices that come and go."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import anyio
import pytest
from opening import Opener
from tango_peer import Server, TangoPeer

from osprey.api import DType, ErrorKind, Fault, Put, Reading, ReadResult
from osprey_tango.breaker import Breaker
from osprey_tango.connector import TangoConnector
from osprey_tango.lanes import Batch, Job, Lane, Workers
from osprey_tango.settings import TangoSettings
from osprey_tango.system import TangoSystem

pytestmark = pytest.mark.anyio
SLOW = "osprey/slow/1/slow"
FIXED = "osprey/bench/1/fixed"


@pytest.fixture
def crowd(peer: TangoPeer, anyio_backend: str) -> Iterator[list[str]]:
    """Devices that may hang together."""
    devices = [f"osprey/crowd/{number}" for number in range(3)]
    server = peer.serve("crowd", {device: {} for device in devices})
    yield devices
    server.kill()


async def one(connector: TangoConnector, channel: str, timeout_s: float = 10) -> ReadResult:
    [result] = await connector.read([channel], timeout_s=timeout_s)
    return result


async def at_rest(connector: TangoConnector) -> None:
    while connector.busy_count:
        await anyio.sleep(0.02)


async def test_a_device_that_hangs_costs_the_batch_its_time_and_no_other_its_value(connector: TangoConnector) -> None:
    slow, fixed = await connector.read([SLOW, FIXED], timeout_s=0.3)
    assert isinstance(slow, Fault)
    assert (slow.kind, slow.retryable) == (ErrorKind.TIMEOUT, True)
    assert isinstance(fixed, Reading)


async def test_a_call_that_was_given_up_keeps_its_thread_and_its_device_until_it_ends(
    connector: TangoConnector,
) -> None:
    await one(connector, SLOW, 0.2)
    assert connector.busy_count == 1
    waiting = await one(connector, SLOW, 0.2)
    assert isinstance(waiting, Fault)
    assert "busy with an earlier call" in waiting.message
    assert connector.busy_count == 1  # it did not take a second thread
    await at_rest(connector)
    assert isinstance(await one(connector, "osprey/slow/1/fixed"), Reading)


async def test_a_call_that_was_cancelled_keeps_its_thread_too(connector: TangoConnector) -> None:
    with anyio.move_on_after(0.2):
        await one(connector, SLOW)
    assert connector.busy_count == 1
    assert isinstance(await one(connector, FIXED), Reading)


async def test_no_more_threads_than_configured_even_for_calls_that_hang(connect: Opener, crowd: list[str]) -> None:
    connector = await connect(threads=2)
    results = await connector.read([f"{device}/slow" for device in crowd], timeout_s=0.3)
    assert [getattr(result, "kind", None) for result in results] == [ErrorKind.TIMEOUT] * 3
    assert sum("not asked" in getattr(result, "message", "") for result in results) == 1
    starved = await one(connector, FIXED, 0.2)
    assert isinstance(starved, Fault)
    assert (connector.thread_count, connector.busy_count) == (2, 2)
    await at_rest(connector)
    assert isinstance(await one(connector, FIXED), Reading)


async def test_the_time_limit_of_a_call_is_the_smallest_class_that_serves_the_caller(peer: TangoPeer) -> None:
    system = TangoSystem(TangoSettings(host=peer.host, timeouts_s=[5, 0.3]))
    name = system.parse(FIXED)
    assert name is not None
    device = system.device(name)
    limits = [device.proxy(remaining_s).get_timeout_millis() for remaining_s in (0.1, 0.3, 0.31, 60.0)]
    assert limits == [300, 300, 5000, 5000]
    assert device.proxy(0.1) is device.proxy(0.3)
    assert device.proxy(0.3) is not device.proxy(0.3, is_for_writes=True)


async def test_the_library_gives_a_call_up_at_its_time_limit(connect: Opener) -> None:
    connector = await connect(timeouts_s=0.3)
    given_up = await one(connector, SLOW, 20)
    assert isinstance(given_up, Fault)
    assert (given_up.kind, "API_DeviceTimedOut" in given_up.raw) == (ErrorKind.TIMEOUT, True)


async def test_a_device_that_does_not_answer_is_left_alone_then_tried_and_then_trusted_again(
    connect: Opener, make_server: Callable[..., Server], peer: TangoPeer
) -> None:
    server = make_server("mortal", "osprey/mortal/1")
    connector = await connect(breaker={"failures": 2, "open_s": 0.5})
    channel = "osprey/mortal/1/fixed"
    assert isinstance(await one(connector, channel), Reading)
    await anyio.to_thread.run_sync(server.kill)
    for _ in range(2):
        gone = await one(connector, channel)
        assert isinstance(gone, Fault)
        assert (gone.kind, gone.raw == "circuit breaker") == (ErrorKind.UNREACHABLE, False)
    left_alone = await one(connector, channel)
    assert isinstance(left_alone, Fault)
    assert (left_alone.kind, left_alone.raw) == (ErrorKind.UNREACHABLE, "circuit breaker")
    put = Put(channel="osprey/mortal/1/silent", value=1.0, dtype=DType.FLOAT)
    [refused] = await connector.write([put], timeout_s=5)
    assert (refused.error, refused.was_sent) == (ErrorKind.UNREACHABLE, False)
    assert isinstance(await one(connector, FIXED), Reading)
    await anyio.to_thread.run_sync(server.start)
    while not isinstance(await one(connector, channel), Reading):
        await anyio.sleep(0.05)
    [taken] = await connector.write([put], timeout_s=5)
    assert taken.error is None


async def test_the_breaker_answers_at_once_while_a_call_still_hangs(connect: Opener) -> None:
    connector = await connect(breaker={"failures": 1, "open_s": 60}, timeouts_s=20)
    await one(connector, SLOW, 0.2)
    assert connector.busy_count == 1
    left_alone = await one(connector, SLOW, 30)
    assert getattr(left_alone, "raw", "") == "circuit breaker"
    await at_rest(connector)  # its late answer shows that the device lives
    assert isinstance(await one(connector, "osprey/slow/1/fixed"), Reading)


def test_a_breaker_lets_one_call_try_and_no_second_one_meanwhile() -> None:
    now = [0.0]
    breaker = Breaker(2, 10.0, clock=lambda: now[0])
    assert breaker.begin()
    breaker.note_silence()
    assert breaker.begin()
    breaker.note_silence()
    assert (breaker.begin(), breaker.is_open) == (False, True)
    assert "tried again in 10.0 s" in breaker.explain()
    now[0] = 10.5
    assert not breaker.is_open
    assert breaker.begin()
    assert (breaker.begin(), breaker.is_open) == (False, True)
    breaker.note_silence()  # the one that tried
    assert not breaker.begin()
    now[0] = 21.0
    assert breaker.begin()
    breaker.note_answer()
    assert (breaker.begin(), breaker.failure_count) == (True, 0)


async def test_a_defect_costs_an_answer_and_no_thread() -> None:
    workers, said = Workers(1, "test"), []
    batch, lane = Batch(5), Lane("x", Breaker(3, 1.0))

    def fail() -> bool:
        raise RuntimeError("defect")

    workers.submit(lane, Job(batch, lane.breaker, fail, said.append))
    workers.submit(lane, Job(batch, lane.breaker, lambda: bool(said.append("second")) or True, said.append))
    await batch.wait()
    assert said == ["the connector failed: RuntimeError: defect", "second"]
    for thread in workers.close():
        thread.join(5)


async def test_an_event_loop_that_ended_leaves_nothing_behind_for_the_next(peer: TangoPeer, connect: Opener) -> None:
    connectors = [await connect() for _ in range(3)]
    for connector in connectors:
        assert isinstance(await one(connector, FIXED), Reading)
        await connector.aclose()
        await connector.aclose()
    assert not [thread for thread in threading.enumerate() if thread.name == "tango test" and thread.is_alive()]
    closed = await one(connectors[0], FIXED, 0.1)
    assert isinstance(closed, Fault)


async def test_two_connectors_with_different_databases_do_not_meet(connect: Opener, peer: TangoPeer) -> None:
    here, nowhere = await connect(), await connect(host="127.0.0.1:1")
    assert getattr(await one(nowhere, FIXED), "kind", None) is ErrorKind.UNREACHABLE
    assert isinstance(await one(here, FIXED), Reading)


async def test_without_a_database_only_full_names_lead_anywhere(
    connect: Opener, peer: TangoPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("osprey_tango.system._environment_host", str)
    connector = await connect(host=None)
    bare, full = await connector.read([FIXED, f"tango://{peer.host}/{FIXED}"], timeout_s=10)
    assert isinstance(bare, Fault)
    assert "TANGO_HOST" in bare.message
    assert isinstance(full, Reading)
    [put] = await connector.write([Put(channel=FIXED, value=1.0, dtype=DType.FLOAT)], timeout_s=5)
    assert (put.error, put.was_sent) == (ErrorKind.NOT_FOUND, False)
    [endpoint] = await connector.endpoints(timeout_s=5)
    assert (endpoint.is_reachable, "TANGO_HOST" in endpoint.note) == (None, True)
    assert await connector.search("", limit=5) == []


def test_a_process_ends_while_a_call_still_hangs(peer: TangoPeer) -> None:
    code = (
        "import anyio, pathlib\n"
        "from osprey.api import ConnectContext\n"
        "from osprey_tango.connector import TangoConnector\n"
        "from osprey_tango.settings import TangoSettings\n"
        "async def main():\n"
        f"    settings = TangoSettings(host={peer.host!r})\n"
        "    context = ConnectContext(target='x', settings=settings, state_dir=pathlib.Path())\n"
        "    connector = await TangoConnector.connect(context)\n"
        f"    print((await connector.read([{SLOW!r}], timeout_s=0.2))[0].kind)\n"
        "anyio.run(main)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "timeout", "")
