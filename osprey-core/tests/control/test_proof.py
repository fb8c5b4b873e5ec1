"""Proof of safety: whatever is asked under whatever limits, nothing outside them is ever put.

What may be put is worked out here a second time, by other means than the guard's: from the text of the limits
file, exact fractions, and a log of what the machine held. `make test` runs a sample; `make proof` sets
`OSPREY_PROOF_EXAMPLES` for the full count.
"""

from __future__ import annotations

import json
import math
import os
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from anyio.from_thread import start_blocking_portal
from attrs import evolve
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from osprey.config.schema import Unlisted
from osprey.control import MockConnector, WriteItem
from osprey.control.guard import checks
from osprey.control.limits import limit_values, limits_file
from osprey.control.mock.channels import describe
from osprey.control.payload import write_document
from osprey.control.targets import targets_of

EXAMPLES = int(os.environ.get("OSPREY_PROOF_EXAMPLES", "250"))
CORRECTORS = ["SR:01:HCM1:SP", "SR:01:HCM2:SP", "SR:02:VCM1:SP"]
OTHERS = ["X:Count", "X:Shutter", "X:WF", "X:Title", "SR:01:HCM1:RB", "X:BPM1:X"]
NAMES = [*CORRECTORS, *OTHERS]
ALIASES = {"ALIAS:ONE": CORRECTORS[0], "ALIAS:TWO": CORRECTORS[1]}
LOOK_ALIKES = ["sr:01:hcm1:sp", "ЅR:01:HCM1:SP", "SR:01:HCM1:SP\u200b", "SR:01:HСM1:SP", "SR:０1:HCM1:SP"]
BEAM = "X:Beam"
LENGTH = 32
SLACK = Fraction(1, 10**12)
HOUR_NS = 3600 * 10**9


def true_name(name):
    """Give a name with the record's own name in the place of an alias."""
    alias = next((alias for alias in ALIASES if name == alias or name.startswith(f"{alias}.")), None)
    return name if alias is None else ALIASES[alias] + name.removeprefix(alias)


class Aliased(MockConnector):
    """Has second names for two records, as EPICS has."""

    async def describe(self, channels, *, timeout_s):
        found = await super().describe([true_name(name) for name in channels], timeout_s=timeout_s)
        return [evolve(info, channel=name) for info, name in zip(found, channels, strict=True)]


special = st.sampled_from([math.nan, math.inf, -math.inf, 1e308, -0.0, 10.0, math.nextafter(10.0, 11), -10.0])
near = st.floats(-12, 12) | st.integers(-12, 12) | st.integers(-48, 48).map(lambda n: n / 4)
numbers = near | near | special | st.floats()
odd = st.sampled_from(
    [
        Decimal(1),
        1 + 0j,
        np.float32(2.5),
        np.float64("nan"),
        np.int64(3),
        np.bool_(True),
        np.array([1.0]),
        b"1",
        10**400,
    ]
)
scalars = numbers | numbers | st.booleans() | st.text(max_size=3) | st.sampled_from(["OPEN", "CLOSED", "1.0", "nan"])
arrays = st.lists(numbers, max_size=3) | st.builds(lambda n, k: [n] * k, numbers, st.sampled_from([1, 31, 32, 33]))
values = scalars | scalars | arrays | odd | st.none() | arrays.map(lambda a: [a])
spellings = st.sampled_from(
    ["{}", "{}.VAL", "{}.DRVH", "{}.PROC", '{}.{{"ts":{{}}}}', " {}", "{}.val", "{}$", "{}.VAL$"]
)
names = st.sampled_from([*NAMES, *CORRECTORS, *ALIASES, *LOOK_ALIKES])
asked = st.builds(lambda name, spelling: spelling.format(name), names, spellings | st.just("{}") | st.just("{}"))
items = st.builds(
    WriteItem,
    channel=asked | asked | asked | st.text(max_size=4),
    value=values,
    unit=st.sampled_from([None, None, None, "A", "A", "mA", "", "µA"]),
)
good = st.builds(WriteItem, channel=st.sampled_from([*CORRECTORS, *ALIASES]), value=near.filter(lambda n: abs(n) <= 10))


def batches_of(item):
    return st.lists(st.lists(item, min_size=1, max_size=3), min_size=1, max_size=3)


groups = batches_of(good) | batches_of(good) | batches_of(good | items)
EXPRESSIONS = {
    "value < 5": lambda value, old, beam: value < 5,
    "abs(value - current) <= 8": lambda value, old, beam: old is not None and abs(value - old) <= 8,
    "0 - 3 < value or value == 0 - 4": lambda value, old, beam: value > -3 or value == -4,
    f'ch("{BEAM}") < 10 or value < 2': lambda value, old, beam: beam < 10 or value < 2,
    f'not (ch("{BEAM}.VAL") > 10)': lambda value, old, beam: not beam > 10,
}
bound = st.floats(-11, 11).map(lambda n: round(n, 2))
KEYS = {
    "min": bound,
    "max": bound,
    "max_step": st.floats(0.5, 20),
    "step": st.sampled_from([0.25, 0.1, 1, 3]),
    "allowed": st.sampled_from([[0, 1, 2.5, "OPEN"], [True, 1.5], ["CLOSED", -4]]),
    "writable": st.booleans(),
    "max_travel": st.sampled_from([5, 12, 1e12]),
    "max_rate": st.sampled_from([1, 100]),
    "min_interval": st.sampled_from([1, 100]),
    "group_rate": st.sampled_from([1, 2, {"group": "g", "max_writes": 2, "window_s": 60}]),
    "expression": st.sampled_from(sorted(EXPRESSIONS)),
    "fields": st.just(["DRVH"]),
}


@st.composite
def entries(draw):
    keys = draw(
        st.lists(
            st.sampled_from([*KEYS, "min", "max", "min", "max", "expression", "expression"]), max_size=3, unique=True
        )
    )
    entry = {key: draw(KEYS[key]) for key in keys}
    if entry.get("min", -99) > entry.get("max", 99):
        entry["min"], entry["max"] = entry["max"], entry["min"]
    return entry


PATTERNS = ["*", "SR:*", "*:SP", "SR:01:HCM?:SP", "X:*"]
patterns = st.sampled_from([*PATTERNS, *NAMES, CORRECTORS[0] + ".VAL", CORRECTORS[1] + ".DRVH", LOOK_ALIKES[0]])
tables = st.dictionaries(patterns, entries(), min_size=1, max_size=4)
open_tables = st.builds(lambda table, name: {name: {}, **table}, tables, st.sampled_from(["*", "SR:*"]))
limit_files = st.fixed_dictionaries(
    {"channels": (tables | open_tables | open_tables).filter(lambda table: len(table) == len(plain_keys(table)))},
    optional={"defaults": entries()},
)


def plain(name):
    return name.removesuffix(".VAL")


def plain_keys(names):
    return {plain(name) for name in names}


def is_match(pattern, name):
    """Tell whether a pattern lists a name, by hand: the patterns here have stars and one question mark."""
    if not pattern:
        return not name
    if pattern[0] == "*":
        return any(is_match(pattern[1:], name[place:]) for place in range(len(name) + 1))
    return bool(name) and pattern[0] in ("?", name[0]) and is_match(pattern[1:], name[1:])


class Rules:
    """What a limits file says of one name, read without the guard's own code."""

    def __init__(self, document, name):
        listing = [key for key in document["channels"] if is_match(plain(key), plain(name))]
        exact = [key for key in listing if plain(key) == plain(name)]
        rest = [key for key in listing if key not in exact]
        rest.sort(key=lambda key: len(key.replace("*", "").replace("?", "")), reverse=True)
        self.is_listed, self.is_exact = bool(listing), bool(exact)
        self.named = [(key, document["channels"][key]) for key in exact + rest]
        self.defaults = document.get("defaults", {})

    def all(self, key):
        stated = [entry[key] for _, entry in self.named if key in entry]
        return stated or ([self.defaults[key]] if key in self.defaults else [])

    def first(self, key):
        return next(iter(self.all(key)), None)

    def grids(self):
        stating = [entry for _, entry in self.named if "step" in entry] or [e for e in [self.defaults] if "step" in e]
        return [(Fraction(str(e["step"])), Fraction(str(e.get("min", 0)))) for e in stating]

    def groups(self):
        """Give the name of each group with its most writes within a minute."""
        stated = [(key, entry["group_rate"]) for key, entry in self.named if "group_rate" in entry]
        stated = stated or [("defaults", rate) for rate in self.all("group_rate")]
        return {(rate["group"] if isinstance(rate, dict) else key): 2 if rate != 1 else 1 for key, rate in stated}


def is_open(document, channel, unlisted):
    """Give what is said of a channel that may be written at all, else nothing."""
    info = describe(channel)
    rules = Rules(document, channel)
    if not info.is_value_field and not rules.is_exact:
        rules = Rules(document, info.name)
        if not rules.is_listed or info.field not in (rules.first("fields") or ()):
            return None
    if info.has_modifier or not info.writable or rules.first("writable") is False:
        return None
    has_both = info.drive.low is not None and info.drive.high is not None
    if not rules.is_listed and (unlisted is Unlisted.REFUSE or not has_both):
        return None
    return rules


def is_value_fine(rules, channel, element, old, beam):
    info = describe(channel)
    label = info.labels[element] if info.labels else None
    if any(not any(element == one or one == label for one in ones if one is not True) for ones in rules.all("allowed")):
        return False
    if isinstance(element, str):
        return not any(
            rules.all(key) for key in ("min", "max", "max_step", "step", "max_travel", "max_rate", "expression")
        )
    lows = [*rules.all("min"), *[n for n in [info.drive.low] if n is not None]]
    highs = [*rules.all("max"), *[n for n in [info.drive.high] if n is not None]]
    if not math.isfinite(element) or any(element < n for n in lows) or any(element > n for n in highs):
        return False
    for step, origin in rules.grids():
        steps = (Fraction(element) - origin) / step
        if abs(steps - round(steps)) * step > SLACK:
            return False
    return all(EXPRESSIONS[text](element, old, beam) for text in rules.all("expression"))


class Machine:
    """What the puts of one batch did, and whether the limits allow the next one."""

    def __init__(self, document, held, beam, unlisted):
        self.document, self.held, self.beam, self.unlisted = document, held, beam, unlisted
        self.travel, self.written, self.groups = {}, set(), {}

    def take(self, put):
        """Tell whether a put was within every limit; all of a batch come at one time by the clock."""
        channel = put.channel
        rules = is_open(self.document, channel, self.unlisted)
        if rules is None:
            return False
        elements = put.value if isinstance(put.value, list) else [put.value]
        olds = self.held[channel] if isinstance(put.value, list) else [self.held[channel]]
        if not 1 <= len(elements) <= (LENGTH if describe(channel).shape else 1):
            return False
        beside = [*olds, *[None] * len(elements)]
        if not all(
            is_value_fine(rules, channel, element, old, self.beam)
            for element, old in zip(elements, beside, strict=False)
        ):
            return False
        self.held[channel] = put.value
        return self._is_motion_fine(rules, channel, elements, olds)

    def _is_motion_fine(self, rules, channel, elements, olds):
        again = channel in self.written
        self.written.add(channel)
        if again and rules.all("min_interval"):
            return False
        for group, most in rules.groups().items():
            self.groups[group] = self.groups.get(group, 0) + 1
            if self.groups[group] > most:
                return False
        limited = [n for key in ("max_step", "max_travel", "max_rate") for n in rules.all(key)]
        if not limited:
            return True
        if len(elements) != len(olds) or isinstance(elements[0], str):
            return False
        moved = max(abs(Fraction(new) - Fraction(old)) for new, old in zip(elements, olds, strict=True))
        self.travel[channel] = self.travel.get(channel, 0) + moved
        if again and rules.all("max_rate") and moved > SLACK:
            return False
        fits = all(moved <= Fraction(step) + SLACK for step in rules.all("max_step"))
        return fits and all(self.travel[channel] <= Fraction(most) + SLACK for most in rules.all("max_travel"))


class Room:
    """The guard under trial, with a clock that only the trials move."""

    def __init__(self, room, clock, portal):
        self.room, self.clock, self.portal = room, clock, portal
        self.target = portal.call(targets_of(room.project).get)

    def run(self, *arguments):
        return self.portal.call(self._run, *arguments)

    async def _run(self, document, batch, unlisted, beam, start):
        """Judge, approve and apply; give whether it was allowed, the puts, and what each channel held before."""
        room, connector = self.room, self.room.connector
        self.clock[0] += 3 * HOUR_NS
        (room.project.root / "limits.json").write_text(json.dumps(document))
        self.target.config = evolve(self.target.config, limits=evolve(self.target.config.limits, unlisted=unlisted))
        connector._values.clear()
        connector.change(BEAM, beam)
        for name in CORRECTORS:
            connector.change(name, start)
        connector.puts.clear()
        names = {true_name(item.channel).removesuffix(".VAL") for group in batch for item in group}
        held = {name: connector._value(name) for name in {*NAMES, *names}}
        judgement = await room.judge(*batch)
        if judgement.is_allowed:
            report = await room.guard.apply(await room.approve_document(write_document(judgement)))
            assert report.status == "done", report.reason
        return judgement.is_allowed, connector.puts, held


@pytest.fixture
def trial_room(tmp_path, open_trial_room):
    with start_blocking_portal() as portal:
        clock = [1_800_000_000 * 10**9]
        room = portal.call(open_trial_room, tmp_path, Aliased, lambda: clock[0])
        yield Room(room, clock, portal)
        portal.call(room.project.aclose)


class EscapedError(AssertionError):
    """Something was sent that the limits forbid."""


def try_out(trial_room, examples, *, is_repeatable=False):
    """Try so many batches under as many limits; raise if one escapes; give what was seen."""
    seen = {"allowed": 0, "refused": 0, "puts": 0}
    phases = [Phase.explicit, Phase.generate, *([] if is_repeatable else [Phase.shrink])]

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=is_repeatable,
        phases=phases,
        suppress_health_check=list(HealthCheck),
    )
    @given(
        document=limit_files,
        batch=groups,
        unlisted=st.sampled_from(Unlisted),
        beam=st.sampled_from([5.0, 400.0]),
        start=near.map(float),
    )
    def escape(document, batch, unlisted, beam, start):
        was_allowed, puts, held = trial_room.run(document, batch, unlisted, beam, start)
        asked = [item for group in batch for item in group]
        assert len(puts) == (len(asked) if was_allowed else 0)
        machine = Machine(document, held, beam, unlisted)
        for put in puts:
            if not machine.take(put):
                raise EscapedError(put, document)
        seen["allowed" if was_allowed else "refused"] += 1
        seen["puts"] += len(puts)

    escape()
    return seen


@pytest.mark.timeout(36_000)
def test_nothing_outside_the_limits_is_ever_put(trial_room):
    seen = try_out(trial_room, EXAMPLES)
    assert seen["allowed"] > 0
    assert seen["refused"] > 0
    print(f"{seen['allowed'] + seen['refused']} batches, {seen['allowed']} allowed, {seen['puts']} puts, no escape")


@pytest.mark.parametrize("missing", ["check_bounds", "check_motion", "check_history", "check_condition", "writable"])
def test_the_proof_would_see_a_check_that_is_missing(trial_room, monkeypatch, missing):
    """A proof that cannot fail proves nothing."""
    for stage in ("ON_FRESH_VALUES", "BEFORE_A_GROUP"):
        kept = tuple(check for check in getattr(checks, stage) if check.__name__ != missing)
        monkeypatch.setattr(checks, stage, kept)
    monkeypatch.setattr(checks, "check_history", lambda case, scene: case)
    if missing == "writable":
        monkeypatch.setattr(limit_values, "LIMIT_VALUES", {**limit_values.LIMIT_VALUES, "writable": lambda value: True})
        monkeypatch.setattr(limits_file, "LIMIT_VALUES", limit_values.LIMIT_VALUES)
    with pytest.raises(EscapedError):
        try_out(trial_room, 3000, is_repeatable=True)
