"""Updates from a real IOC."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import anyio
import pytest
from connecting import Opener
from soft_ioc import SoftIoc

from osprey.control import DType, ErrorKind, Fault, Put, Reading, ReadResult
from osprey.errors import UsageError
from osprey_epics.batch import Failure
from osprey_epics.connector import EpicsConnector
from osprey_epics.dbr import Control, Sample
from osprey_epics.monitors import Subscription, Updates

pytestmark = [pytest.mark.anyio, pytest.mark.ioc]


async def until(updates: AsyncIterator[list[ReadResult]], is_wanted: Callable[[ReadResult], bool]) -> ReadResult:
    async for results in updates:
        for result in results:
            if is_wanted(result):
                return result
    msg = "the updates ended"
    raise AssertionError(msg)


async def test_the_present_value_comes_first_with_its_unit(connector: EpicsConnector, ioc: SoftIoc) -> None:
    async with connector.subscribe([ioc.name("CALC"), ioc.name("BAD")]) as updates:
        seen: dict[str, ReadResult] = {}
        async for results in updates:
            seen |= {result.channel: result for result in results}
            if len(seen) == 2:
                break
    reading = seen[ioc.name("CALC")]
    assert isinstance(reading, Reading)
    assert reading.unit == "A"


async def test_a_change_is_told(connector: EpicsConnector, ioc: SoftIoc) -> None:
    name = ioc.name("AO0001")
    async with connector.subscribe([name], max_rate_hz=100) as updates:
        first = await until(updates, lambda result: isinstance(result, Reading))
        assert isinstance(first, Reading)
        new = 456.0 if first.value == 123.0 else 123.0
        await connector.write([Put(channel=name, value=new, dtype=DType.FLOAT)], timeout_s=5)
        await until(updates, lambda result: isinstance(result, Reading) and result.value == new)


async def test_updates_are_conflated_to_the_latest(connector: EpicsConnector, ioc: SoftIoc) -> None:
    async with connector.subscribe([ioc.name("FAST")], max_rate_hz=2) as updates:
        values: list[float] = []
        async for results in updates:
            assert len(results) == 1
            values += [result.value for result in results if isinstance(result, Reading)]  # type: ignore[misc]
            if len(values) == 3:
                break
    # The record counts ten times a second, and two lists a second were asked for.
    assert values[2] - values[1] > 1


async def test_a_missing_channel_is_told_once_and_hinders_no_other(
    connector: EpicsConnector, ioc: SoftIoc, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("osprey_epics.monitors._SILENCE_S", 0.3)
    async with connector.subscribe([ioc.name("NOPE"), ioc.name("BAD"), "A B"]) as updates:
        seen: list[ReadResult] = []
        async for results in updates:
            seen += results
            if len(seen) == 3:
                break
    kinds = {result.channel: getattr(result, "kind", None) for result in seen}
    assert kinds == {ioc.name("NOPE"): ErrorKind.NOT_FOUND, ioc.name("BAD"): None, "A B": ErrorKind.NOT_FOUND}


async def test_a_lost_ioc_is_a_fault_and_its_return_a_reading(
    connect: Opener, make_ioc: Callable[..., SoftIoc]
) -> None:
    server = make_ioc()
    server.start()
    connector = await connect(server.port)
    async with connector.subscribe([server.name("CUR")]) as updates:
        await until(updates, lambda result: isinstance(result, Reading))
        server.stop()
        lost = await until(updates, lambda result: isinstance(result, Fault))
        assert isinstance(lost, Fault)
        assert lost.kind is ErrorKind.UNREACHABLE
        await anyio.to_thread.run_sync(server.start)
        back = await until(updates, lambda result: isinstance(result, Reading))
        assert isinstance(back, Reading)
        assert back.unit == "A"


async def test_a_subscription_leaves_nothing_behind(connector: EpicsConnector, ioc: SoftIoc) -> None:
    await connector.read([ioc.name("BAD")], timeout_s=5)
    before = connector.channel_count
    async with connector.subscribe([ioc.name("CUR"), ioc.name("FAST")]) as updates:
        await until(updates, lambda result: isinstance(result, Reading))
        assert connector.channel_count == before + 2
    await connector.read([ioc.name("BAD")], timeout_s=5)  # in order behind the clearing
    assert (connector.channel_count, connector.awaited_count) == (before, 0)
    assert [results async for results in updates if not results] == []


async def test_closing_the_connector_ends_its_updates(connect: Opener, ioc: SoftIoc) -> None:
    connector = await connect(ioc.port)
    async with connector.subscribe([ioc.name("CUR")]) as updates:
        await until(updates, lambda result: isinstance(result, Reading))
        await connector.aclose()
        assert [results async for results in updates] == []


@pytest.mark.parametrize("rate", [0, -1, float("nan")])
async def test_a_rate_must_be_positive(connector: EpicsConnector, rate: float) -> None:
    with pytest.raises(UsageError, match="max_rate_hz"):
        async with connector.subscribe(["X"], max_rate_hz=rate):
            pass


async def test_a_buffer_cannot_be_negative(connector: EpicsConnector) -> None:
    with pytest.raises(UsageError, match="buffer"):
        async with connector.subscribe(["X"], buffer=-1):
            pass


async def test_a_buffer_keeps_every_update_in_order(connector: EpicsConnector, ioc: SoftIoc) -> None:
    async with connector.subscribe([ioc.name("FAST")], max_rate_hz=2, buffer=100) as updates:
        values: list[float] = []
        async for results in updates:
            values += [result.value for result in results if isinstance(result, Reading)]  # type: ignore[misc]
            if len(values) > 12:
                break
    assert values == [values[0] + step for step in range(len(values))]
    assert updates.dropped == 0


async def test_a_full_buffer_drops_the_oldest_and_counts_them() -> None:
    samples = [Sample(float(number), DType.FLOAT, (), 0, 0, None, number) for number in range(10)]
    subscription = Subscription(["A", "B"], buffer=3)
    for sample in samples:
        subscription.offer(0, sample)
    subscription.note_control(0, Control())
    subscription.offer(1, samples[0])
    subscription.note_control(1, Control())
    assert [result for _, result, _ in subscription.take()] == [*samples[-3:], samples[0]]
    assert subscription.dropped == 7
    subscription.offer(0, samples[0])
    assert ([result for _, result, _ in subscription.take()], subscription.dropped) == ([samples[0]], 7)


async def test_conflated_updates_are_not_dropped_ones() -> None:
    samples = [Sample(float(number), DType.FLOAT, (), 0, 0, None, number) for number in range(10)]
    subscription = Subscription(["A"])
    subscription.note_control(0, Control())
    for sample in samples:
        subscription.offer(0, sample)
    assert [result for _, result, _ in subscription.take()] == [samples[-1]]
    assert subscription.dropped == 0


async def test_a_consumer_that_is_cancelled_loses_nothing_it_has_taken() -> None:
    subscription = Subscription([f"C{index}" for index in range(1000)], buffer=5)
    for index in range(1000):
        subscription.note_control(index, Control())
        subscription.offer(index, Sample(1.0, DType.FLOAT, (), 0, 0, None, index))
    updates = Updates(
        subscription, 1e9, lambda update: Fault(channel=str(update[0]), kind=ErrorKind.TIMEOUT, message="")
    )
    with anyio.CancelScope() as scope:
        scope.deadline = anyio.current_time() + 1e-6
        taken = await anext(updates)
        assert len(taken) == 1000
        return
    assert len(await anext(updates)) == 1000


async def test_a_value_waits_for_its_unit() -> None:
    sample = Sample(1.0, DType.FLOAT, (), 0, 0, None, 5)
    subscription = Subscription(["A", "B"])
    subscription.offer(0, sample)
    subscription.offer(1, Failure(ErrorKind.UNREACHABLE, "gone"))
    assert [index for index, _, _ in subscription.take()] == [1]
    subscription.note_control(0, Control(unit="A"))
    await subscription.wait()
    assert subscription.take() == [(0, sample, Control(unit="A"))]
