"""Proof of safety: whatever is asked under whatever limits, nothing outside them is ever put.

What may be put is worked out here a second time, by other means than the guard's. `make test` runs a sample;
`make proof` sets `OSPREY_PROOF_EXAMPLES` for the full count.
"""

from __future__ import annotations

import fnmatch
import json
import math
import os
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from osprey.control import WriteItem
from osprey.control.mock.channels import describe
from osprey.control.payload import write_document

EXAMPLES = int(os.environ.get("OSPREY_PROOF_EXAMPLES", "250"))
CORRECTORS = ["SR:01:HCM1:SP", "SR:01:HCM2:SP", "SR:02:VCM1:SP"]
OTHERS = ["X:Count", "X:Shutter", "X:WF", "X:Title", "SR:01:HCM1:RB", "X:BPM1:X"]
NAMES = [*CORRECTORS, *OTHERS]
DRIVE = {**dict.fromkeys(CORRECTORS, (-10.0, 10.0)), "X:Count": (0, 1000), "X:WF": (0.0, 100.0)}

special = st.sampled_from([math.nan, math.inf, -math.inf, 1e308, -0.0, 10.0, math.nextafter(10.0, 11), -10.0])
numbers = st.floats(-12, 12) | st.integers(-12, 12) | special | st.floats()
scalars = numbers | st.booleans() | st.text(max_size=3) | st.sampled_from(["OPEN", "CLOSED", "1.0", "nan"])
values = scalars | st.lists(numbers, max_size=2) | numbers.map(lambda n: [n] * 32) | st.none()
names = st.sampled_from(NAMES) | st.sampled_from(CORRECTORS)
spellings = st.sampled_from(["{}", "{}.VAL", "{}.DRVH", "{}.PROC", '{}.{{"ts":{{}}}}', " {}"])
asked = st.builds(lambda name, spelling: spelling.format(name), names, spellings | st.just("{}"))
items = st.builds(
    WriteItem, channel=asked | st.text(max_size=4), value=values, unit=st.sampled_from([None, "A", "mA", "", "µA"])
)
good = st.builds(WriteItem, channel=st.sampled_from(CORRECTORS), value=st.floats(-10, 10))


def batches_of(item):
    return st.lists(st.lists(item, min_size=1, max_size=3), min_size=1, max_size=3)


groups = batches_of(good) | batches_of(good | items)
bounds = st.none() | st.floats(-11, 11).map(lambda n: round(n, 2))


@st.composite
def entries(draw):
    low, high = draw(bounds), draw(bounds)
    if low is not None and high is not None and low > high:
        low, high = high, low
    entry = {"min": low, "max": high, "max_step": draw(st.none() | st.floats(0.5, 20))}
    entry["allowed"] = draw(st.none() | st.none() | st.just([0, 1, 2.5, "OPEN"]))
    entry["writable"] = draw(st.none() | st.just(True) | st.booleans())
    entry["max_travel"] = draw(st.none() | st.none() | st.just(1e12))
    return {key: value for key, value in entry.items() if value is not None}


patterns = st.sampled_from(["*", "SR:*", "*:SP", "SR:01:HCM?:SP", "X:*", *NAMES])
limit_files = st.dictionaries(patterns, entries(), min_size=1, max_size=3)


def entries_of(limits, channel):
    return [entry for name, entry in limits.items() if fnmatch.fnmatchcase(channel, name)]


def most_specific(limits, channel, key):
    """Give what the exact entry, else the longest matching pattern, states."""
    stating = [n for n, e in limits.items() if fnmatch.fnmatchcase(channel, n) and key in e]
    if channel in stating:
        return limits[channel][key]
    stating.sort(key=lambda name: len(name.replace("*", "").replace("?", "")))
    return limits[stating[-1]][key] if stating else None


def drive_of(channel):
    """Give what the mock says of a name that nobody chose: any name is a channel of it."""
    drive = describe(channel).drive
    return drive.low, drive.high


def may_be_put(limits, put, before):
    """Work out independently whether a value may have reached the machine."""
    stated = entries_of(limits, put.channel)
    if put.channel in OTHERS[-2:] or most_specific(limits, put.channel, "writable") is False:
        return False
    low, high = DRIVE.get(put.channel, (None, None)) if put.channel in NAMES else drive_of(put.channel)
    if not stated and low is None:
        return False
    elements = put.value if isinstance(put.value, list) else [put.value]
    olds = before if isinstance(before, list) else [before]
    lows = [e["min"] for e in stated if "min" in e] + ([] if low is None else [low])
    highs = [e["max"] for e in stated if "max" in e] + ([] if high is None else [high])
    steps = [e["max_step"] for e in stated if "max_step" in e]
    lists = [e["allowed"] for e in stated if "allowed" in e]
    for element, old in zip(elements, olds, strict=True):
        label = ["CLOSED", "OPEN"][element] if put.channel == "X:Shutter" else None
        if any(element not in allowed and label not in allowed for allowed in lists):
            return False
        if isinstance(element, str):
            return not (lows or highs or steps)
        if not math.isfinite(element) or any(element < n for n in lows) or any(element > n for n in highs):
            return False
        if any(abs(Fraction(element) - Fraction(old)) > Fraction(step) + Fraction(1, 10**12) for step in steps):
            return False
    return True


async def run_batch(room, limits, batch):
    """Judge, approve and apply; give whether it was allowed, the puts, and what each channel held before."""
    (room.project.root / "limits.yml").write_text(json.dumps({"channels": limits}))
    connector = room.connector
    del connector.puts[:]
    asked = {item.channel.removesuffix(".VAL") for group in batch for item in group}
    held = {name: connector._value(name) for name in {*NAMES, *asked}}
    judgement = await room.judge(*batch)
    if judgement.is_allowed:
        report = await room.guard.apply(await room.approve_document(write_document(judgement)))
        assert report.status == "done", report.reason
    return judgement.is_allowed, connector.puts, held


@pytest.mark.timeout(36_000)
def test_nothing_outside_the_limits_is_ever_put(blocking_room):
    portal, room = blocking_room
    seen = {"allowed": 0, "refused": 0, "puts": 0}

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(limits=limit_files, batch=groups)
    def escape(limits, batch):
        was_allowed, puts, held = portal.call(run_batch, room, limits, batch)
        asked = [item for group in batch for item in group]
        assert len(puts) == (len(asked) if was_allowed else 0)
        for put in puts:
            assert may_be_put(limits, put, held[put.channel]), (put, held[put.channel])
            held[put.channel] = put.value
        seen["allowed" if was_allowed else "refused"] += 1
        seen["puts"] += len(puts)

    escape()
    assert seen["allowed"] > 0
    assert seen["refused"] > 0
    print(f"{sum((seen['allowed'], seen['refused']))} batches, {seen['puts']} puts, no escape")
