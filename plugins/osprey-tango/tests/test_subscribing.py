"""Change events of a real server, and polling of what has none."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable

import anyio
import numpy as np
import pytest
from opening import Opener
from tango_peer import Server, TangoPeer

from osprey.api import DType, ErrorKind, Fault, Put, Reading, ReadResult, UsageError
from osprey_tango.connector import TangoConnector
from osprey_tango.updates import TangoUpdates, UpdateStore
from osprey_tango.watching import is_unchanged

pytestmark = pytest.mark.anyio
DEVICE = "osprey/bench/1"


async def until(updates: AsyncIterator[list[ReadResult]], is_wanted: Callable[[ReadResult], bool]) -> ReadResult:
    async for results in updates:
        for result in results:
            if is_wanted(result):
                return result
    msg = "the updates ended"
    raise AssertionError(msg)


def has(value: object) -> Callable[[ReadResult], bool]:
    return lambda result: isinstance(result, Reading) and result.value == value


async def test_the_present_values_come_first_of_every_kind_of_channel(connector: TangoConnector) -> None:
    parts = ("fast", "fixed", "nope", "Reset", "wave")
    async with connector.subscribe([f"{DEVICE}/{part}" for part in parts] + ["nonsense"], max_rate_hz=50) as updates:
        seen: dict[str, ReadResult] = {}
        async for results in updates:
            seen |= {result.channel.rpartition("/")[2]: result for result in results}
            if len(seen) == 6:
                break
    assert isinstance(seen["fast"], Reading)
    assert isinstance(seen["wave"], Reading)
    assert getattr(seen["fixed"], "unit", None) == "mm"
    kinds = [getattr(seen[name], "kind", None) for name in ("nope", "Reset", "nonsense")]
    assert kinds == [ErrorKind.NOT_FOUND, ErrorKind.UNSUPPORTED, ErrorKind.NOT_FOUND]


@pytest.mark.parametrize("part", ["pushed", "silent"])
async def test_a_change_is_told_by_event_or_by_polling(connect: Opener, part: str) -> None:
    connector = await connect(polling_period_s=0.1)
    channel = f"osprey/bench/2/{part}"
    async with connector.subscribe([channel], max_rate_hz=100) as updates:
        first = await until(updates, lambda result: isinstance(result, Reading))
        new = 1.5 if getattr(first, "value", None) != 1.5 else 2.5
        await connector.write([Put(channel=channel, value=new, dtype=DType.FLOAT)], timeout_s=5)
        await until(updates, has(new))


async def test_a_change_whose_event_was_lost_soon_after_the_subscription_is_told(connector: TangoConnector) -> None:
    channel = f"{DEVICE}/mute"
    async with connector.subscribe([channel], max_rate_hz=100) as updates:
        first = await until(updates, lambda result: isinstance(result, Reading))
        new = 1.5 if getattr(first, "value", None) != 1.5 else 2.5
        await connector.write([Put(channel=channel, value=new, dtype=DType.FLOAT)], timeout_s=5)
        with anyio.fail_after(60):
            await until(updates, has(new))


async def test_what_is_polled_is_read_so_often_and_told_only_when_it_changes(connect: Opener) -> None:
    connector = await connect(polling_period_s=0.05)
    async with connector.subscribe(["osprey/bench/3/fixed"], max_rate_hz=100, buffer=100) as updates:
        told: list[ReadResult] = []
        with anyio.move_on_after(0.6):
            async for results in updates:
                told += results
    assert len(told) == 1
    lazy = await connect(polling_period_s=3600)
    channel = "osprey/bench/3/silent"
    async with lazy.subscribe([channel], max_rate_hz=100) as updates:
        first = await until(updates, lambda result: isinstance(result, Reading))
        await lazy.write([Put(channel=channel, value=first.value + 1, dtype=DType.FLOAT)], timeout_s=5)  # type: ignore[union-attr]
        with anyio.move_on_after(0.5) as waiting:
            await until(updates, lambda _: True)
    assert waiting.cancelled_caught


async def test_updates_are_conflated_to_the_latest(connector: TangoConnector) -> None:
    async with connector.subscribe([f"{DEVICE}/fast"], max_rate_hz=4) as updates:
        values: list[float] = []
        async for results in updates:
            assert len(results) == 1
            values += [result.value for result in results if isinstance(result, Reading)]  # type: ignore[misc]
            if len(values) == 4:
                break
        assert updates.dropped == 0
    assert values[3] - values[2] > 1


async def test_a_buffer_keeps_the_last_few_in_their_order_and_counts_what_did_not_fit(
    connector: TangoConnector,
) -> None:
    async with connector.subscribe([f"{DEVICE}/fast"], max_rate_hz=2, buffer=5) as updates:
        async for results in updates:
            if len(results) == 5:
                break
        values = [result.value for result in results if isinstance(result, Reading)]
        assert values == sorted(values)
        assert len(set(values)) == 5
        assert updates.dropped > 0


async def test_a_device_that_comes_later_is_told_and_then_sends_events(
    connect: Opener, make_server: Callable[..., Server], peer: TangoPeer
) -> None:
    server = make_server("later", "osprey/later/1")
    await anyio.to_thread.run_sync(server.kill)
    connector = await connect(polling_period_s=0.2, breaker={"failures": 64, "open_s": 0.1})
    async with connector.subscribe(["osprey/later/1/fast"], max_rate_hz=100) as updates:
        gone = await until(updates, lambda result: isinstance(result, Fault))
        assert isinstance(gone, Fault)
        assert gone.kind is ErrorKind.UNREACHABLE
        await anyio.to_thread.run_sync(server.start)
        # Far more often than it is polled: these are events.
        seen = [await until(updates, lambda result: isinstance(result, Reading)) for _ in range(20)]
    values = [result.value for result in seen if isinstance(result, Reading)]
    assert min(b - a for a, b in zip(values[-10:], values[-9:], strict=False)) < 20  # type: ignore[operator]


async def test_a_polled_device_that_dies_is_a_fault_and_its_return_a_reading(
    connect: Opener, make_server: Callable[..., Server]
) -> None:
    server = make_server("polled", "osprey/polled/1")
    connector = await connect(polling_period_s=0.1, breaker={"failures": 2, "open_s": 0.3})
    async with connector.subscribe(["osprey/polled/1/fixed"], max_rate_hz=100) as updates:
        await until(updates, has(2.5))
        await anyio.to_thread.run_sync(server.kill)
        lost = await until(updates, lambda result: isinstance(result, Fault))
        assert getattr(lost, "kind", None) is ErrorKind.UNREACHABLE
        await anyio.to_thread.run_sync(server.start)
        await until(updates, has(2.5))


async def test_reads_go_on_beside_a_subscription(connector: TangoConnector) -> None:
    channels = [f"osprey/many/1/a{number:04d}" for number in range(50)]
    async with connector.subscribe(channels, max_rate_hz=50) as updates:
        results = await connector.read([*channels, f"{DEVICE}/fixed"], timeout_s=10)
        assert all(isinstance(result, Reading) for result in results)
        seen: set[str] = set()
        async for told in updates:
            seen |= {result.channel for result in told}
            if len(seen) == 50:
                break


async def test_closing_the_connector_ends_its_updates(connect: Opener) -> None:
    connector = await connect()
    async with connector.subscribe([f"{DEVICE}/fast", f"{DEVICE}/fixed"]) as updates:
        await until(updates, lambda result: isinstance(result, Reading))
        await connector.aclose()
        with anyio.fail_after(10):
            async for _ in updates:
                pass


async def test_a_subscription_leaves_no_thread_behind_and_its_error_is_the_callers_own(connect: Opener) -> None:
    connector = await connect(polling_period_s=0.05)

    async def fail() -> None:
        async with connector.subscribe([f"{DEVICE}/fixed"]) as updates:
            await until(updates, lambda result: isinstance(result, Reading))
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        await fail()
    with anyio.fail_after(10):
        while [thread for thread in threading.enumerate() if thread.name == "tango polling"]:
            await anyio.sleep(0.02)


@pytest.mark.parametrize(("rate", "buffer"), [(0, 0), (-1, 0), (float("nan"), 0), (10, -1)])
async def test_a_rate_must_be_positive_and_a_buffer_not_negative(
    connector: TangoConnector, rate: float, buffer: int
) -> None:
    with pytest.raises(UsageError, match=r"max_rate_hz|buffer"):
        async with connector.subscribe(["x"], max_rate_hz=rate, buffer=buffer):
            pass


async def test_offers_from_many_threads_lose_nothing_but_what_is_counted() -> None:
    store = UpdateStore(1000)
    threads = [
        threading.Thread(target=lambda: [store.offer(index % 7, index) for index in range(2000)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        await anyio.to_thread.run_sync(thread.join)
    store.end()
    store.offer(0, "too late")
    taken = [item async for items in TangoUpdates(store, 1000, lambda _, item: item) for item in items]
    assert len(taken) + store.dropped == 8000
    assert "too late" not in taken


def test_what_is_unchanged_is_compared_element_by_element() -> None:
    def reading(value: object, **more: object) -> Reading:
        return Reading(channel="a", value=value, dtype=DType.FLOAT, received_ns=1, **more)  # type: ignore[arg-type]

    nan = float("nan")
    assert is_unchanged(reading(nan), reading(nan))
    assert is_unchanged(reading(np.array([1.0, nan])), reading(np.array([1.0, nan])))
    assert not is_unchanged(reading(np.array([1.0])), reading(np.array([2.0])))
    assert not is_unchanged(reading(1.0), reading(1.0, setpoint=2.0))
    assert not is_unchanged(reading(1.0), Fault(channel="a", kind=ErrorKind.TIMEOUT, message=""))
