"""What the guard refuses, with the rule that decided; nothing is ever sent for it."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import anyio
import pytest
from attrs import evolve

from osprey.control import ChannelInfo, Denial, JudgeRequest, MockConnector, WriteBatch, WriteItem
from osprey.control.guard import checks
from osprey.control.mock.connector import MockFault
from osprey.errors import ConfigError, RefusedError

SP = "SR:01:HCM1:SP"
SP2 = "SR:01:HCM2:SP"
ANYTHING = 'channels: {"*": {note: anything}}'

pytestmark = pytest.mark.anyio


def nested(depth):
    value = 1.0
    for _ in range(depth):
        value = [value]
    return value


async def rule_of(room, channel, value, unit=None):
    judgement = await room.judge([WriteItem(channel=channel, value=value, unit=unit)])
    assert judgement.is_allowed is (judgement.items[0].rule == "ok")
    assert room.connector.puts == []
    return judgement.items[0].rule


@pytest.mark.parametrize(
    ("channel", "value", "rule"),
    [
        (SP, 2.5, "ok"),
        (SP, 2, "ok"),
        (f"{SP}.VAL", 2.5, "ok"),
        (SP, math.nan, "value.finite"),
        (SP, math.inf, "value.finite"),
        (SP, True, "value.type"),
        (SP, "2.5", "value.type"),
        (SP, [2.5], "value.shape"),
        (SP, [1e9, 1e9], "value.shape"),
        (SP, [], "value.shape"),
        (SP, None, "value.type"),
        (SP, {"value": 1}, "value.type"),
        (SP, 2**60 + 1, "value.inexact"),
        (SP, 10**400, "value.inexact"),
        (SP, 10.5, "native.max"),
        (SP, -10.5, "native.min"),
        (f"{SP}.DRVH", 20.0, "allow.field"),
        (f"{SP}.PROC", 1, "allow.field"),
        (f'{SP}.{{"arr":{{}}}}', 1.0, "name.modifier"),
        ("SR:01:HCM1:RB", 1.0, "access.read_only"),
        ("X:Count", 7, "ok"),
        ("X:Count", 7.0, "ok"),
        ("X:Count", 1.5, "value.inexact"),
        ("X:Count", 2**64, "value.range"),
        ("X:Count", True, "value.type"),
        ("X:Shutter", "OPEN", "ok"),
        ("X:Shutter", 1, "ok"),
        ("X:Shutter", 2, "value.range"),
        ("X:Shutter", -1, "value.range"),
        ("X:Shutter", True, "value.type"),
        ("X:Shutter", "AJAR", "value.label"),
        ("X:Title", "hello", "ok"),
        ("X:Title", 1.0, "value.type"),
        ("X:Title", "a\0b", "value.type"),
        ("X:WF", [0.5] * 32, "ok"),
        ("X:WF", [0.5] * 31, "ok"),
        ("X:WF", [0.5], "ok"),
        ("X:WF", [], "value.shape"),
        ("X:WF", [0.5] * 33, "value.shape"),
        ("X:WF", b"\0\1", "value.type"),
        (SP, Decimal("2.5"), "value.type"),
        (SP, Fraction(5, 2), "value.type"),
        (SP, 2.5 + 0j, "value.type"),
        (SP, nested(2000), "value.type"),
        ("X:WF", 0.5, "value.shape"),
        ("X:WF", [0.5] * 31 + [math.nan], "value.finite"),
        ("X:WF", [0.5] * 31 + ["0.5"], "value.type"),
        ("X:WF", [[0.5] * 32], "value.shape"),
    ],
)
async def test_a_value_is_judged_in_the_channels_own_type(make_room, channel, value, rule):
    assert await rule_of(await make_room(limits=ANYTHING), channel, value) == rule


class Shaped(MockConnector):
    """Has an image of 2 x 3 points, and an array that does not tell how long it may be."""

    async def describe(self, channels, *, timeout_s):
        shapes = {"X:Image": (2, 3), "X:Open": (0,)}
        found = await super().describe(channels, timeout_s=timeout_s)
        return [evolve(info, shape=shapes.get(info.channel, info.shape)) for info in found]

    async def read(self, channels, *, timeout_s):
        held = {"X:Image": [0.0] * 6, "X:Open": []}
        found = await super().read(channels, timeout_s=timeout_s)
        return [evolve(reading, value=held.get(reading.channel, reading.value)) for reading in found]


@pytest.mark.parametrize(
    ("channel", "value", "rule"),
    [
        ("X:Image", [0.5] * 6, "ok"),
        ("X:Image", [0.5] * 5, "value.shape"),
        ("X:Image", 0.5, "value.shape"),
        ("X:Image", [0.5] * 5 + [math.nan], "value.finite"),
        ("X:Open", [0.5] * 1000, "ok"),
        ("X:Open", [], "value.shape"),
        ("X:Open", 0.5, "value.shape"),
        ("X:Open", [0.5] * 1_000_001, "value.shape"),
    ],
    ids=lambda value: str(value)[:20],
)
async def test_images_are_flat_lists_and_an_unknown_length_is_bounded(make_room, channel, value, rule):
    assert await rule_of(await make_room(connector=Shaped, limits=ANYTHING), channel, value) == rule


async def test_numpy_values_are_judged_as_the_numbers_they_are(make_room):
    import numpy as np

    room = await make_room(limits=ANYTHING)
    assert await rule_of(room, SP, np.float32(2.5)) == "ok"
    assert await rule_of(room, SP, np.float64("nan")) == "value.finite"
    assert await rule_of(room, SP, np.bool_(True)) == "value.type"
    assert await rule_of(room, SP, np.array([2.5])) == "value.shape"
    assert await rule_of(room, SP, np.array(2.5)) == "ok"
    assert await rule_of(room, "X:WF", np.full(32, 0.5)) == "ok"
    assert await rule_of(room, "X:WF", np.full((2, 16), 0.5)) == "value.shape"
    assert await rule_of(room, "X:WF", np.full(5, 0.5)) == "ok"
    assert await rule_of(room, SP, np.longdouble(2.5)) == "value.type"
    assert await rule_of(room, SP, np.complex128(2.5)) == "value.type"
    assert await rule_of(room, SP, np.array("2.5")) == "value.type"
    assert await rule_of(room, SP, np.datetime64("2026-11-20")) == "value.type"
    assert await rule_of(room, "X:Count", np.uint64(2**64 - 1)) == "native.max"
    assert await rule_of(room, "X:WF", np.array([0.5, None], dtype=object)) == "value.type"


@pytest.mark.parametrize(
    ("unit", "rule"),
    [("A", "ok"), (" A ", "ok"), ("ampere", "ok"), (None, "ok"), ("mA", "value.unit"), ("a", "value.unit")],
)
async def test_a_unit_is_compared_and_never_converted(make_room, unit, rule):
    assert await rule_of(await make_room(), SP, 2.5, unit) == rule


async def test_a_unit_stated_for_a_channel_without_one_is_refused(make_room):
    assert await rule_of(await make_room(limits=ANYTHING), "X:Count", 7, "A") == "value.unit"


async def test_an_unlisted_channel_is_refused_unless_the_system_itself_bounds_it(make_room):
    strict = await make_room(unlisted="refuse")
    assert await rule_of(strict, SP, 2.5) == "allow.unlisted"
    native = await make_room(unlisted="native_only")
    assert await rule_of(native, SP, 2.5) == "ok"
    assert await rule_of(native, "X:Title", "hello") == "allow.unlisted"


@pytest.mark.parametrize(
    ("posture", "writes_enabled", "rule"),
    [
        ("read_only", "true", "posture.read_only"),
        ("approval", "false", "posture.writes_disabled"),
        ("approval", "true", "ok"),
    ],
)
async def test_the_posture_of_a_target_comes_before_its_limits(make_room, posture, writes_enabled, rule):
    room = await make_room(posture=posture, writes_enabled=writes_enabled)
    assert await rule_of(room, SP, 2.5) == rule


async def test_a_withheld_policy_plugin_stops_every_write(make_room):
    room = await make_room()
    room.plugins.policies_withheld = ("facility",)
    assert await rule_of(room, SP, 2.5) == "policy.withheld"


async def test_an_unknown_channel_is_refused_with_the_closest_names(make_room, tmp_path):
    class Listing(MockConnector):
        async def search(self, pattern, *, limit):
            from osprey.control import ChannelRecord

            return [ChannelRecord(name=SP), ChannelRecord(name="SR:DCCT:CURRENT")]

    room = await make_room(connector=Listing)
    room.connector.inject("SR:01:HCM9:SP", MockFault.MISSING)
    (item,) = (await room.judge({"SR:01:HCM9:SP": 1.0})).items
    assert item.rule == "name.not_found"
    assert f"did you mean {SP}" in item.reason


async def test_a_listed_channel_that_does_not_answer_is_not_suggested_for_itself(make_room):
    class Listing(MockConnector):
        async def search(self, pattern, *, limit):
            from osprey.control import ChannelRecord

            return [ChannelRecord(name=SP)]

    room = await make_room(connector=Listing)
    room.connector.inject(SP, MockFault.MISSING)
    (item,) = (await room.judge({SP: 1.0})).items
    assert item.rule == "name.not_found"
    assert "did you mean" not in item.reason
    assert "look whether its server runs" in item.reason


async def test_a_channel_without_a_canonical_name_is_refused(make_room):
    class Nameless(MockConnector):
        async def describe(self, channels, *, timeout_s):
            return [ChannelInfo(channel=name, name=None, writable=True) for name in channels]

    assert await rule_of(await make_room(connector=Nameless), SP, 2.5) == "name.unresolved"


async def test_a_channel_that_cannot_be_read_is_not_written(make_room):
    class Blind(MockConnector):
        async def read(self, channels, *, timeout_s):
            self.inject(SP, MockFault.GONE)
            return await super().read(channels, timeout_s=timeout_s)

    assert await rule_of(await make_room(connector=Blind), SP, 2.5) == "target.unreachable"


async def test_a_connector_that_answers_for_other_channels_is_not_believed(make_room):
    class Confused(MockConnector):
        async def read(self, channels, *, timeout_s):
            return list(reversed(await super().read(channels, timeout_s=timeout_s)))

    room = await make_room(connector=Confused)
    judgement = await room.judge({SP: 1.0, SP2: 2.0})
    assert [item.rule for item in judgement.items] == ["target.unreachable"] * 2


async def test_one_refused_item_refuses_the_batch_and_the_others_are_judged_too(make_room):
    room = await make_room()
    judgement = await room.judge({SP: 2.5, SP2: 99.0})
    assert not judgement.is_allowed
    assert [item.is_allowed for item in judgement.items] == [True, False]
    assert "above the maximum 10.0" in judgement.items[1].reason


async def test_a_refused_judgement_cannot_become_a_document(make_room):
    from osprey.control.payload import write_document

    room = await make_room()
    with pytest.raises(RefusedError, match="nothing to approve"):
        write_document(await room.judge({SP: 99.0}))


async def test_the_same_channel_twice_in_a_group_is_refused_by_any_of_its_names(make_room):
    room = await make_room()
    judgement = await room.judge({SP: 1.0, f"{SP}.VAL": 2.0})
    assert [item.rule for item in judgement.items] == ["batch.duplicate"] * 2
    assert (await room.judge({SP: 1.0}, {f"{SP}.VAL": 2.0})).is_allowed


@pytest.mark.parametrize("groups", [(), ((),), ((WriteItem(channel=SP, value=1.0),), ())])
async def test_a_batch_without_writes_is_refused(make_room, groups):
    room = await make_room()
    request = JudgeRequest(batch=WriteBatch(target="machine", groups=groups), actor=(await _actor(room)))
    with pytest.raises(RefusedError) as refused:
        await room.guard.judge(request)
    assert refused.value.rule == "batch.empty"


@pytest.mark.parametrize("settle_s", [math.nan, math.inf, -1.0, 1e9])
async def test_a_settle_time_that_makes_no_sense_is_refused(make_room, settle_s):
    room = await make_room()
    with pytest.raises(RefusedError) as refused:
        await room.judge({SP: 1.0}, settle_s=settle_s)
    assert refused.value.rule == "batch.settle_s"


async def test_a_scan_whose_observed_channel_cannot_be_read_is_refused(make_room):
    room = await make_room()
    room.connector.inject("SR:DCCT", MockFault.MISSING)
    judgement = await room.judge({SP: 1.0}, observe=("SR:DCCT",))
    assert judgement.items[0].rule == "observe.unreadable"


async def test_an_unknown_target_is_a_mistake_of_the_caller(make_room):
    room = await make_room()
    with pytest.raises(ConfigError, match="did you mean 'machine'"):
        await room.judge({SP: 1.0}, target="machin")


class Denying:
    def judge(self, items):
        return [Denial(item.channel, "user beam") for item in items if item.channel == SP]


class Raising:
    def judge(self, items):
        raise KeyError("shift plan")


class Strange:
    def judge(self, items):
        return "no"


class Silent:
    def judge(self, items):
        return None


class Allowing:
    asked = 0

    def judge(self, items):
        type(self).asked += 1
        return []


@pytest.mark.parametrize(
    ("policy", "rules"),
    [
        (Allowing, ["ok", "ok"]),
        (Allowing(), ["ok", "ok"]),
        (Denying, ["policy.facility", "ok"]),
        (Raising, ["policy.facility"] * 2),
        (Strange, ["policy.facility"] * 2),
        (Silent, ["policy.facility"] * 2),
    ],
)
async def test_a_policy_that_denies_fails_or_answers_nonsense_denies(make_room, policy, rules):
    room = await make_room(policies={"facility": policy})
    judgement = await room.judge({SP: 1.0, SP2: 2.0})
    assert [item.rule for item in judgement.items] == rules
    assert judgement.is_allowed is (set(rules) == {"ok"})


async def test_every_policy_is_asked_and_sees_settled_values(make_room):
    seen = []

    class Recording:
        def judge(self, items):
            seen.extend(items)
            return []

    room = await make_room(policies={"first": Denying, "second": Recording})
    assert not (await room.judge({f"{SP}.VAL": 1})).is_allowed
    assert [(item.channel, item.value, item.unit, item.actor) for item in seen] == [(SP, 1.0, "A", "os:alice")]


async def test_a_policy_that_is_not_quick_denies(make_room, monkeypatch):
    import threading

    monkeypatch.setattr(checks.policy, "POLICY_DEADLINE_S", 0.05)
    released = threading.Event()

    class Slow:
        def judge(self, items):
            released.wait(10)
            return []

    room = await make_room(policies={"slow": Slow})
    assert await rule_of(room, SP, 1.0) == "policy.slow"
    released.set()


async def test_a_policy_is_asked_again_when_the_request_is_applied(make_room):
    room = await make_room()
    request = await room.approve({SP: 1.0})
    room.plugins.policies["facility"] = Denying
    report = await room.guard.apply(request)
    assert (report.status, report.rule) == ("refused", "policy.facility")
    assert room.connector.puts == []
    assert (await room.row(request)).state == "approved"


STAGES = [
    *(("BEFORE_READING", number) for number in range(len(checks.BEFORE_READING))),
    *(("ON_FRESH_VALUES", number) for number in range(len(checks.ON_FRESH_VALUES))),
]


@pytest.mark.parametrize(("stage", "number"), STAGES)
@pytest.mark.parametrize("error", [ZeroDivisionError("boom"), KeyError("x"), None], ids=repr)
async def test_an_error_inside_any_check_refuses(make_room, monkeypatch, stage, number, error):
    order = list(getattr(checks, stage))

    def broken(case, scene):
        if error is not None:
            raise error

    room = await make_room()
    request = await room.approve({SP: 2.5})
    order[number] = broken
    monkeypatch.setattr(checks, stage, tuple(order))
    judgement = await room.judge({SP: 2.5, SP2: 1.0})
    assert not judgement.is_allowed
    assert {item.rule for item in judgement.items} == {"guard.error"}
    report = await room.guard.apply(request)
    assert (report.status, report.rule) == ("refused", "guard.error")
    assert room.connector.puts == []
    assert (await room.row(request)).state == "approved"
    assert "guard.error" in await room.refusals()


@pytest.mark.parametrize("call", ["describe", "read", "recent_writes_of", "directory", "limits"])
async def test_an_error_while_looking_around_refuses(make_room, monkeypatch, call):
    limits = 'channels: {"*": {max_rate: 100}}'
    room = await make_room(limits=limits)
    request = await room.approve({SP: 2.5})

    async def broken(*args, **kwargs):
        raise ZeroDivisionError("boom")

    from osprey.control.targets import Target
    from osprey.journal.ledger.ledger import Ledger

    if call in ("describe", "read"):
        monkeypatch.setattr(room.connector, call, broken)
    elif call == "recent_writes_of":
        monkeypatch.setattr(Ledger, call, broken)
    elif call == "directory":
        monkeypatch.setattr(Target, call, broken)
    else:
        monkeypatch.setattr(Target, "limits", property(lambda self: 1 / 0))
    report = await room.guard.apply(request)
    assert (report.status, report.rule) == ("refused", "guard.error")
    assert room.connector.puts == []
    assert (await room.row(request)).state == "approved"


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"kind": "memory"}, "payload.kind"),
        ({"document": "not JSON"}, "payload.not_understood"),
        ({"document": "{}"}, "payload.not_understood"),
        ({"document": '{"schema":2,"writes":{}}'}, "payload.not_understood"),
    ],
)
async def test_a_request_that_is_not_understood_is_refused(make_room, change, rule):
    from osprey.control.payload import write_document

    room = await make_room()
    document = write_document(await room.judge({SP: 2.5}))
    facts = {"document": document, **change}
    request = await room.approve_document(facts.pop("document"), **facts)
    report = await room.guard.apply(request)
    assert (report.status, report.rule) == ("refused", rule)
    assert room.connector.puts == []


async def test_another_hash_than_the_approved_one_is_refused(make_room):
    room = await make_room()
    request = evolve(await room.approve({SP: 2.5}), sha256="0" * 64)
    report = await room.guard.apply(request)
    assert (report.status, report.rule) == ("refused", "approval.hash")


async def test_a_request_that_nobody_approved_is_refused(make_room):
    from osprey.control import ApplyRequest
    from osprey.control.payload import write_document
    from osprey.journal import NewRequest

    room = await make_room()
    row = await room.journal.requests.create(
        NewRequest(
            kind="channel_write",
            title="",
            thread="",
            document=write_document(await room.judge({SP: 2.5})),
            risk="",
            requester="os:alice",
            expires_ns=4_000_000_000_000_000_000,
        )
    )
    request = ApplyRequest(request_id=row.id, sha256=row.sha256, actor=await _actor(room))
    report = await room.guard.apply(request)
    assert (report.status, report.rule) == ("refused", "approval.pending")
    assert room.connector.puts == []


async def test_limits_that_changed_since_the_filing_refuse(make_room):
    room = await make_room(limits="channels: {'*': {max: 5}}")
    request = await room.approve({SP: 2.5})
    (room.project.root / "limits.yml").write_text("channels: {'*': {max: 50}}")
    report = await room.guard.apply(request)
    assert (report.status, report.rule) == ("refused", "approval.limits_changed")
    assert room.connector.puts == []


async def test_a_limits_file_that_broke_meanwhile_refuses(make_room):
    room = await make_room(limits="channels: {'*': {max: 5}}")
    request = await room.approve({SP: 2.5})
    (room.project.root / "limits.yml").write_text("channels: {'*': {mx: 50}}")
    report = await room.guard.apply(request)
    assert (report.status, report.rule) == ("refused", "guard.error")
    assert "did you mean 'max'" in report.reason
    with pytest.raises(ConfigError, match=r"limits\.yml"):
        await room.judge({SP: 2.5})


async def test_an_approval_for_a_simulation_does_not_reach_a_real_machine(make_room):
    room = await make_room(posture="approval")
    request = await room.approve({SP: 2.5})
    from osprey.control.targets import targets_of

    (await targets_of(room.project).get()).simulated = False
    report = await room.guard.apply(request)
    assert (report.status, report.rule) == ("refused", "approval.changed")


async def test_a_channel_that_changed_its_unit_since_the_filing_is_refused(make_room):
    class Relabelled(MockConnector):
        unit = "A"

        async def describe(self, channels, *, timeout_s):
            found = await super().describe(channels, timeout_s=timeout_s)
            return [evolve(info, unit=self.unit) for info in found]

    room = await make_room(connector=Relabelled)
    request = await room.approve({SP: 2.5})
    room.connector.unit = "kA"
    report = await room.guard.apply(request)
    assert report.status == "refused"
    assert room.connector.puts == []


async def _actor(room):
    from osprey.control import Actor

    await anyio.lowlevel.checkpoint()
    return Actor(subject="os:alice")
