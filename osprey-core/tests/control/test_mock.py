"""The mock connector: any name, the same values in every process, and every fault of a real system."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from osprey.control import (
    ConnectContext,
    Connector,
    DType,
    ErrorKind,
    Fault,
    MockConnector,
    MockSettings,
    Put,
    Reading,
    Severity,
)
from osprey.control.mock.connector import MockFault

SP = "SR:01:HCM1:SP"
RB = "SR:01:HCM1:RB"

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request):
    return request.param


@pytest.fixture
def mock():
    return MockConnector(MockSettings(slow_s=100.0))


def put(channel, value):
    return Put(channel=channel, value=value, dtype=DType.FLOAT)


async def value_of(mock, channel):
    (result,) = await mock.read([channel], timeout_s=1.0)
    assert isinstance(result, Reading)
    return result.value


async def test_it_is_a_connector_and_opens_from_settings_or_a_mapping():
    for settings in (MockSettings(seed=7), {"seed": 7}):
        context = ConnectContext(target="mock", settings=settings, state_dir=Path())
        mock = await MockConnector.connect(context)
        assert isinstance(mock, Connector)
        await mock.aclose()


async def test_all_open_connectors_to_one_target_reach_one_machine(tmp_path):
    context = ConnectContext(target="mock", settings=MockSettings(), state_dir=tmp_path)
    elsewhere = ConnectContext(target="mock", settings=MockSettings(), state_dir=tmp_path / "other")
    first, second = await MockConnector.connect(context), await MockConnector.connect(context)
    other = await MockConnector.connect(elsewhere)
    before = await value_of(first, SP)
    await first.write([put(SP, before + 1.0)], timeout_s=1.0)
    assert await value_of(second, SP) == before + 1.0
    assert await value_of(other, SP) == before
    await second.aclose()
    await second.aclose()
    third = await MockConnector.connect(context)
    assert await value_of(third, SP) == before + 1.0
    for connector in (first, third, other):
        await connector.aclose()
    assert await value_of(await MockConnector.connect(context), SP) == before, "it ends with the last connector"


async def test_results_come_in_the_order_asked(mock):
    names = ["X:1", SP, "X:2", SP]
    for call in (mock.read, mock.describe, mock.probe):
        assert [result.channel for result in await call(names, timeout_s=1.0)] == names


async def test_a_value_depends_on_the_seed_and_the_name_only(mock):
    assert await value_of(mock, SP) == await value_of(MockConnector(MockSettings()), SP)
    assert await value_of(mock, SP) != await value_of(MockConnector(MockSettings(seed=1)), SP)
    assert await value_of(mock, SP) != await value_of(mock, "SR:01:HCM2:SP")


def test_values_are_the_same_in_another_process():
    code = "from osprey.control.mock.channels import first_value; print(first_value(0, 'SR:01:HCM1:SP'))"
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1


@pytest.mark.parametrize(
    ("name", "unit", "dtype"),
    [
        ("SR:DCCT", "mA", DType.FLOAT),
        ("SR01C:BPM4:XPosition", "mm", DType.FLOAT),
        ("SR:GaugePressure", "mbar", DType.FLOAT),
        ("LN2:Temp1", "degC", DType.FLOAT),
        ("BL:Shutter", "", DType.ENUM),
        ("SR:PumpState", "", DType.ENUM),
        ("BL:Counts", "", DType.INT),
        ("OP:Title", "", DType.STR),
        ("anything-else", "", DType.FLOAT),
    ],
)
async def test_a_name_says_what_a_channel_is_like(mock, name, unit, dtype):
    (info,) = await mock.describe([name], timeout_s=1.0)
    assert (info.unit, info.dtype) == (unit, dtype)
    value = await value_of(mock, name)
    assert isinstance(value, {DType.FLOAT: float, DType.STR: str}.get(dtype, int))


async def test_a_waveform_has_its_shape(mock):
    (reading,) = await mock.read(["SR:WF"], timeout_s=1.0)
    assert reading.shape == (len(reading.value),)


async def test_a_read_back_follows_its_set_value_with_noise(mock):
    await mock.write([put(SP, 2.5)], timeout_s=1.0)
    assert await value_of(mock, SP) == 2.5
    seen = {await value_of(mock, RB) for _ in range(5)}
    assert len(seen) == 5
    assert all(abs(value - 2.5) <= 0.001 for value in seen)


async def test_noise_can_be_switched_off():
    mock = MockConnector(MockSettings(noise=0.0))
    await mock.write([put(SP, 2.5)], timeout_s=1.0)
    assert await value_of(mock, RB) == 2.5


async def test_set_channels_are_writable_and_bounded_read_backs_are_not(mock):
    setpoint, readback = await mock.describe([SP, RB], timeout_s=1.0)
    assert setpoint.writable
    assert not readback.writable
    assert (setpoint.drive.low, setpoint.drive.high, readback.drive.high) == (-10.0, 10.0, None)


async def test_names_are_made_canonical_as_those_of_records(mock):
    plain, value, field, filtered = await mock.describe(
        [SP, f"{SP}.VAL", f"{SP}.DRVH", f'{SP}.{{"ts":{{}}}}'], timeout_s=1.0
    )
    assert {info.name for info in (plain, value, field, filtered)} == {SP}
    assert [info.is_value_field for info in (plain, value, field)] == [True, True, False]
    assert filtered.has_modifier
    assert not plain.has_modifier


async def test_puts_are_counted(mock):
    await mock.write([put(SP, 1.0), put("X:SP", 1.0)], timeout_s=1.0)
    await mock.write([put(SP, 2.0)], timeout_s=1.0)
    assert (mock.count_puts(SP), mock.count_puts("X:SP"), len(mock.puts)) == (2, 1, 3)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (MockFault.MISSING, ErrorKind.NOT_FOUND),
        (MockFault.GONE, ErrorKind.UNREACHABLE),
        (MockFault.SLOW, ErrorKind.TIMEOUT),
    ],
)
async def test_a_channel_that_does_not_answer_is_a_fault_among_good_ones(mock, fault, kind):
    mock.inject("BAD*", fault)
    bad, good = await mock.read(["BAD:1", SP], timeout_s=1.0)
    assert isinstance(bad, Fault)
    assert bad.kind is kind
    assert isinstance(good, Reading)
    assert [status.is_reachable for status in await mock.probe(["BAD:1", SP], timeout_s=1.0)] == [False, True]
    assert isinstance((await mock.describe(["BAD:1"], timeout_s=1.0))[0], Fault)


@pytest.mark.parametrize(
    ("fault", "error", "was_sent", "lands"),
    [
        (MockFault.MISSING, ErrorKind.NOT_FOUND, False, False),
        (MockFault.GONE, ErrorKind.UNREACHABLE, False, False),
        (MockFault.REJECT, ErrorKind.REJECTED, True, False),
        (MockFault.SLOW, ErrorKind.TIMEOUT, True, False),
        (MockFault.NO_COMPLETION, ErrorKind.TIMEOUT, True, True),
        (MockFault.DISCONNECT, ErrorKind.UNREACHABLE, True, True),
        (MockFault.CLIP, None, True, False),
    ],
)
async def test_a_put_meets_its_fault(mock, fault, error, was_sent, lands):
    await value_of(mock, SP)
    mock.inject(SP, fault)
    (result,) = await mock.write([put(SP, 9.0)], timeout_s=1.0)
    assert (result.error, result.was_sent) == (error, was_sent)
    assert mock.count_puts(SP) == was_sent
    mock.heal(SP)
    assert (await value_of(mock, SP) == 9.0) is lands


async def test_a_slow_put_lands_after_its_caller_gave_up(mock):
    mock.inject(SP, MockFault.SLOW)
    await mock.write([put(SP, 9.0)], timeout_s=1.0)
    mock.heal(SP)
    assert await value_of(mock, SP) != 9.0
    mock.land()
    assert await value_of(mock, SP) == 9.0


async def test_a_slow_channel_answers_if_there_is_time(anyio_backend):
    mock = MockConnector(MockSettings(slow_s=0.001, faults={"SR:*": MockFault.SLOW}))
    (result,) = await mock.write([put(SP, 9.0)], timeout_s=60.0)
    assert result.error is None
    assert await value_of(mock, SP) == 9.0


async def test_a_connection_lost_by_a_put_stays_lost(mock):
    mock.inject("SR:*", MockFault.DISCONNECT)
    await mock.write([put(SP, 9.0)], timeout_s=1.0)
    (result,) = await mock.read([SP], timeout_s=1.0)
    assert isinstance(result, Fault)


async def test_readings_can_be_nan_invalid_stale_or_flapping(mock):
    mock.inject(SP, MockFault.NAN)
    assert math.isnan(await value_of(mock, SP))
    mock.inject(SP, MockFault.INVALID)
    (reading,) = await mock.read([SP], timeout_s=1.0)
    assert reading.severity is Severity.INVALID
    mock.inject(SP, MockFault.STALE)
    (before,) = await mock.read([SP], timeout_s=1.0)
    await mock.write([put(SP, 9.0)], timeout_s=1.0)
    (after,) = await mock.read([SP], timeout_s=1.0)
    assert (after.value, after.source_ns) == (before.value, before.source_ns)
    mock.inject(SP, MockFault.FLAPPING)
    kinds = [type((await mock.read([SP], timeout_s=1.0))[0]) for _ in range(4)]
    assert kinds == [Fault, Reading, Fault, Reading]


async def test_a_stale_channel_shows_what_it_held_when_the_fault_began(mock):
    mock.change(SP, 1.0)
    mock.inject("SR:*", MockFault.STALE)
    mock.change(SP, 2.0)
    assert await value_of(mock, SP) == 1.0


async def test_a_subscription_gives_the_latest_values_after_each_change(mock):
    mock.change(SP, 1.0)
    async with mock.subscribe([SP, RB], max_rate_hz=1000.0) as updates:
        first = await anext(updates)
        assert [result.channel for result in first] == [SP, RB]
        mock.change(SP, 2.0)
        mock.change(SP, 3.0)
        with anyio.fail_after(10):
            assert (await anext(updates))[0].value == 3.0


async def test_it_cannot_list_channels(mock):
    assert await mock.search("", limit=10) == []


async def test_a_put_out_of_order_lands_behind_the_next_one(mock):
    mock.inject(SP, MockFault.OUT_OF_ORDER)
    before = await value_of(mock, SP)
    (first,) = await mock.write([put(SP, 1.0)], timeout_s=1.0)
    assert first.error is None
    assert await value_of(mock, SP) == before
    await mock.write([put(SP, 2.0)], timeout_s=1.0)
    assert await value_of(mock, SP) == 1.0


@pytest.mark.parametrize("fault", [MockFault.MINOR, MockFault.MAJOR, MockFault.INVALID])
async def test_a_reading_can_have_any_severity(mock, fault):
    mock.inject(SP, fault)
    (reading,) = await mock.read([SP], timeout_s=1.0)
    assert (reading.severity, bool(reading.alarm)) == (Severity(fault.value), True)


async def test_a_channel_can_be_made_read_only(mock):
    mock.inject(SP, MockFault.READ_ONLY)
    (info,) = await mock.describe([SP], timeout_s=1.0)
    (result,) = await mock.write([put(SP, 1.0)], timeout_s=1.0)
    assert not info.writable
    assert (result.error, result.was_sent, mock.puts) == (ErrorKind.PERMISSION, False, [])


async def test_with_writes_disabled_no_channel_can_be_written():
    mock = MockConnector(MockSettings(enable_writes=False))
    (info,) = await mock.describe([SP], timeout_s=1.0)
    (result,) = await mock.write([put(SP, 1.0)], timeout_s=1.0)
    assert (info.writable, result.error, result.was_sent) == (False, ErrorKind.PERMISSION, False)


@pytest.mark.parametrize("settings", [{"delay_s": 0.25}, {"response_delay_ms": 250}])
async def test_every_answer_can_take_its_time(settings):
    mock = MockConnector(MockSettings(**settings))
    started = anyio.current_time()
    await value_of(mock, SP)
    assert anyio.current_time() - started >= 0.25


async def test_the_older_spelling_of_the_noise_has_its_effect():
    mock = MockConnector(MockSettings(noise_level=0.0))
    assert len({await value_of(mock, RB) for _ in range(5)}) == 1


@pytest.mark.parametrize(
    "settings",
    [
        {"delay_s": -1.0},
        {"slow_s": math.nan},
        {"noise": math.inf},
        {"faults": {"X": "melted"}},
        {"delay_s": 0.5, "response_delay_ms": 10},
    ],
)
def test_settings_that_make_no_sense_are_refused(settings):
    with pytest.raises(ValueError, match=r"0 or more|not a valid MockFault|mean the same"):
        MockSettings(**settings)


async def test_a_name_beats_a_pattern_and_an_earlier_pattern_a_later_one():
    faults = {"SR:*": "gone", "*": "missing", SP: "reject"}
    mock = MockConnector(MockSettings(faults=faults))
    by_name, by_first, by_second = await mock.read([SP, "SR:X", "Y"], timeout_s=1.0)
    assert isinstance(by_name, Reading)
    assert [by_first.kind, by_second.kind] == [ErrorKind.UNREACHABLE, ErrorKind.NOT_FOUND]


@pytest.mark.parametrize("fault", list(MockFault))
async def test_every_fault_can_be_configured(fault):
    """Each shows in a reading, a description, or the answer to a put."""

    async def shown(faults):
        mock = MockConnector(MockSettings(slow_s=100.0, faults=faults))
        mock.change(SP, 1.0)
        seen = [await mock.read([SP], timeout_s=1.0), await mock.write([put(SP, 3.0)], timeout_s=1.0)]
        seen += [await mock.read([SP], timeout_s=1.0) for _ in range(2)]
        return [
            (
                getattr(one, "kind", None),
                getattr(one, "severity", None),
                getattr(one, "error", None),
                str(getattr(one, "value", "")),
            )
            for (one,) in seen
        ]

    assert await shown({SP: fault}) != await shown({})
