"""PV Access against a real soft IOC with QSRV: what the conformance suite cannot know."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import anyio
import numpy as np
import pytest
from connecting import PvaOpener
from soft_ioc import SoftIoc

from osprey.control import Bounds, ChannelInfo, DType, ErrorKind, Fault, Put, PutResult, Reading, Severity, Value
from osprey_epics.pva.connector import EpicsPvaConnector
from osprey_epics.pva.settings import PvaGatewaySettings, PvaGatewaysSettings

pytestmark = [pytest.mark.anyio, pytest.mark.ioc]


async def read(connector: EpicsPvaConnector, name: str) -> Reading:
    (reading,) = await connector.read([name], timeout_s=10)
    assert isinstance(reading, Reading), reading
    return reading


async def describe(connector: EpicsPvaConnector, name: str) -> ChannelInfo:
    (info,) = await connector.describe([name], timeout_s=10)
    assert isinstance(info, ChannelInfo), info
    return info


async def write(
    connector: EpicsPvaConnector, name: str, value: Value, dtype: DType = DType.FLOAT, timeout_s: float = 10
) -> PutResult:
    return (await connector.write([Put(channel=name, value=value, dtype=dtype)], timeout_s=timeout_s))[0]


async def test_a_setpoint_is_described_in_full(pva: EpicsPvaConnector, pva_ioc: SoftIoc) -> None:
    name = pva_ioc.name("CUR")
    assert await describe(pva, name) == ChannelInfo(
        channel=name,
        name=name,
        dtype=DType.FLOAT,
        unit="A",
        precision=3,
        description="corrector current",
        drive=Bounds(-10, 10),
        display=Bounds(-12, 12),
        warning=Bounds(-8, 8),
        alarm=Bounds(-9, 9),
        writable=True,
    )


@pytest.mark.parametrize(
    ("spelling", "field", "is_value_field", "has_modifier"),
    [
        ("ALIAS", "VAL", True, False),
        ("ALIAS.VAL", "VAL", True, False),
        ("CUR/value", "VAL", True, False),
        ("CUR.HOPR", "HOPR", False, False),
        ("ALIAS/display/units", "VAL/display/units", False, False),
        ("CUR/alarm/severity", "VAL/alarm/severity", False, False),
        ("CUR.DESC$", "DESC", False, True),
    ],
)
async def test_every_spelling_leads_to_the_record_and_only_its_value_is_the_value_field(
    pva: EpicsPvaConnector, pva_ioc: SoftIoc, spelling: str, field: str, is_value_field: bool, has_modifier: bool
) -> None:
    info = await describe(pva, pva_ioc.name(spelling))
    assert info.name == pva_ioc.name("CUR")
    assert (info.field, info.is_value_field, info.has_modifier) == (field, is_value_field, has_modifier)
    assert info.drive == (Bounds(-10, 10) if is_value_field else Bounds())


async def test_a_name_longer_than_a_string_of_channel_access_is_whole(pva: EpicsPvaConnector, pva_ioc: SoftIoc) -> None:
    name = pva_ioc.name("L" + "ONGNAME" * 6)
    info = await describe(pva, name)
    assert (info.name, info.drive) == (name, Bounds(0, 5))


async def test_an_array_is_described_with_all_that_it_can_hold(pva: EpicsPvaConnector, pva_ioc: SoftIoc) -> None:
    assert (await read(pva, pva_ioc.name("PART"))).shape == (5,)
    assert (await describe(pva, pva_ioc.name("PART"))).shape == (8,)


async def test_columns_of_a_table_are_read(pva: EpicsPvaConnector, pva_ioc: SoftIoc) -> None:
    position = await read(pva, pva_ioc.name("TABLE/position"))
    assert (position.dtype, position.shape) == (DType.FLOAT, (3,))
    assert list(np.asarray(position.value)) == [0.0, 1.0, 2.0]
    assert (await read(pva, pva_ioc.name("TABLE/current"))).dtype is DType.INT
    assert position.source_ns is not None


async def test_a_table_is_not_one_value_and_says_which_columns_it_has(pva: EpicsPvaConnector, pva_ioc: SoftIoc) -> None:
    (fault,) = await pva.read([pva_ioc.name("TABLE")], timeout_s=10)
    assert isinstance(fault, Fault)
    assert fault.kind is ErrorKind.UNSUPPORTED
    assert pva_ioc.name("TABLE/position") in fault.message
    (status,) = await pva.probe([pva_ioc.name("TABLE")], timeout_s=10)
    assert status.is_reachable


async def test_fields_of_a_structure_are_read(pva: EpicsPvaConnector, pva_ioc: SoftIoc) -> None:
    assert (await read(pva, pva_ioc.name("CUR/display/limitHigh"))).value == 12.0
    assert (await read(pva, pva_ioc.name("BAD/alarm/severity"))).value == 3
    form = await read(pva, pva_ioc.name("CUR/display/form"))
    assert (form.dtype, form.label) == (DType.ENUM, "Default")
    for name in ("CUR/display", "CUR/display/nothing", "CUR/value/deeper"):
        (fault,) = await pva.read([pva_ioc.name(name)], timeout_s=10)
        assert isinstance(fault, Fault), name
        assert fault.kind is ErrorKind.UNSUPPORTED


async def test_severity_and_alarm_are_the_records_own(pva: EpicsPvaConnector, pva_ioc: SoftIoc) -> None:
    bad = await read(pva, pva_ioc.name("BAD"))
    assert (bad.severity, bad.alarm) == (Severity.INVALID, "HWLIMIT")


async def test_a_record_that_was_never_processed_has_no_time(pva: EpicsPvaConnector, pva_ioc: SoftIoc) -> None:
    assert (await read(pva, pva_ioc.name("LATER"))).source_ns is None


async def test_a_disabled_record_rejects_with_the_server_s_words(pva: EpicsPvaConnector, pva_ioc: SoftIoc) -> None:
    result = await write(pva, pva_ioc.name("RO"), 5.0)
    assert (result.error, result.was_sent) == (ErrorKind.REJECTED, True)
    assert "S_db_putDisabled" in result.message


async def test_a_record_that_may_not_be_written_refuses_for_lack_of_permission(
    pva: EpicsPvaConnector, pva_ioc: SoftIoc
) -> None:
    result = await write(pva, pva_ioc.name("LOCKED"), 0.5)
    assert result.error is ErrorKind.PERMISSION
    assert (await read(pva, pva_ioc.name("LOCKED"))).value == 1.0


async def test_a_put_that_failed_after_the_record_took_it_is_in_doubt_and_the_server_lives(
    pva: EpicsPvaConnector, pva_ioc: SoftIoc
) -> None:
    name = pva_ioc.name("FORMULA.CALC")
    result = await write(pva, name, "A*(", DType.STR)
    assert (result.error, result.was_sent) == (ErrorKind.INVALID_DATA, True)
    assert (await read(pva, name)).value == "A*("


async def test_a_clipped_put_completes_and_the_read_back_shows_it(pva: EpicsPvaConnector, pva_ioc: SoftIoc) -> None:
    assert (await write(pva, pva_ioc.name("CUR"), 500.0)).error is None
    assert (await read(pva, pva_ioc.name("CUR"))).value == 10.0


@pytest.mark.parametrize("part", ["CUR/display/limitHigh", "CUR/alarm/severity", "TABLE/position"])
async def test_a_part_of_a_structure_is_never_written(pva: EpicsPvaConnector, pva_ioc: SoftIoc, part: str) -> None:
    result = await write(pva, pva_ioc.name(part), 1.0)
    assert (result.error, result.was_sent) == (ErrorKind.UNSUPPORTED, False)


@pytest.mark.parametrize(
    ("record", "value", "dtype"),
    [
        ("LONG", 1.5, DType.FLOAT),
        ("LONG", 2**40, DType.INT),
        ("LONG", float("nan"), DType.FLOAT),
        ("MODE", 3, DType.ENUM),
        ("MODE", "ON", DType.ENUM),
        ("STR", 5, DType.INT),
        ("WF", 1.0, DType.FLOAT),
        ("IWF", [1.5], DType.FLOAT),
        ("TABLE", [1.0], DType.FLOAT),
    ],
)
async def test_a_value_that_the_channel_cannot_hold_is_not_sent(
    pva: EpicsPvaConnector, pva_ioc: SoftIoc, record: str, value: Value, dtype: DType
) -> None:
    before = pva_ioc.puts(record)
    result = await write(pva, pva_ioc.name(record), value, dtype)
    assert (result.error, result.was_sent) == (ErrorKind.BAD_VALUE, False), result
    assert pva_ioc.puts(record) == before


async def test_texts_and_arrays_are_written_whole(connect_pva: PvaOpener, pva_ioc: SoftIoc) -> None:
    connector = await connect_pva(pva_ioc.pva_port)
    text = "a text longer than any string of Channel Access can be: grüße"
    assert (await write(connector, pva_ioc.name("TEXT"), text, DType.STR)).error is None
    assert (await read(connector, pva_ioc.name("TEXT"))).value == text
    assert (await write(connector, pva_ioc.name("IWF"), [3, 2, 1], DType.INT)).error is None
    assert list(np.asarray((await read(connector, pva_ioc.name("IWF"))).value)) == [3, 2, 1]


async def test_reads_and_writes_can_go_through_different_gateways(
    connect_pva: PvaOpener, pva_ioc: SoftIoc, make_ioc: Callable[..., SoftIoc]
) -> None:
    other = make_ioc(has_pva=True)
    other.start()
    ways = PvaGatewaysSettings(
        read=PvaGatewaySettings(port=pva_ioc.pva_port), write=PvaGatewaySettings(port=other.pva_port)
    )
    connector = await connect_pva(5076, gateways=ways)
    here, there = pva_ioc.name("FREE"), other.name("FREE")
    seen = await connector.read([here, there], timeout_s=1)
    assert [getattr(result, "kind", None) for result in seen] == [None, ErrorKind.NOT_FOUND]
    puts = [Put(channel=name, value=7.0, dtype=DType.FLOAT) for name in (here, there)]
    assert [result.error for result in await connector.write(puts, timeout_s=1)] == [ErrorKind.NOT_FOUND, None]
    assert (pva_ioc.puts("FREE"), other.puts("FREE")) == ([], [(there, "7.0")])
    assert [endpoint.purpose for endpoint in await connector.endpoints(timeout_s=1)] == ["reads", "writes"]


async def test_missing_channels_do_not_delay_good_ones(connect_pva: PvaOpener, pva_ioc: SoftIoc) -> None:
    connector = await connect_pva(pva_ioc.pva_port)
    names = [pva_ioc.name(f"{kind}{index:04d}") for index in range(50) for kind in ("NOPE", "AO")]
    results = await connector.read(names, timeout_s=2)
    assert [isinstance(result, Reading) for result in results] == [False, True] * 50
    assert connector.operation_count == 0 or await read(connector, pva_ioc.name("CUR"))


async def test_a_put_whose_ioc_dies_midway_is_in_doubt_and_is_not_sent_again(
    connect_pva: PvaOpener, make_ioc: Callable[..., SoftIoc]
) -> None:
    server = make_ioc(slow_s=60, has_pva=True)
    server.start()
    connector = await connect_pva(server.pva_port)
    results: list[PutResult] = []

    async def put() -> None:
        results.append(await write(connector, server.name("SLOW"), 5.0, timeout_s=15))

    async with anyio.create_task_group() as group:
        group.start_soon(put)
        while not server.puts("SLOW"):
            await anyio.sleep(0.01)
        server.stop()
        await anyio.to_thread.run_sync(server.start)
    assert results[0].was_sent
    assert results[0].error in (ErrorKind.TIMEOUT, ErrorKind.UNREACHABLE, ErrorKind.INVALID_DATA)
    while not isinstance((await connector.read([server.name("SLOW")], timeout_s=2))[0], Reading):
        pass
    assert len(server.puts("SLOW")) == 1


async def test_a_record_whose_limits_do_not_come_in_time_is_not_described(
    pva: EpicsPvaConnector, pva_ioc: SoftIoc, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("osprey_epics.record_facts._DRIVE", ("DRVL", "NOPE"))
    (fault,) = await pva.describe([pva_ioc.name("CUR")], timeout_s=1)
    assert isinstance(fault, Fault)
    assert fault.kind is ErrorKind.TIMEOUT


async def test_every_update_is_whole(pva: EpicsPvaConnector, pva_ioc: SoftIoc) -> None:
    """A server sends only what has changed; what has not is still told."""
    name = pva_ioc.name("AO0007")
    seen: dict[object, Reading] = {}
    start = (await read(pva, name)).value
    assert isinstance(start, float)
    values = [start + 1, start + 2, start + 3]
    async with pva.subscribe([name], max_rate_hz=1000, buffer=100) as updates:
        for value in values:
            assert (await write(pva, name, value)).error is None
            while value not in seen:
                seen |= {one.value: one for one in await anext(updates) if isinstance(one, Reading)}
    assert {(one.unit, one.severity) for one in seen.values()} == {("mA", Severity.OK)}
    stamps = [seen[value].source_ns or 0 for value in values]
    assert stamps == sorted(set(stamps))


async def test_a_subscription_leaves_nothing_behind(pva: EpicsPvaConnector, pva_ioc: SoftIoc) -> None:
    names = [pva_ioc.name("FAST"), pva_ioc.name("TABLE/position"), pva_ioc.name("TABLE"), "A B"]
    seen: dict[str, object] = {}
    async with pva.subscribe(names) as updates:
        async for results in updates:
            seen |= {result.channel: getattr(result, "kind", None) for result in results}
            if len(seen) == 4:
                break
    assert list(map(seen.get, names)) == [None, None, ErrorKind.UNSUPPORTED, ErrorKind.NOT_FOUND]
    await read(pva, pva_ioc.name("FAST"))
    with anyio.fail_after(30):
        while pva.operation_count:  # closed on the context's own thread
            await anyio.sleep(0.01)


BOTH = """
import sys, anyio
from pathlib import Path
from osprey.control import ConnectContext, Reading

async def main(order, ca_port, pva_port, name):
    found = []
    for which in order:
        if which == "c":
            from osprey_epics.connector import EpicsConnector as Connector
            settings = {"address": "127.0.0.1", "port": ca_port}
        else:
            from osprey_epics.pva.connector import EpicsPvaConnector as Connector
            settings = {"address": "127.0.0.1", "port": pva_port}
        connector = await Connector.connect(ConnectContext(target=which, settings=settings, state_dir=Path()))
        found.append(connector)
    for _ in range(3):
        for connector in found:
            (reading,) = await connector.read([name], timeout_s=20)
            print(reading.value)
    for connector in found:
        await connector.aclose()

anyio.run(main, sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
"""


@pytest.mark.parametrize("order", ["cp", "pc"])
def test_both_protocols_live_in_one_process(pva_ioc: SoftIoc, order: str) -> None:
    arguments = [order, str(pva_ioc.port), str(pva_ioc.pva_port), pva_ioc.name("UNIT")]
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", BOTH, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=dict(os.environ),
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "1.0\n" * 6, "")


PROGRAM = """
import sys, anyio
from pathlib import Path
from osprey.control import ConnectContext
from osprey_epics.pva.connector import EpicsPvaConnector

async def main(port, name):
    context = ConnectContext(target="t", settings={"address": "127.0.0.1", "port": port}, state_dir=Path())
    connector = await EpicsPvaConnector.connect(context)
    names = [f"{name}:AO{index:04d}" for index in range(1000)]
    results = await connector.read(names, timeout_s=20)
    print(sum(hasattr(result, "value") for result in results))
    watch = connector.subscribe([*names, name + ":FAST"])
    await anext(await watch.__aenter__())
    {end}

anyio.run(main, int(sys.argv[1]), sys.argv[2])
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
def test_a_process_ends_cleanly_however_it_leaves_the_connector(pva_ioc: SoftIoc, end: str, code: int) -> None:
    program = PROGRAM.replace("{end}", end)
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", program, str(pva_ioc.pva_port), pva_ioc.prefix],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (code, "1000\n", "")
