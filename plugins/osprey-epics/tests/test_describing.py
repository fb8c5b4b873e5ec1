"""What a real IOC says of its channels."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from connecting import Opener
from soft_ioc import SoftIoc

from osprey.control import Bounds, ChannelInfo, DType, ErrorKind, Fault, Reading
from osprey_epics.batch import Ask, Request
from osprey_epics.connector import EpicsConnector
from osprey_epics.dbr import Sample
from osprey_epics.names import parse_name
from osprey_epics.record_facts import RecordFacts, Sender

pytestmark = [pytest.mark.anyio, pytest.mark.ioc]


async def describe(connector: EpicsConnector, name: str, timeout_s: float = 10) -> ChannelInfo:
    info = (await connector.describe([name], timeout_s=timeout_s))[0]
    assert isinstance(info, ChannelInfo), info
    return info


async def test_a_setpoint_is_described_in_full(connector: EpicsConnector, ioc: SoftIoc) -> None:
    assert await describe(connector, ioc.name("CUR")) == ChannelInfo(
        channel=ioc.name("CUR"),
        name=ioc.name("CUR"),
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
        ("CUR", "VAL", True, False),
        ("CUR.VAL", "VAL", True, False),
        ("ALIAS", "VAL", True, False),
        ("ALIAS.VAL", "VAL", True, False),
        ("ALIAS.HOPR", "HOPR", False, False),
        ("CUR.DESC$", "DESC", False, True),
        ('CUR.{"dbnd":{"d":0.1}}', "VAL", True, True),
        ('ALIAS.VAL{"ts":{}}', "VAL", True, True),
    ],
)
async def test_every_spelling_leads_to_the_record_s_own_name(
    connector: EpicsConnector,
    ioc: SoftIoc,
    spelling: str,
    field: str,
    is_value_field: bool,
    has_modifier: bool,
) -> None:
    info = await describe(connector, ioc.name(spelling))
    assert info.name == ioc.name("CUR")
    assert (info.field, info.is_value_field, info.has_modifier) == (field, is_value_field, has_modifier)
    assert info.drive == (Bounds(-10, 10) if is_value_field and not has_modifier else Bounds())


async def test_a_name_longer_than_a_string_is_not_cut(connector: EpicsConnector, ioc: SoftIoc) -> None:
    name = ioc.name("L" + "ONGNAME" * 6)
    assert len(name) > 40
    info = await describe(connector, name)
    assert (info.name, info.drive) == (name, Bounds(0, 5))


async def test_drive_limits_of_zero_mean_none(connector: EpicsConnector, ioc: SoftIoc) -> None:
    assert (await describe(connector, ioc.name("FREE"))).drive == Bounds()


@pytest.mark.parametrize("record", ["CALC", "WF", "MODE", "STR"])
async def test_a_record_without_drive_limits_does_not_take_until_the_deadline(
    connector: EpicsConnector, ioc: SoftIoc, record: str
) -> None:
    # Longer than a test may take.
    assert (await describe(connector, ioc.name(record), timeout_s=240)).drive == Bounds()


async def test_types_shapes_labels_and_limits_of_other_records(connect: Opener, ioc: SoftIoc) -> None:
    connector = await connect(ioc.port, text_channels=["*:TEXT"])
    names = [ioc.name(record) for record in ("MODE", "BO", "STR", "TEXT", "WF", "IWF", "LONG", "LSTR")]
    infos = await connector.describe(names, timeout_s=10)
    assert all(isinstance(info, ChannelInfo) for info in infos)
    mode, bo, text, long_text, waveform, whole, number, raw = (i for i in infos if isinstance(i, ChannelInfo))
    assert (mode.dtype, mode.labels) == (DType.ENUM, ("OFF", "ON", "FAULT"))
    assert (bo.dtype, bo.labels) == (DType.ENUM, ("Closed", "Open"))
    assert (text.dtype, text.shape) == (DType.STR, ())
    assert (long_text.dtype, long_text.shape) == (DType.STR, ())
    assert (raw.dtype, raw.shape) == (DType.INT, (121,))
    assert (waveform.dtype, waveform.shape, waveform.unit) == (DType.FLOAT, (100,), "V")
    assert (whole.dtype, whole.shape) == (DType.INT, (8,))
    assert (number.dtype, number.drive) == (DType.INT, Bounds(0, 1000))


async def test_access_rights_are_those_of_the_server(connector: EpicsConnector, ioc: SoftIoc) -> None:
    assert not (await describe(connector, ioc.name("LOCKED"))).writable
    assert (await describe(connector, ioc.name("CUR"))).writable


async def test_a_missing_channel_is_a_fault_among_descriptions(connector: EpicsConnector, ioc: SoftIoc) -> None:
    good, missing, impossible = await connector.describe([ioc.name("CUR"), ioc.name("NOPE"), "A B"], timeout_s=1)
    assert isinstance(good, ChannelInfo)
    assert isinstance(missing, Fault)
    assert isinstance(impossible, Fault)
    assert missing.kind is ErrorKind.NOT_FOUND


async def test_a_thousand_channels_are_described(connector: EpicsConnector, ioc: SoftIoc) -> None:
    names = [ioc.name(f"AO{index:04d}") for index in range(1000)]
    infos = await connector.describe(names, timeout_s=60)
    assert [info.name for info in infos if isinstance(info, ChannelInfo)] == names
    assert {info.drive for info in infos if isinstance(info, ChannelInfo)} == {Bounds(-1e6, 1e6)}


def answering(*, is_alive: bool = True, **fields: object) -> Sender:
    """Make a server that has these fields of record X, and is silent about others."""

    async def send(requests: Sequence[Request], patience_s: float) -> None:
        for request in requests:
            value = 1.0 if request.ask is Ask.LIFE and is_alive else fields.get(request.name.removeprefix("X."))
            if value is not None:
                dtype = DType.STR if isinstance(value, str) else DType.FLOAT
                request.result = Sample(value, dtype, (), 0, 0, None, 1)

    return send


async def ask(server: Sender, unlimited: set[str] | None = None) -> RecordFacts:
    facts = RecordFacts([parse_name("X")])
    await facts.ask(server)
    await facts.ask_further(server, set() if unlimited is None else unlimited)
    return facts


async def test_an_unknown_kind_of_record_is_asked_for_drive_limits_once() -> None:
    unlimited = set[str]()
    facts = await ask(answering(RTYP="strange", DRVL=-1.0, DRVH=2.0, **{"NAME$": "X"}), unlimited)
    assert (facts.what_did_not_come("X"), facts.drive("X"), unlimited) == ("", Bounds(-1, 2), set())
    facts = await ask(answering(RTYP="odd", **{"NAME$": "X"}), unlimited)
    assert (facts.what_did_not_come("X"), facts.drive("X"), unlimited) == ("", Bounds(), {"odd"})


@pytest.mark.parametrize("kind", ["ao", "longout", "int64out", "strange"])
@pytest.mark.parametrize("told", [{}, {"DRVL": -1.0}, {"DRVH": 1.0}])
async def test_drive_limits_that_do_not_come_are_never_no_limits(kind: str, told: dict[str, float]) -> None:
    unlimited = set[str]()
    facts = await ask(answering(is_alive=False, RTYP=kind, **{"NAME$": "X"}, **told), unlimited)
    assert facts.what_did_not_come("X") in ("DRVL", "DRVH")
    assert unlimited == set()


async def test_one_drive_limit_alone_is_not_a_kind_without_limits() -> None:
    facts = await ask(answering(RTYP="strange", DRVL=-1.0, **{"NAME$": "X"}))
    assert facts.what_did_not_come("X") == "DRVH"


async def test_a_name_that_does_not_come_is_a_fault() -> None:
    facts = await ask(answering(RTYP="ao", DRVL=-1.0, DRVH=1.0))
    assert facts.what_did_not_come("X") == "NAME"


async def test_a_kind_that_does_not_come_is_a_fault() -> None:
    facts = await ask(answering(**{"NAME$": "X"}))
    assert facts.what_did_not_come("X") == "RTYP"


async def test_a_channel_of_a_server_without_records_has_no_name() -> None:
    facts = await ask(answering())
    assert (facts.what_did_not_come("X"), facts.name("X"), facts.drive("X")) == ("", None, Bounds())
    assert (await ask(answering(is_alive=False))).what_did_not_come("X") == "RTYP"


async def test_a_server_without_long_fields_gives_the_name_unless_it_may_be_cut() -> None:
    for name, expected in (("SHORT", "SHORT"), ("L" * 39, None)):
        facts = await ask(answering(RTYP="calc", NAME=name))
        assert (facts.what_did_not_come("X"), facts.name("X")) == ("", expected)


def test_a_record_that_says_nothing_has_no_name_and_no_limits() -> None:
    facts = RecordFacts([])
    assert facts.name("X") is None
    assert facts.drive("X") == Bounds()
    assert facts.description("X") == ""


async def test_a_record_whose_limits_do_not_come_in_time_is_not_described(
    connector: EpicsConnector, ioc: SoftIoc, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("osprey_epics.record_facts._DRIVE", ("DRVL", "NOPE"))
    (fault,) = await connector.describe([ioc.name("CUR")], timeout_s=1)
    assert isinstance(fault, Fault)
    assert (fault.kind, fault.retryable) == (ErrorKind.TIMEOUT, True)
    assert "CUR.NOPE did not answer" in fault.message


async def test_a_kind_of_record_that_is_not_known_is_waited_for_once(
    connector: EpicsConnector, ioc: SoftIoc, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("osprey_epics.record_facts.WITHOUT_DRIVE_LIMITS", frozenset())
    for _ in range(2):
        # Longer than a test may take.
        assert (await describe(connector, ioc.name("CALC"), timeout_s=240)).drive == Bounds()


async def test_a_shorter_waveform_is_described_with_all_that_it_can_hold(
    connector: EpicsConnector, ioc: SoftIoc
) -> None:
    (reading,) = await connector.read([ioc.name("PART")], timeout_s=5)
    assert isinstance(reading, Reading)
    assert reading.shape == (5,)
    assert (await describe(connector, ioc.name("PART"))).shape == (8,)
