"""The conformance suite itself: each promise, broken on purpose, makes its test fail."""

from __future__ import annotations

import math
from contextlib import asynccontextmanager
from importlib import import_module

import anyio
import pytest
from attrs import evolve

from osprey.control import DType, ErrorKind, Fault, MockConnector, MockSettings, PutResult, Severity
from osprey.control.mock.connector import MockFault
from osprey.errors import OspreyError
from osprey.testing.conformance import Absent, ConnectorPeer, Roles, connector_tests

NUMBER = "SR:01:HCM1:SP"


class Peer(ConnectorPeer):
    roles = Roles(
        number=NUMBER,
        unit="A",
        aliases={f"{NUMBER}.VAL": NUMBER},
        integer="BL:Counts",
        flag=Absent("the mock has no truth values"),
        text="OP:Title",
        enumeration="BL:Shutter",
        waveform="SR:WF",
        read_only="SR:01:HCM1:RB",
        limited="SR:02:HCM2:SP",
        missing="NO:SUCH",
        slow_read="SLOW:1",
        slow_put="SLOW:2",
        rejecting="REJECTING",
        alarmed="ALARMED",
        search=Absent("the mock cannot list channels"),
        takes_any_name=True,
    )
    kind = MockConnector

    def start(self):
        self.opened = []

    def stop(self):
        for connector in self.opened:
            connector.inject("*", MockFault.GONE)

    async def connect(self, folder):
        del folder
        faults = {"NO:SUCH*": "missing", "SLOW:*": "slow", "REJECTING": "reject", "ALARMED": "major"}
        self.opened.append(self.kind(MockSettings(faults=faults)))
        return self.opened[-1]

    def count_puts(self, channel):
        return sum(connector.count_puts(channel) for connector in self.opened)


class ForgetsTheOrder(MockConnector):
    async def read(self, channels, *, timeout_s):
        return sorted(await super().read(channels, timeout_s=timeout_s), key=lambda one: one.channel)


class DropsTheMissing(MockConnector):
    async def read(self, channels, *, timeout_s):
        return [one for one in await super().read(channels, timeout_s=timeout_s) if not isinstance(one, Fault)]


class FailsAsOne(MockConnector):
    async def read(self, channels, *, timeout_s):
        results = await super().read(channels, timeout_s=timeout_s)
        bad = next((one for one in results if isinstance(one, Fault)), None)
        return [evolve(bad, channel=one.channel) for one in results] if bad else results


class ReadsACache(MockConnector):
    async def read(self, channels, *, timeout_s):
        self.cache = {**{one.channel: one for one in await super().read(channels, timeout_s=timeout_s)}, **self.seen()}
        return [self.cache[channel] for channel in channels]

    def seen(self):
        return getattr(self, "cache", {})


class SaysDoneToEverything(MockConnector):
    async def write(self, puts, *, timeout_s):
        await super().write(puts, timeout_s=timeout_s)
        return [PutResult(channel=put.channel) for put in puts]


class SaysSurelyNotSent(MockConnector):
    async def write(self, puts, *, timeout_s):
        return [evolve(one, was_sent=False) for one in await super().write(puts, timeout_s=timeout_s)]


class SendsTwice(MockConnector):
    async def write(self, puts, *, timeout_s):
        await super().write(puts, timeout_s=timeout_s)
        return await super().write(puts, timeout_s=timeout_s)


class SecondsInsteadOfNanoseconds(MockConnector):
    async def read(self, channels, *, timeout_s):
        results = await super().read(channels, timeout_s=timeout_s)
        return [one if isinstance(one, Fault) else evolve(one, received_ns=one.received_ns // 10**9) for one in results]


class KeepsTheAliasAsName(MockConnector):
    async def describe(self, channels, *, timeout_s):
        infos = await super().describe(channels, timeout_s=timeout_s)
        return [info if isinstance(info, Fault) else evolve(info, name=info.channel) for info in infos]


class HidesAlarms(MockConnector):
    async def read(self, channels, *, timeout_s):
        results = await super().read(channels, timeout_s=timeout_s)
        return [one if isinstance(one, Fault) else evolve(one, severity=Severity.OK) for one in results]


class EverythingIsAFloat(MockConnector):
    async def read(self, channels, *, timeout_s):
        results = await super().read(channels, timeout_s=timeout_s)
        return [one if isinstance(one, Fault) else evolve(one, dtype=DType.FLOAT) for one in results]


class HangsOnTheMissing(MockConnector):
    async def read(self, channels, *, timeout_s):
        if "NO:SUCH" in channels:
            await anyio.sleep(3600)
        return await super().read(channels, timeout_s=timeout_s)


class ReadsOnWhenClosed(MockConnector):
    async def aclose(self):
        pass


class ReadsOnWhenLost(MockConnector):
    async def read(self, channels, *, timeout_s):
        try:
            results = await super().read(channels, timeout_s=timeout_s)
        except OspreyError:
            return []
        lost = [one for one in results if isinstance(one, Fault) and one.kind is ErrorKind.UNREACHABLE]
        return self.last if lost else setattr(self, "last", results) or results


class NeverDropsACount(MockConnector):
    @asynccontextmanager
    async def subscribe(self, channels, *, max_rate_hz=10.0, buffer=0):
        async with super().subscribe(channels, max_rate_hz=max_rate_hz, buffer=buffer) as updates:
            updates.offer_and_count = updates.offer
            yield Uncounted(updates)


class Uncounted:
    dropped = 0

    def __init__(self, updates):
        self.updates = updates

    def __aiter__(self):
        return self

    async def __anext__(self):
        return await anext(self.updates)


class IgnoresTheRate(MockConnector):
    def subscribe(self, channels, *, max_rate_hz=10.0, buffer=0):
        return super().subscribe(channels, max_rate_hz=math.inf, buffer=buffer)


class IgnoresTheBuffer(MockConnector):
    def subscribe(self, channels, *, max_rate_hz=10.0, buffer=0):
        return super().subscribe(channels, max_rate_hz=max_rate_hz)


FAULTS = [
    (ForgetsTheOrder, "test_results_come_in_the_order_asked"),
    (DropsTheMissing, "test_a_missing_name_does_not_hide_the_good_ones"),
    (FailsAsOne, "test_a_missing_name_does_not_hide_the_good_ones"),
    (ReadsACache, "test_each_reading_is_fresh"),
    (SaysDoneToEverything, "test_a_put_that_the_system_rejects_says_so"),
    (SaysDoneToEverything, "test_a_put_that_does_not_complete_in_time_may_have_landed"),
    (SaysDoneToEverything, "test_a_put_to_a_read_only_channel_lacks_permission"),
    (SaysDoneToEverything, "test_a_value_of_another_type_is_not_sent"),
    (SaysSurelyNotSent, "test_a_put_that_does_not_complete_in_time_may_have_landed"),
    (SendsTwice, "test_each_put_is_sent_once"),
    (SendsTwice, "test_a_put_that_timed_out_is_not_sent_again"),
    (SecondsInsteadOfNanoseconds, "test_times_are_nanoseconds_since_1970_in_utc"),
    (KeepsTheAliasAsName, "test_another_spelling_has_the_same_canonical_name"),
    (HidesAlarms, "test_an_alarm_is_shown_with_the_reading"),
    (EverythingIsAFloat, "test_an_enumeration_is_a_number_with_its_label"),
    (EverythingIsAFloat, "test_types_and_units_agree_with_the_description"),
    (HangsOnTheMissing, "test_a_batch_with_a_missing_name_ends_with_its_deadline"),
    (ReadsOnWhenClosed, "test_reading_after_the_close_is_an_error_and_no_hang"),
    (ReadsOnWhenLost, "test_a_lost_system_is_unreachable_and_no_reading_is_old"),
    (NeverDropsACount, "test_a_small_buffer_counts_what_it_loses"),
    (IgnoresTheRate, "test_lists_come_at_most_as_often_as_asked"),
    (IgnoresTheBuffer, "test_a_large_buffer_loses_nothing"),
]


def run(test, kind, monkeypatch):
    """Run one test of the suite as pytest would, with hangs cut short."""
    monkeypatch.setattr(import_module(test.__module__), "_HANG_S", 4.0, raising=False)

    async def body():
        peer = type("OneKind", (Peer,), {"kind": kind})()
        peer.start()
        given = {"peer": peer, "mortal_peer": peer, "connect": lambda running: running.connect(None)}
        names = test.__code__.co_varnames[: test.__code__.co_argcount]
        if "connector" in names:
            given["connector"] = await peer.connect(None)
        await test(**{name: given[name] for name in names})

    anyio.run(body)


@pytest.mark.parametrize(("kind", "name"), FAULTS)
def test_a_broken_promise_fails_its_test_and_a_kept_one_does_not(kind, name, monkeypatch):
    test = connector_tests(Peer)[name]
    run(test, MockConnector, monkeypatch)
    with pytest.raises((AssertionError, TimeoutError, ValueError, ExceptionGroup)):
        run(test, kind, monkeypatch)


def test_the_tests_of_an_absent_part_are_not_made():
    made = connector_tests(Peer)
    assert "test_a_flag_is_set" not in made
    assert "test_an_integer_is_set" in made
    assert "test_a_search_finds_the_number" not in made


def test_an_absent_part_has_its_reason():
    with pytest.raises(ValueError, match="say in a sentence why"):
        Absent("no")
