"""The `sim` connector: what every connector promises, and how this one behaves like an IOC."""

from __future__ import annotations

import fcntl
import math
from pathlib import Path
from typing import Any

import pytest

from osprey.api import (
    Bounds,
    ChannelInfo,
    ConnectContext,
    ConnectorError,
    DType,
    ErrorKind,
    Fault,
    Put,
    Reading,
    Severity,
    control,
)
from osprey_sim.connector import SimConnector
from osprey_sim.settings import SimSettings

pytestmark = pytest.mark.anyio
HCM03 = "SR:S02:HCM03:CURRENT:SP"


async def open_ring(folder: Path, **settings: Any) -> SimConnector:
    context = ConnectContext(target="ring", settings=SimSettings(**settings), state_dir=folder)
    return await SimConnector.connect(context)


async def value_of(ring: SimConnector, name: str) -> Any:
    (result,) = await ring.read([name], timeout_s=5)
    assert isinstance(result, Reading), result
    return result.value


def put(channel: str, value: Any, dtype: DType = DType.FLOAT, **details: Any) -> Put:
    return Put(channel=channel, value=value, dtype=dtype, **details)


async def test_it_is_a_connector(tmp_path: Path) -> None:
    assert isinstance(await open_ring(tmp_path), control.Connector)


async def test_readings_come_in_the_order_asked_and_a_bad_name_hides_no_good_one(tmp_path: Path) -> None:
    ring = await open_ring(tmp_path)
    names = ["DCCT", "SR:NO:SUCH", HCM03, "SR:S02:HCM3:CURRENT:SP", f"{HCM03}.VAL"]
    results = await ring.read(names, timeout_s=5)
    assert [result.channel for result in results] == names
    assert [isinstance(result, Reading) for result in results] == [True, False, True, False, True]
    near = results[3]
    assert isinstance(near, Fault)
    assert near.kind is ErrorKind.NOT_FOUND
    assert HCM03 in near.message


async def test_a_reading_says_all_that_a_person_needs(tmp_path: Path) -> None:
    ring = await open_ring(tmp_path)
    (current,) = await ring.read(["SR:S01:DCCT01:CURRENT:RB"], timeout_s=5)
    assert isinstance(current, Reading)
    assert isinstance(current.value, float)
    assert 490 < current.value < 505
    assert (current.unit, current.severity, current.dtype) == ("mA", Severity.OK, DType.FLOAT)
    assert current.source_ns is not None
    assert 0 <= current.received_ns - current.source_ns < 10**9


async def test_an_enumeration_is_its_number_with_its_label(tmp_path: Path) -> None:
    ring = await open_ring(tmp_path)
    (state,) = await ring.read(["SR:S02:HCM03:STATE:RB"], timeout_s=5)
    assert isinstance(state, Reading)
    assert (state.value, state.label, state.dtype) == (1, "ON", DType.ENUM)


async def test_what_was_written_is_read_at_once_and_in_another_process(tmp_path: Path) -> None:
    ring, other = await open_ring(tmp_path), await open_ring(tmp_path)
    (result,) = await ring.write([put(HCM03, 0.5)], timeout_s=5)
    assert result.error is None
    assert result.channel == HCM03
    assert await value_of(ring, HCM03) == 0.5
    assert await value_of(other, HCM03) == 0.5
    await ring.aclose()
    assert await value_of(await open_ring(tmp_path), HCM03) == 0.5


async def test_a_batch_is_one_row_of_the_history(tmp_path: Path) -> None:
    ring = await open_ring(tmp_path)
    results = await ring.write([put("HCM03:SP", 0.5), put("HCM04:SP", -0.5)], timeout_s=5)
    assert [result.error for result in results] == [None, None]
    assert len((tmp_path / "ring.jsonl").read_text().splitlines()) == 2


@pytest.mark.parametrize(("asked", "taken"), [(500.0, 5.0), (-7.5, -5.0), (4.999, 4.999)])
async def test_a_value_beyond_the_drive_limits_is_clipped_without_a_word(
    tmp_path: Path, asked: float, taken: float
) -> None:
    ring = await open_ring(tmp_path)
    (result,) = await ring.write([put(HCM03, asked)], timeout_s=5)
    assert result.error is None
    assert await value_of(ring, HCM03) == taken


@pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        (put("SR:S01:DCCT01:CURRENT:RB", 1.0), ErrorKind.PERMISSION),
        (put("SR:S02:HCM03:CURRENT:RB", 1.0), ErrorKind.PERMISSION),
        (put(f"{HCM03}.DRVH", 100.0), ErrorKind.PERMISSION),
        (put(f"{HCM03}.PROC", 1), ErrorKind.PERMISSION),
        (put(HCM03 + '.VAL{"x":1}', 1.0), ErrorKind.PERMISSION),
        (put("SR:NO:SUCH", 1.0), ErrorKind.NOT_FOUND),
        (put(HCM03, math.nan), ErrorKind.BAD_VALUE),
        (put(HCM03, math.inf), ErrorKind.BAD_VALUE),
        (put(HCM03, "0.5", DType.STR), ErrorKind.BAD_VALUE),
        (put(HCM03, [0.5], shape=(1,)), ErrorKind.BAD_VALUE),
        (put("SR:S01:INJ01:TOPUP:SP", 2, DType.ENUM), ErrorKind.BAD_VALUE),
    ],
)
async def test_a_put_that_cannot_be_is_not_sent_and_the_others_are(tmp_path: Path, wrong: Put, kind: ErrorKind) -> None:
    ring = await open_ring(tmp_path)
    good, bad = await ring.write([put("HCM04:SP", 0.25), wrong], timeout_s=5)
    assert (good.error, good.was_sent) == (None, True)
    assert (bad.error, bad.was_sent, bad.channel) == (kind, False, wrong.channel)
    assert bad.message
    assert await value_of(ring, "HCM04:SP") == 0.25


async def test_a_batch_of_only_bad_puts_touches_nothing(tmp_path: Path) -> None:
    ring = await open_ring(tmp_path)
    await ring.write([put("SR:NO:SUCH", 1.0)], timeout_s=5)
    assert list(tmp_path.iterdir()) == []


async def test_top_up_is_switched_by_the_number_of_its_state(tmp_path: Path) -> None:
    ring = await open_ring(tmp_path)
    (result,) = await ring.write([put("SR:S01:INJ01:TOPUP:SP", 0, DType.ENUM)], timeout_s=5)
    assert result.error is None
    (state,) = await ring.read(["SR:S01:INJ01:TOPUP:SP"], timeout_s=5)
    assert isinstance(state, Reading)
    assert (state.value, state.label) == (0, "OFF")


async def test_a_history_that_another_process_holds_is_a_time_out_and_nothing_was_sent(tmp_path: Path) -> None:
    ring, reader = await open_ring(tmp_path), await open_ring(tmp_path)
    await ring.write([put(HCM03, 0.1)], timeout_s=5)
    with (tmp_path / "ring.jsonl").open("rb") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        (result,) = await ring.write([put(HCM03, 0.2)], timeout_s=0.01)
        (reading, unknown) = await reader.read([HCM03, "SR:NO:SUCH"], timeout_s=0.01)
    assert (result.error, result.was_sent) == (ErrorKind.TIMEOUT, False)
    assert isinstance(reading, Fault)
    assert (reading.kind, reading.retryable) == (ErrorKind.TIMEOUT, True)
    assert isinstance(unknown, Fault)
    assert unknown.kind is ErrorKind.NOT_FOUND
    assert await value_of(ring, HCM03) == 0.1


async def test_a_state_file_that_cannot_be_written_rejects_the_put(tmp_path: Path) -> None:
    (tmp_path / "ring.jsonl").mkdir()
    with pytest.raises(ConnectorError, match="cannot be used"):
        await open_ring(tmp_path)
    (tmp_path / "ring.jsonl").rmdir()
    ring = await open_ring(tmp_path)
    (tmp_path / "ring.jsonl").mkdir()
    (result,) = await ring.write([put(HCM03, 0.2)], timeout_s=5)
    assert (result.error, result.was_sent) == (ErrorKind.REJECTED, False)


async def test_describe_gives_the_canonical_name_and_the_limits(tmp_path: Path) -> None:
    ring = await open_ring(tmp_path)
    plain, alias, with_field, missing = await ring.describe(
        [HCM03, "HCM03:SP", f"{HCM03}.VAL", "SR:NO:SUCH"], timeout_s=5
    )
    for info in (plain, alias, with_field):
        assert isinstance(info, ChannelInfo)
        assert (info.name, info.is_value_field, info.has_modifier) == (HCM03, True, False)
        assert (info.drive, info.unit, info.precision, info.writable) == (Bounds(-5.0, 5.0), "A", 4, True)
    assert isinstance(missing, Fault)


@pytest.mark.parametrize(
    ("name", "field", "has_modifier"),
    [
        (f"{HCM03}.PROC", "PROC", False),
        (f"{HCM03}.VAL$", "VAL", True),
        (HCM03 + '.{"dbnd":{}}', "VAL", True),
        (HCM03 + ".VAL[0:1]", "VAL", True),
    ],
)
async def test_describe_shows_what_is_no_plain_value(tmp_path: Path, name: str, field: str, has_modifier: bool) -> None:
    ring = await open_ring(tmp_path)
    (info,) = await ring.describe([name], timeout_s=5)
    assert isinstance(info, ChannelInfo)
    assert (info.name, info.field, info.has_modifier, info.writable) == (HCM03, field, has_modifier, False)
    (reading,) = await ring.read([name], timeout_s=5)
    assert isinstance(reading, Fault)
    assert reading.kind is ErrorKind.UNSUPPORTED


async def test_a_read_only_channel_says_so(tmp_path: Path) -> None:
    (info,) = await (await open_ring(tmp_path)).describe(["DCCT"], timeout_s=5)
    assert isinstance(info, ChannelInfo)
    assert not info.writable
    assert info.alarm == Bounds(50.0, 520.0)


async def test_probe_names_what_cannot_be_reached(tmp_path: Path) -> None:
    ring = await open_ring(tmp_path)
    good, bad = await ring.probe([HCM03, "SR:NO:SUCH"], timeout_s=5)
    assert good.is_reachable
    assert good.latency_ms is not None
    assert not bad.is_reachable


async def test_search_lists_everything_for_nothing(tmp_path: Path) -> None:
    ring = await open_ring(tmp_path)
    assert len(await ring.search("", limit=100_000)) >= 300
    assert len(await ring.search("", limit=7)) == 7


async def test_a_subscription_gives_all_once_and_then_what_changed(tmp_path: Path) -> None:
    ring = await open_ring(tmp_path, noise=0.0)
    async with ring.subscribe([HCM03, "SR:S02:HCM03:STATE:RB"], max_rate_hz=100) as updates:
        first = await anext(updates)
        assert len(first) == 2
        await ring.write([put(HCM03, 0.75)], timeout_s=5)
        (second,) = await anext(updates)
    assert isinstance(second, Reading)
    assert (second.channel, second.value) == (HCM03, 0.75)


async def test_the_seed_setting_chooses_the_machine(tmp_path: Path) -> None:
    first, second = await open_ring(tmp_path / "a", seed=1), await open_ring(tmp_path / "b", seed=2)
    assert await value_of(first, HCM03) != await value_of(second, HCM03)


async def test_the_noise_setting_scales_the_noise(tmp_path: Path) -> None:
    quiet = await open_ring(tmp_path, noise=0.0)
    assert await value_of(quiet, "HCM03:RB") == await value_of(quiet, "HCM03:SP")


@pytest.mark.parametrize("noise", [-1.0, math.nan, math.inf])
def test_a_noise_that_is_no_factor_is_refused(noise: float) -> None:
    with pytest.raises(ValueError, match="0 \\(no noise\\) or more"):
        SimSettings(noise=noise)


async def test_the_state_setting_names_the_file(tmp_path: Path) -> None:
    relative = await open_ring(tmp_path, state=Path("deep/own.jsonl"))
    await relative.write([put(HCM03, 0.5)], timeout_s=5)
    assert (tmp_path / "deep" / "own.jsonl").exists()
    absolute = await open_ring(Path("/nowhere"), state=tmp_path / "deep" / "own.jsonl")
    assert await value_of(absolute, HCM03) == 0.5
