"""Each key of the limits decides about writes as it says."""

from __future__ import annotations

import pytest
from attrs import evolve

from osprey.control import ErrorKind, Fault, MockConnector, Outcome, WriteItem
from osprey.control.mock.connector import MockFault

SP = "SR:01:HCM1:SP"
SP2 = "SR:01:HCM2:SP"
SECOND = 1_000_000_000

pytestmark = pytest.mark.anyio


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self):
        self.now_ns = 1_800_000_000 * SECOND

    def __call__(self):
        return self.now_ns

    def pass_s(self, seconds):
        self.now_ns += int(seconds * SECOND)


@pytest.fixture
def clock():
    return Clock()


async def limited(make_room, entry, start=0.0, **settings):
    room = await make_room(limits=f"channels:\n  '{SP}': {{{entry}}}\n  '{SP2}': {{}}\n  'X*': {{{entry}}}", **settings)
    room.connector.change(SP, start)
    room.connector.change(SP2, start)
    return room


async def rules(room, *groups, **batch):
    return [item.rule for item in (await room.judge(*groups, **batch)).items]


@pytest.mark.parametrize(
    ("entry", "value", "rule"),
    [
        ("min: -1", -1.0, "ok"),
        ("min: -1", -1.0000001, "limits.min"),
        ("max: 1", 1.0, "ok"),
        ("max: 1", 1.0000001, "limits.max"),
        ("max_value: 1", 1.5, "limits.max"),
        ("max: 100", 11.0, "native.max"),
        ("allowed: [1, 2.5]", 2.5, "ok"),
        ("allowed: [1, 2.5]", 2.0, "limits.allowed"),
        ("max_step: 0.1", 0.1, "ok"),
        ("max_step: 0.1", 0.11, "limits.max_step"),
        ("step: 0.1", 0.3, "ok"),
        ("step: 0.1", 7.7, "ok"),
        ("step: 0.1", 0.35, "limits.step"),
        ("step: 0.1", 0.3000001, "limits.step"),
        ("step: 0.1", -0.7, "ok"),
        ("step: 3, min: 1", 7.0, "ok"),
        ("step: 3, min: 1", 6.0, "limits.step"),
        ("step: 3, min: 1, step_origin: 0", 6.0, "ok"),
        ("step: 0.5, step_origin: 0.25", 0.75, "ok"),
        ("step: 0.5, step_origin: 0.25", 1.0, "limits.step"),
        ("step: 1e-16", 9.9, "limits.step"),
        ("max_value: 1, max_step: 0.5", 1.0, "limits.max_step"),
        ("writable: false", 0.0, "limits.writable"),
        ("expression: 'abs(value - current) < 1'", 0.5, "ok"),
        ("expression: 'abs(value - current) < 1'", 1.5, "limits.expression"),
        ("expression: 'value / current < 1'", 0.5, "limits.expression"),
    ],
)
async def test_a_limit_decides(make_room, entry, value, rule):
    assert await rules(await limited(make_room, entry), {SP: value}) == [rule]


@pytest.mark.parametrize(
    ("defaults", "value", "rule"),
    [("max: 5", 6.0, "limits.max"), ("writable: false", 1.0, "limits.writable"), ("max_step: 1", 0.5, "ok")],
)
async def test_defaults_hold_for_a_channel_that_no_entry_lists_where_it_may_be_written(
    make_room, defaults, value, rule
):
    limits = f"defaults: {{{defaults}}}\nchannels: {{X:Count: {{}}}}"
    room = await make_room(limits=limits)
    room.connector.change(SP, 0.0)
    assert await rules(room, {SP: value}) == [rule]
    strict = await make_room(limits=limits, unlisted="refuse")
    assert await rules(strict, {SP: value}) == ["allow.unlisted"]


async def test_the_bounds_in_force_are_shown(make_room):
    (item,) = (await (await limited(make_room, "max: 3")).judge({SP: 1.0})).items
    assert (item.bounds.low, item.bounds.high) == (-10.0, 3)


async def test_allowed_values_of_an_enumeration_are_labels_or_numbers(make_room):
    room = await make_room(limits="channels: {X:Shutter: {allowed: [OPEN]}, X:Valve: {allowed: [0]}}")
    assert await rules(room, {"X:Shutter": 1, "X:Valve": "CLOSED"}) == ["ok", "ok"]
    assert await rules(room, {"X:Shutter": 0, "X:Valve": 1}) == ["limits.allowed"] * 2


async def test_bounds_hold_for_every_element_of_an_array(make_room):
    room = await make_room(limits="channels: {X:WF: {min: -1, max: 1}}")
    assert await rules(room, {"X:WF": [0.5] * 32}) == ["ok"]
    assert await rules(room, {"X:WF": [0.5] * 31 + [1.5]}) == ["limits.max"]


async def test_bounds_on_a_text_cannot_be_judged_and_refuse(make_room):
    room = await make_room(limits="channels: {X:Title: {max: 1}}")
    assert await rules(room, {"X:Title": "hello"}) == ["limits.text"]


async def test_only_a_field_that_the_limits_name_is_open(make_room):
    room = await make_room(limits=f"channels: {{'{SP}': {{fields: [DRVH], max: 50}}}}")
    assert await rules(room, {f"{SP}.DRVL": 1.0}) == ["allow.field"]
    judgement = await room.judge({f"{SP}.DRVH": 5.0})
    assert judgement.items[0].rule == "ok"
    assert judgement.items[0].name == f"{SP}.DRVH"
    by_name = await make_room(limits=f"channels: {{'{SP}.DRVH': {{}}, '*': {{}}}}")
    assert await rules(by_name, {f"{SP}.DRVH": 1.0}) == ["ok"]
    assert await rules(by_name, {f"{SP2}.DRVH": 1.0}) == ["allow.field"]


async def test_the_grid_holds_for_every_element_and_for_whole_numbers(make_room):
    room = await make_room(limits="channels: {X:WF: {step: 0.25}, X:Count: {step: 5}, X:Title: {step: 1}}")
    assert await rules(room, {"X:WF": [0.25, 0.5]}) == ["ok"]
    assert await rules(room, {"X:WF": [0.25, 0.3]}) == ["limits.step"]
    assert await rules(room, {"X:Count": 15}) == ["ok"]
    assert await rules(room, {"X:Count": 16}) == ["limits.step"]
    assert await rules(room, {"X:Title": "hello"}) == ["limits.no_distance"]


async def test_a_shorter_array_is_written_approved_and_read_back_as_it_is(make_room):
    room = await make_room(limits="channels: {X:WF: {min: -1, max: 1}}")
    assert await rules(room, {"X:WF": [0.5, 2.0]}) == ["limits.max"]
    report = await room.write({"X:WF": [0.5, 0.25]})
    assert (report.status, list(report.items[0].readback)) == ("done", [0.5, 0.25])
    assert [(put.value, put.shape) for put in room.connector.puts] == [([0.5, 0.25], (2,))]
    assert (await room.write({"X:WF": [0.5] * 32})).status == "done"


async def test_arrays_of_different_lengths_have_no_distance(make_room):
    room = await make_room(limits="channels: {X:WF: {max_step: 3}}")
    assert await rules(room, {"X:WF": [0.5] * 32}) == ["ok"]
    assert await rules(room, {"X:WF": [0.5] * 31}) == ["limits.no_distance"]


async def test_an_expression_that_asks_for_the_present_value_of_a_new_element_refuses(make_room):
    room = await make_room(limits="channels: {X:WF: {expression: 'value < 1 and (value < 0.6 or current < 9)'}}")
    room.connector.change("X:WF", [0.1])
    assert await rules(room, {"X:WF": [0.7]}) == ["ok"]
    assert await rules(room, {"X:WF": [0.7, 0.5]}) == ["ok"]
    assert await rules(room, {"X:WF": [0.7, 0.7]}) == ["limits.expression"]


async def test_a_truth_value_among_the_allowed_is_not_the_number_one(make_room):
    room = await make_room(limits="channels: {X:Count: {allowed: [true]}, X:Shutter: {allowed: [true, false]}}")
    assert await rules(room, {"X:Count": 1, "X:Shutter": 1}) == ["limits.allowed"] * 2


async def test_steps_are_judged_on_the_state_that_the_items_before_leave(make_room):
    room = await limited(make_room, "max_step: 1")
    assert await rules(room, {SP: 1.0}, {SP: 2.0}, {SP: 3.0}) == ["ok"] * 3
    assert await rules(room, {SP: 1.0}, {SP: 2.5}, {SP: 2.0}) == ["ok", "limits.max_step", "ok"]
    assert await rules(room, {SP: 2.0}) == ["limits.max_step"]


async def test_a_step_of_a_decimal_fraction_is_not_lost_to_rounding(make_room):
    room = await limited(make_room, "max_step: 0.1", start=0.3)
    assert await rules(room, {SP: 0.4}) == ["ok"]
    assert await rules(room, {SP: 0.4000001}) == ["limits.max_step"]


@pytest.mark.parametrize("fault", [MockFault.NAN, MockFault.INVALID])
async def test_a_step_from_a_value_that_is_not_valid_is_refused(make_room, fault):
    room = await limited(make_room, "max_step: 1")
    room.connector.inject(SP, fault)
    assert await rules(room, {SP: 0.5}) == ["limits.no_fresh_value"]


async def test_a_step_limit_on_a_text_cannot_be_judged_and_refuses(make_room):
    room = await make_room(limits="channels: {X:Title: {max_step: 1}}")
    assert await rules(room, {"X:Title": "hello"}) == ["limits.no_distance"]


async def test_an_expression_reads_other_channels_fresh(make_room):
    room = await limited(make_room, 'expression: \'ch("X:Shutter") == 0 and ch("X:Beam") < 10\'')
    room.connector.change("X:Shutter", 0)
    room.connector.change("X:Beam", 5.0)
    assert await rules(room, {SP: 1.0}) == ["ok"]
    room.connector.change("X:Beam", 50.0)
    assert await rules(room, {SP: 1.0}) == ["limits.expression"]


@pytest.mark.parametrize("fault", [MockFault.MISSING, MockFault.GONE, MockFault.INVALID, MockFault.NAN])
async def test_an_expression_that_reads_a_bad_channel_refuses(make_room, fault):
    room = await limited(make_room, "expression: 'ch(\"X:Beam\") < 1000 or True'")
    room.connector.inject("X:Beam", fault)
    assert await rules(room, {SP: 1.0}) == ["limits.expression"]


async def test_an_expression_sees_what_the_items_before_leave_by_any_name(make_room):
    room = await limited(make_room, f"expression: 'ch(\"{SP2}.VAL\") < 2'")
    assert await rules(room, {SP2: 1.0}, {SP: 1.0}) == ["ok", "ok"]
    assert await rules(room, {SP2: 3.0}, {SP: 1.0}) == ["ok", "limits.expression"]


async def test_an_expression_is_judged_again_just_before_its_group(make_room):
    class Tripping(MockConnector):
        async def write(self, puts, *, timeout_s):
            results = await super().write(puts, timeout_s=timeout_s)
            self.change("X:Beam", 400.0)
            return results

    entry = "expression: 'ch(\"X:Beam\") < 10'"
    room = await make_room(limits=f"channels: {{'*': {{{entry}}}}}", connector=Tripping)
    room.connector.change("X:Beam", 5.0)
    report = await room.write({SP: 1.0}, {SP2: 1.0}, {SP: 2.0})
    assert [item.outcome for item in report.items] == [
        Outcome.CONFIRMED,
        Outcome.REFUSED,
        Outcome.UNREQUESTED,
    ]
    assert (report.status, report.rule) == ("partial", "limits.expression")
    assert len(room.connector.puts) == 1


async def test_a_step_is_judged_again_on_a_fresh_value_before_its_group(make_room):
    class Drifting(MockConnector):
        async def write(self, puts, *, timeout_s):
            results = await super().write(puts, timeout_s=timeout_s)
            self.change(SP2, 5.0)
            return results

    room = await make_room(limits="channels: {'*': {max_step: 1}}", connector=Drifting)
    room.connector.change(SP, 0.0)
    room.connector.change(SP2, 0.0)
    report = await room.write({SP: 0.5}, {SP2: 0.5})
    assert (report.status, report.rule) == ("partial", "limits.max_step")
    assert len(room.connector.puts) == 1


async def test_a_rate_counts_from_the_last_write(make_room, clock):
    room = await limited(make_room, "max_rate: 1", clock=clock)
    assert (await room.write({SP: 2.0})).status == "done"
    clock.pass_s(2.9)
    assert await rules(room, {SP: 5.0}) == ["limits.max_rate"]
    assert await rules(room, {SP: 4.9}) == ["ok"]
    clock.pass_s(0.1)
    assert await rules(room, {SP: 5.0}) == ["ok"]


async def test_a_pause_may_be_spelt_without_its_unit(make_room, clock):
    room = await limited(make_room, "min_interval: 10", clock=clock)
    assert (await room.write({SP: 2.0})).status == "done"
    clock.pass_s(9)
    assert await rules(room, {SP: 2.1}) == ["limits.min_interval"]


async def test_a_write_counts_until_its_receipt_because_nobody_knows_when_it_was_sent(make_room, clock):
    """The put comes some time after its intent: from there the pause has to be kept."""

    class Slow(MockConnector):
        async def write(self, puts, *, timeout_s):
            clock.pass_s(4)
            return await super().write(puts, timeout_s=timeout_s)

    room = await limited(make_room, "min_interval_s: 10", clock=clock, connector=Slow)
    assert (await room.write({SP: 2.0})).status == "done"
    clock.pass_s(9.9)
    assert await rules(room, {SP: 2.1}) == ["limits.min_interval"]
    clock.pass_s(0.1)
    assert await rules(room, {SP: 2.1}) == ["ok"]


async def test_the_groups_of_one_request_are_apart_by_their_settle_time(make_room, clock):
    class Settling(MockConnector):
        async def write(self, puts, *, timeout_s):
            results = await super().write(puts, timeout_s=timeout_s)
            clock.pass_s(0.01)  # as long as the batch says that it settles
            return results

    room = await make_room(limits="channels: {'*': {max_rate: 100}}", clock=clock, connector=Settling)
    for channel in (SP, SP2):
        room.connector.change(channel, 0.0)
    report = await room.write({SP: 1.0}, {SP2: 0.5}, {SP: 3.0}, settle_s=0.01)
    assert report.status == "done", report.reason


GROUP = "group_rate: {group: g, max_writes: 2, window_s: 10}"


async def test_a_group_of_channels_shares_one_count(make_room, clock):
    room = await make_room(limits=f"channels: {{'*HCM*': {{{GROUP}}}, '*VCM*': {{{GROUP}}}, '*': {{}}}}", clock=clock)
    assert (await room.write({SP: 2.0})).status == "done"
    clock.pass_s(5)
    assert (await room.write({"SR:01:VCM1:SP": 2.0})).status == "done"
    assert await rules(room, {SP2: 2.0, "X:Count": 3}) == ["limits.group_rate", "ok"]
    clock.pass_s(5)
    assert await rules(room, {SP2: 2.0}) == ["limits.group_rate"]
    clock.pass_s(0.1)
    assert await rules(room, {SP2: 2.0}) == ["ok"]


async def test_a_pattern_is_a_group_and_a_batch_counts_its_own_writes(make_room, clock):
    room = await make_room(limits="channels: {'SR:*': {group_rate: 2}}", clock=clock)
    names = [f"SR:0{number}:HCM1:SP" for number in (1, 2, 3)]
    assert await rules(room, dict.fromkeys(names, 1.0)) == ["ok", "ok", "limits.group_rate"]
    assert await rules(room, *({name: 1.0} for name in names)) == ["ok", "ok", "limits.group_rate"]
    assert await rules(room, *({name: 1.0} for name in names), settle_s=0.6) == ["ok"] * 3
    assert (await room.write({names[0]: 1.0, names[1]: 1.0})).status == "done"
    assert await rules(room, {names[2]: 1.0}) == ["limits.group_rate"]


async def test_a_group_may_have_a_common_travel(make_room, clock):
    entry = "group_rate: {group: g, max_travel: 3, window_s: 10}"
    room = await make_room(limits=f"channels: {{'SR:*': {{{entry}}}, 'X:Title': {{{entry}}}}}", clock=clock)
    room.connector.change(SP, 0.0)
    room.connector.change(SP2, 0.0)
    assert await rules(room, {SP: 2.0, SP2: 1.0}) == ["ok", "ok"]
    assert await rules(room, {SP: 2.0, SP2: 1.1}) == ["ok", "limits.group_travel"]
    assert (await room.write({SP: 2.0})).status == "done"
    assert await rules(room, {SP2: -1.1}) == ["limits.group_travel"]
    assert await rules(room, {"X:Title": "hello"}) == ["limits.no_distance"]
    clock.pass_s(10.1)
    assert await rules(room, {SP2: -1.1}) == ["ok"]


async def test_of_two_processes_that_write_a_group_at_once_one_goes_and_one_does_not(make_room, clock, monkeypatch):
    """Both saw room for one write; both have opened their intents; the order of the ledger decides."""
    limits = "channels: {'SR:*': {group_rate: {group: g, max_writes: 1, window_s: 100}}}"
    one = await make_room(limits=limits, folder="shared", clock=clock)
    other = await make_room(limits=limits, folder="shared", clock=clock)
    mine, theirs = await one.approve({SP: 2.0}), await other.approve({SP2: 2.0})
    ledger = one.journal.ledger
    claim = ledger.claim

    async def claim_before_the_other(*args, **kwargs):
        row = await claim(*args, **kwargs)
        report = await other.guard.apply(theirs)
        assert report.rule == "limits.group_rate"
        return row

    monkeypatch.setattr(ledger, "claim", claim_before_the_other)
    assert (await one.guard.apply(mine)).status == "done"
    assert (len(one.connector.puts), other.connector.puts) == (1, [])


async def test_the_writes_of_one_group_count_against_each_other_after_the_claim(make_room, clock, monkeypatch):
    """Another process has used up a part of the rate since this batch was judged."""
    limits = "channels: {'SR:*': {group_rate: {group: g, max_writes: 2, window_s: 100}}}"
    one = await make_room(limits=limits, folder="shared", clock=clock)
    other = await make_room(limits=limits, folder="shared", clock=clock)
    mine, theirs = await one.approve({SP: 2.0, SP2: 2.0}), await other.approve({"SR:09:HCM1:SP": 2.0})
    ledger = one.journal.ledger
    claim = ledger.claim

    async def claim_after_the_other(*args, **kwargs):
        assert (await other.guard.apply(theirs)).status == "done"
        return await claim(*args, **kwargs)

    monkeypatch.setattr(ledger, "claim", claim_after_the_other)
    report = await one.guard.apply(mine)
    assert (report.status, report.rule, one.connector.puts) == ("failed", "limits.group_rate", [])


class SplitSetpoint(MockConnector):
    """Keeps the set value beside the read one, as Tango does: here the device stays where it is."""

    held = 0.0

    async def read(self, channels, *, timeout_s):
        found = await super().read(channels, timeout_s=timeout_s)
        return [evolve(reading, value=self.held, setpoint=reading.value) for reading in found]


async def test_step_and_travel_are_judged_on_what_the_machine_is_set_to(make_room):
    room = await limited(make_room, "max_step: 1", start=5.0, connector=SplitSetpoint)
    room.connector.held = 4.8
    assert await rules(room, {SP: 5.5}) == ["ok"]
    assert await rules(room, {SP: 0.5}) == ["limits.max_step"]
    (item,) = (await room.judge({SP: 5.5})).items
    assert (item.before, item.tolerance) == (5.0, pytest.approx(0.02))


async def test_a_step_that_is_small_only_from_a_set_value_that_was_never_set_is_refused(make_room):
    """A Tango server that just started tells 0 as the set value, whatever the device holds."""
    room = await limited(make_room, "max_step: 1", start=0.0, connector=SplitSetpoint)
    room.connector.held = 5.0
    assert await rules(room, {SP: 0.5}) == ["limits.max_step"]
    assert await rules(room, {SP: 5.5}) == ["limits.max_step"]
    (item,) = (await room.judge({SP: 0.5})).items
    assert "is set to 0.0 but reads 5.0" in item.reason


async def test_a_set_value_that_moved_since_the_filing_is_drift_and_a_read_value_is_not(make_room):
    room = await limited(make_room, "tolerance_absolute: 0.1, settle_s: 0", start=5.0, connector=SplitSetpoint)
    request = await room.approve({SP: 5.5})
    room.connector.held = 5.45
    assert (await room.guard.apply(request)).status == "done"
    request = await room.approve({SP: 6.0})
    room.connector.change(SP, 5.7)
    report = await room.guard.apply(request)
    assert (report.status, report.rule) == ("approved", "approval.stale")


class Commanding(MockConnector):
    """Has one command, which cannot be read."""

    async def describe(self, channels, *, timeout_s):
        found = await super().describe(channels, timeout_s=timeout_s)
        is_it = [info.channel == "X:Reset" and not isinstance(info, Fault) for info in found]
        return [evolve(info, is_command=True) if it else info for it, info in zip(is_it, found, strict=True)]

    async def read(self, channels, *, timeout_s):
        found = await super().read(channels, timeout_s=timeout_s)
        return [self._unread(result) if result.channel == "X:Reset" else result for result in found]

    @staticmethod
    def _unread(result):
        if isinstance(result, Fault):
            return result
        return Fault(channel=result.channel, kind=ErrorKind.UNSUPPORTED, message="a command cannot be read")


@pytest.mark.parametrize(
    ("entry", "rule"),
    [
        ("note: reset", "ok"),
        ("max: 1", "ok"),
        ("max: 0", "limits.max"),
        ("max_step: 5", "limits.no_fresh_value"),
        ("max_rate: 5", "limits.no_fresh_value"),
        ("max_travel: 5", "limits.no_fresh_value"),
        ("min_interval_s: 5", "ok"),
        ("group_rate: 1", "ok"),
        ("expression: 'value < 2'", "ok"),
        ("expression: 'value != current'", "limits.expression"),
        ("verification: readback", "limits.no_readback"),
        ("verification: readback, readback: X:Beam", "ok"),
        ("verification: callback", "ok"),
    ],
)
async def test_a_command_is_judged_without_a_present_value(make_room, entry, rule):
    room = await make_room(limits=f"channels: {{X:Reset: {{{entry}}}}}", connector=Commanding)
    assert await rules(room, {"X:Reset": 1.0}) == [rule]


async def test_a_command_is_approved_sent_once_and_confirmed_by_its_completion_alone(make_room, clock):
    room = await make_room(limits="channels: {X:Reset: {min_interval_s: 5}}", connector=Commanding, clock=clock)
    report = await room.write({"X:Reset": 1.0})
    assert (report.status, report.items[0].before, report.items[0].readback) == ("done", None, None)
    assert "a command cannot be read back" in report.items[0].reason
    assert len(room.connector.puts) == 1
    assert await rules(room, {"X:Reset": 1.0}) == ["limits.min_interval"]


async def test_a_policy_is_asked_about_a_command_as_about_any_write(make_room):
    seen = []

    class Recording:
        def judge(self, items):
            seen.extend(items)
            return []

    room = await make_room(limits="channels: {X:Reset: {}}", connector=Commanding, policies={"facility": Recording})
    assert await rules(room, {"X:Reset": 1.0}) == ["ok"]
    assert [(item.channel, item.value, item.before) for item in seen] == [("X:Reset", 1.0, None)]


async def test_a_command_whose_device_does_not_answer_is_not_sent(make_room):
    room = await make_room(limits="channels: {X:Reset: {}}", connector=Commanding)
    request = await room.approve({"X:Reset": 1.0})
    room.connector.inject("X:Reset", MockFault.GONE)
    assert (await room.guard.apply(request)).status == "approved"
    room.connector.inject("X:Reset", MockFault.NO_COMPLETION)
    assert (await room.guard.apply(request)).status == "in_doubt"


class Folding(MockConnector):
    """Makes no difference of letter case, as Tango does."""

    async def describe(self, channels, *, timeout_s):
        found = await super().describe([name.lower() for name in channels], timeout_s=timeout_s)
        return [evolve(info, channel=name) for info, name in zip(found, channels, strict=True)]

    async def read(self, channels, *, timeout_s):
        found = await super().read([name.lower() for name in channels], timeout_s=timeout_s)
        return [evolve(reading, channel=name) for reading, name in zip(found, channels, strict=True)]


async def test_letter_case_makes_no_difference_to_the_limits_of_a_system_that_makes_none(make_room):
    limits = """
        channels:
          "SR:*:HCM*:SP": {max: 3, readback: "sr:01:HCM1:Sp", expression: 'ch("X:BEAM") < 10 and ch("x:Beam") < 10'}
    """
    room = await make_room(limits=limits, connector=Folding, folds_case=True)
    room.connector.change("x:beam", 5.0)
    for spelling in ("SR:01:HCM1:SP", "sr:01:hcm1:sp", "Sr:01:hCm1:sP"):
        (item,) = (await room.judge({spelling: 1.0})).items
        assert (item.rule, item.name, item.readback) == ("ok", "sr:01:hcm1:sp", None)
        assert await rules(room, {spelling: 3.5}) == ["limits.max"]
    room.connector.change("x:beam", 50.0)
    assert await rules(room, {SP: 1.0}) == ["limits.expression"]
    sensitive = await make_room(limits=limits, connector=Folding, unlisted="refuse")
    assert await rules(sensitive, {SP: 1.0}) == ["allow.unlisted"]


async def test_a_pause_between_writes_is_kept(make_room, clock):
    room = await limited(make_room, "min_interval_s: 10", clock=clock)
    assert (await room.write({SP: 2.0})).status == "done"
    clock.pass_s(9.9)
    assert await rules(room, {SP: 2.1}) == ["limits.min_interval"]
    clock.pass_s(0.1)
    assert await rules(room, {SP: 2.1}) == ["ok"]


async def test_travel_adds_up_within_its_window(make_room, clock):
    room = await limited(make_room, "max_travel: 3, travel_window_s: 60", clock=clock)
    for value in (1.0, 0.0):
        assert (await room.write({SP: value})).status == "done"
        clock.pass_s(10)
    assert await rules(room, {SP: 1.0}) == ["ok"]
    assert await rules(room, {SP: 1.1}) == ["limits.max_travel"]
    clock.pass_s(45)
    assert await rules(room, {SP: 2.0}) == ["ok"]


async def test_travel_window_is_an_hour_unless_stated(make_room, clock):
    room = await limited(make_room, "max_travel: 3", clock=clock)
    assert (await room.write({SP: 2.0})).status == "done"
    clock.pass_s(3599)
    assert await rules(room, {SP: 4.0}) == ["limits.max_travel"]
    clock.pass_s(2)
    assert await rules(room, {SP: 4.0}) == ["ok"]


async def test_a_put_that_was_not_taken_does_not_count_as_travel(make_room, clock):
    room = await limited(make_room, "max_travel: 3", clock=clock)
    request = await room.approve({SP: 2.0})
    room.connector.inject(SP, MockFault.REJECT)
    assert (await room.guard.apply(request)).status == "failed"
    room.connector.heal(SP)
    assert await rules(room, {SP: 3.0}) == ["ok"]


async def test_within_a_batch_only_the_settle_time_is_sure_to_pass(make_room, clock):
    room = await limited(make_room, "max_rate: 1, max_travel: 5", clock=clock)
    assert await rules(room, {SP: 1.0}, {SP: 2.0}) == ["ok", "limits.max_rate"]
    assert await rules(room, {SP: 1.0}, {SP: 2.0}, settle_s=1.0) == ["ok", "ok"]
    assert await rules(room, {SP: 1.0}, {SP2: 0.0}, {SP: 3.0}, settle_s=1.0) == ["ok"] * 3
    assert await rules(room, {SP: 3.0}, {SP: 1.0}, {SP: 2.0}, settle_s=9.0) == ["ok", "ok", "limits.max_travel"]


async def test_a_clock_that_went_back_does_not_open_a_rate(make_room, clock):
    room = await limited(make_room, "max_rate: 1", clock=clock)
    assert (await room.write({SP: 2.0})).status == "done"
    clock.pass_s(-1000)
    assert await rules(room, {SP: 3.0}) == ["limits.max_rate"]


async def test_a_rate_is_shared_between_processes_through_the_ledger(make_room, clock):
    limits = f"channels: {{'{SP}': {{min_interval_s: 100}}}}"
    one = await make_room(limits=limits, folder="shared", clock=clock)
    other = await make_room(limits=limits, folder="shared", clock=clock)
    other.connector.change(SP, 2.0)
    request = await other.approve({SP: 3.0})
    assert (await one.write({SP: 2.0})).status == "done"
    report = await other.guard.apply(request)
    assert (report.status, report.rule) == ("refused", "limits.min_interval")
    assert other.connector.puts == []


async def test_two_processes_that_both_saw_room_for_one_write_do_not_both_write(make_room, clock, monkeypatch):
    """The other's write comes between this one's last look and its claim."""
    limits = f"channels: {{'{SP}': {{min_interval_s: 100}}}}"
    one = await make_room(limits=limits, folder="shared", clock=clock)
    other = await make_room(limits=limits, folder="shared", clock=clock)
    mine, theirs = await one.approve({SP: 2.0}), await other.approve({SP: 2.0})
    ledger = one.journal.ledger
    claim = ledger.claim

    async def claim_after_the_other(*args, **kwargs):
        assert (await other.guard.apply(theirs)).status == "done"
        return await claim(*args, **kwargs)

    monkeypatch.setattr(ledger, "claim", claim_after_the_other)
    report = await one.guard.apply(mine)
    assert (report.status, report.rule) == ("failed", "limits.min_interval")
    assert report.items[0].outcome is Outcome.REFUSED
    assert one.connector.puts == []


@pytest.mark.parametrize(
    ("entry", "value", "tolerance"),
    [
        ("tolerance_absolute: 0.25", 8.0, 0.25),
        ("tolerance_percent: 10", 8.0, 0.8),
        ("tolerance_absolute: 0.25, tolerance_percent: 10", 8.0, 0.8),
        ("tolerance_absolute: 0.25, tolerance_percent: 10", 1.0, 0.25),
        ("tolerance_absolute: 0", 8.0, 0.0),
        ("tolerance_percent: 10", 0.0, 0.0),
        ("note: none", 8.0, 8e-6),
        (f"readback: '{SP2}'", 8.0, 0.02),
    ],
)
async def test_the_tolerance_is_what_the_limits_state(make_room, entry, value, tolerance):
    (item,) = (await (await limited(make_room, entry)).judge({SP: value})).items
    assert item.tolerance == pytest.approx(tolerance)


async def test_a_read_back_outside_the_tolerance_is_a_mismatch(make_room):
    entry = f"readback: '{SP2}', tolerance_absolute: 0.1, settle_s: 0.02"
    room = await limited(make_room, entry, start=1.0)
    assert (await room.write({SP: 1.1})).status == "done"
    report = await room.write({SP: 1.2})
    assert report.items[0].outcome is Outcome.MISMATCH


async def test_the_directory_names_the_read_back_where_the_limits_do_not(make_room):
    from osprey.control import ChannelRecord

    class Listing(MockConnector):
        async def search(self, pattern, *, limit):
            return [ChannelRecord(name=SP, readback="SR:01:HCM1:RB")]

    room = await make_room(connector=Listing)
    (item,) = (await room.judge({SP: 1.0})).items
    assert item.readback == "SR:01:HCM1:RB"
    assert (await room.write({SP: 1.0})).status == "done"


async def test_a_verdict_shows_what_a_person_has_to_see(make_room):
    room = await limited(make_room, "note: x", start=0.25)
    (item,) = (await room.judge([WriteItem(channel=f"{SP}.VAL", value=1, unit="A", line=12)])).items
    assert (item.channel, item.name, item.value, item.before) == (f"{SP}.VAL", SP, 1.0, 0.25)
    assert (item.unit, item.line, item.precision, item.group) == ("A", 12, 3, 0)
    assert item.before_ns is not None
    assert item.before_severity == "ok"
