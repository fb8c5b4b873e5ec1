"""From phrases to plans, on a small ring of two of everything."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osprey.agent.planner import Clarification, NotUnderstood, plan_request
from osprey.base.planning import ExecutionPlan
from osprey.control import ChannelRecord
from osprey.control.channels.directory import ChannelDirectory
from osprey.models.phrasebook import parse

NOW_NS = 1_795_176_000 * 10**9
HOUR_NS = 3600 * 10**9
Answer = ExecutionPlan | NotUnderstood | Clarification
Planner = Callable[[str], Answer]


def _supply(family: str, words: tuple[str, ...], number: int, sector: int) -> Iterator[ChannelRecord]:
    device = f"{family}{number:02d}"
    name = f"SR:S{sector:02d}:{device}:CURRENT"
    shared = {"device": device, "family": family, "family_words": words, "sector": sector}
    place = {"position_m": 10.0 * number, "quantity": "current", "unit": "A"}
    yield ChannelRecord(
        name=f"{name}:SP", role="setpoint", readback=f"{name}:RB", aliases=(f"{device}:SP",), **shared, **place
    )
    yield ChannelRecord(name=f"{name}:RB", **shared, **place)
    yield ChannelRecord(name=f"SR:S{sector:02d}:{device}:STATE", quantity="state", role="status", **shared)


def _ring() -> Iterator[ChannelRecord]:
    for number in range(1, 9):
        sector = (number + 1) // 2
        yield from _supply("HCM", ("horizontal corrector",), number, sector)
        yield from _supply("VCM", ("vertical corrector",), number, sector)
        for axis in ("X", "Y"):
            yield ChannelRecord(
                name=f"SR:S{sector:02d}:BPM{number:02d}:{axis}",
                description=f"beam position {axis}",
                device=f"BPM{number:02d}",
                family="BPM",
                family_words=("beam position monitor",),
                sector=sector,
                position_m=80.0 - 10.0 * number,
                quantity=axis.lower(),
                unit="mm",
            )
        yield ChannelRecord(
            name=f"SR:S{sector:02d}:IP{number:02d}:PRESSURE",
            description="Pressure at an ion pump",
            device=f"IP{number:02d}",
            family="IP",
            family_words=("ion pump",),
            sector=sector,
            position_m=5.0 * number,
            quantity="pressure",
            unit="mbar",
        )
    dcct = {"device": "DCCT", "family": "DCCT", "family_words": ("current transformer",), "sector": 1}
    yield ChannelRecord(name="SR:DCCT:CURRENT", quantity="beam current", unit="mA", **dcct)
    yield ChannelRecord(name="SR:DCCT:LIFETIME", quantity="lifetime", unit="h", **dcct)
    rf = {"device": "RF1", "family": "RF", "family_words": ("radio frequency",), "role": "setpoint"}
    yield ChannelRecord(name="SR:RF1:FREQUENCY:SP", quantity="frequency", unit="Hz", **rf)
    yield ChannelRecord(name="SR:RF1:VOLTAGE:SP", quantity="voltage", unit="kV", **rf)
    yield ChannelRecord(name="SR:COOLING:T1", description="Cooling water inlet", unit="degC")


RING = ChannelDirectory(_ring())


def plan_text(text: str) -> Answer:
    phrase = parse(text, now_ns=NOW_NS, time_zone="Europe/Berlin")
    return plan_request(phrase, RING, now_ns=NOW_NS, time_zone="Europe/Berlin")


def planned(text: str) -> ExecutionPlan:
    answer = plan_text(text)
    assert isinstance(answer, ExecutionPlan), str(answer)
    return answer


def only_step(text: str) -> tuple[str, dict[str, object]]:
    (step,) = planned(text).steps
    return step.capability, dict(step.parameters)


def test_what_is_the_beam_current() -> None:
    assert only_step("what is the beam current") == ("channel_read", {"channels": ["SR:DCCT:CURRENT"]})


def test_plot_the_horizontal_orbit() -> None:
    capability, parameters = only_step("plot the horizontal orbit")
    assert (capability, parameters["template"]) == ("python", "plot_profile")
    (profile,) = parameters["params"]["profiles"]
    assert (profile["label"], profile["unit"], profile["has_positions"]) == ("horizontal orbit", "mm", True)
    assert next(iter(profile["channels"])) == "SR:S04:BPM08:X"
    positions = list(profile["channels"].values())
    assert positions == sorted(positions)
    assert len(positions) == 8


def test_mean_and_spread_of_the_beam_current_with_a_plot() -> None:
    text = "mean and spread of the beam current over the last ten minutes, with a plot"
    capability, parameters = only_step(text)
    assert (capability, parameters["template"]) == ("python", "archive_statistics")
    params = parameters["params"]
    assert params["channels"] == {"SR:DCCT:CURRENT": "beam current"}
    assert params["kinds"] == ["mean", "std"]
    assert params["is_plotted"]
    assert params["end_ns"] - params["start_ns"] == HOUR_NS // 6
    assert planned(text).assumptions == ("'last ten minutes' is 2026-11-20 12:50:00 CET to 2026-11-20 13:00:00 CET",)


def test_set_hcm03() -> None:
    write = {"channel": "SR:S02:HCM03:CURRENT:SP", "value": 0.5, "unit": "A"}
    assert only_step("set HCM03 to 0.5 A") == ("channel_write", {"groups": [[write]]})


def test_raise_every_horizontal_corrector_of_a_sector_and_show_the_orbit() -> None:
    capability, parameters = only_step(
        "raise every horizontal corrector of sector 2 by 0.1 A and show the orbit before and after"
    )
    assert (capability, parameters["template"]) == ("python", "step_and_show")
    params = parameters["params"]
    assert params["steps"] == {"SR:S02:HCM03:CURRENT:SP": 0.1, "SR:S02:HCM04:CURRENT:SP": 0.1}
    assert [profile["label"] for profile in params["profiles"]] == ["orbit, x", "orbit, y"]
    assert params["unit"] == "A"


def test_which_channels_measure_vacuum_in_sector_4() -> None:
    capability, parameters = only_step("which channels measure vacuum in sector 4")
    assert (capability, parameters["query"]) == ("channel_find", "vacuum sector 4")
    found = RING.search(str(parameters["query"]))
    assert {record.name for record in found} == {"SR:S04:IP07:PRESSURE", "SR:S04:IP08:PRESSURE"}


@pytest.mark.parametrize(
    ("text", "channels"),
    [
        ("what is HCM03", ["SR:S02:HCM03:CURRENT:SP", "SR:S02:HCM03:CURRENT:RB"]),
        ("what is the current of HCM03", ["SR:S02:HCM03:CURRENT:RB"]),
        ("what is the setpoint of hcm03", ["SR:S02:HCM03:CURRENT:SP"]),
        ("read the state of HCM03", ["SR:S02:HCM03:STATE"]),
        ("read HCM03:SP", ["SR:S02:HCM03:CURRENT:SP"]),
        ("read SR:DCCT:CURRENT.VAL", ["SR:DCCT:CURRENT"]),
        ("what is the lifetime", ["SR:DCCT:LIFETIME"]),
        ("what is the current", ["SR:DCCT:CURRENT"]),
        ("what is the vacuum in sector 4", ["SR:S04:IP07:PRESSURE", "SR:S04:IP08:PRESSURE"]),
        ("read the horizontal correctors in sector 2", ["SR:S02:HCM03:CURRENT:RB", "SR:S02:HCM04:CURRENT:RB"]),
        ("read the corrector magnets of S01 and S02", None),
        ("read the cooling water inlet", ["SR:COOLING:T1"]),
        ("read BPM 3", ["SR:S02:BPM03:X", "SR:S02:BPM03:Y"]),
    ],
)
def test_what_is_read(text: str, channels: list[str] | None) -> None:
    capability, parameters = only_step(text)
    assert capability == "channel_read"
    if channels is None:
        assert len(parameters["channels"]) == 8
    else:
        assert parameters["channels"] == channels


@pytest.mark.parametrize(
    ("text", "assumption"),
    [
        ("set HCM03 to 500 mA", "500 mA = 0.5 A"),
        ("set HCM03 to 0.5", "0.5 is taken in A, the unit of the channel"),
        ("set the rf frequency to 499.654 MHz", "499.654 MHz = 499654000 Hz"),
        ("raise HCM03 to 0.5 A", "'raise ... to' is taken as 'set ... to'"),
        ("what is HCM3", "'HCM3' is taken as HCM03"),
        ("what is the current", "'the current' is taken as the beam current"),
        ("read the cooling water", "'the cooling water' is taken as SR:COOLING:T1"),
        ("plot the beam current", "no span of time was named: the last hour is taken, "),
        ("rms of the orbit", "no span of time was named: the figures are over the channels"),
        ("read the BPMs and ion pumps in sector 2", "sector 2 is taken for every part"),
        ("what was the beam current an hour ago", "'an hour ago' is 2026-11-20 12:00:00 CET"),
        ("scan HCM03 from 0 to 1 A in 5 steps", "5 points, both ends included"),
    ],
)
def test_what_was_taken_for_granted_is_stated(text: str, assumption: str) -> None:
    assert any(each.startswith(assumption) for each in planned(text).assumptions), planned(text).assumptions


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("set HCM03 to 500 mA", 0.5, "A"),
        ("set HCM03 to 0.5 V", 0.5, "V"),
        ("set HCM03 to high", "high", None),
        ("set HCM03 to [0.1, 0.2] A", [0.1, 0.2], "A"),
        ("set HCM03 to inf A", math.inf, "A"),
    ],
)
def test_a_value_goes_to_the_guard_in_the_channels_unit_or_as_it_is(text: str, value: object, unit: str | None) -> None:
    _, parameters = only_step(text)
    assert parameters["groups"] == [[{"channel": "SR:S02:HCM03:CURRENT:SP", "value": value, "unit": unit}]]


def test_not_a_number_goes_to_the_guard() -> None:
    _, parameters = only_step("set HCM03 to nan A")
    assert math.isnan(parameters["groups"][0][0]["value"])


@pytest.mark.parametrize("value", ["nan A", "0.5 V", "high", "[1, 2] A"])
def test_what_a_template_cannot_write_goes_to_the_guard_even_if_something_is_shown(value: str) -> None:
    first, second = planned(f"set HCM03 to {value} and show the orbit before and after").steps
    assert (first.capability, second.capability) == ("channel_write", "channel_read")


def test_a_step_without_something_to_show_is_a_list_of_changes() -> None:
    _, parameters = only_step("lower HCM03 and VCM05 by 100 mA")
    assert parameters["groups"] == [
        [
            {"channel": "SR:S02:HCM03:CURRENT:SP", "delta": -0.1, "unit": "A"},
            {"channel": "SR:S03:VCM05:CURRENT:SP", "delta": -0.1, "unit": "A"},
        ]
    ]


def test_then_makes_groups() -> None:
    _, parameters = only_step("set HCM03 to 0.1 A and HCM04 to 0.2 A, then HCM03 to 0 A")
    assert [[write["value"] for write in group] for group in parameters["groups"]] == [[0.1, 0.2], [0.0]]


def test_a_scan_writes_and_then_plots_what_it_measured() -> None:
    plan = planned("scan HCM03 from -0.5 to 500 mA in 11 steps, waiting 3 s, and measure the horizontal orbit")
    writing, plotting = plan.steps
    assert writing.parameters["scan"] == {
        "channel": "SR:S02:HCM03:CURRENT:SP",
        "start": -0.0005,
        "stop": 0.5,
        "steps": 11,
        "unit": "A",
        "restore": True,
    }
    assert len(writing.parameters["observe"]["channels"]) == 8
    assert writing.parameters["observe"]["settle_s"] == 3.0
    assert plotting.inputs == ({"CHANNEL_WRITE_RESULTS": writing.context_key},)
    assert plotting.parameters["params"]["scan"] == writing.context_key


def test_a_scan_in_steps_of_an_amount_counts_the_points() -> None:
    _, parameters = only_step("scan HCM03 from 0 to 1 A in steps of 0.1 A")
    assert parameters["scan"]["steps"] == 11


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("set HCM93 to 0.5 A", "There is no device or channel 'HCM93'"),
        ("set SR:S02:HCM93:CURRENT:SP to 1", "There is no channel 'SR:S02:HCM93:CURRENT:SP'"),
        ("set SR:S02:HCM03:CURRENT:SP.DRVH to 5", "There is no channel"),
        ("set the readback of HCM03 to 1 A", "can only be read"),
        ("set HCM03 to 0.5 bananas", "'bananas' is not a unit that I know"),
        ("set HCM03 to 0.5 ma", "could be MA or mA"),
        ("set it to 0.5 A", "I did not understand 'it'"),
        ("set everything to 0 A", "I did not understand 'everything'"),
        ("set HCM03 in sector 4 to 0.5 A", "No channel in sector 4 fits"),
        ("set HCM03 to 0.5 A and HCM03 to 0.6 A", "named twice"),
        ("scan the horizontal correctors from 0 to 1 A in 5 steps", "A scan moves one channel"),
        ("scan HCM03 from 0 to 1 A in 1 steps", "2 to 1000 points"),
        ("scan HCM03 from 0 to 1 A in steps of 0.3 A", "do not lead from 0 to 1"),
        ("what is the pressure in sector 99", "There is no sector 99: there are 1 to 4"),
        ("what is the frobnicator", "I did not understand 'frobnicator'"),
        ("compare HCM03 with the beam current", "Different units do not compare"),
        ("read the state of BPM03", "has no status"),
    ],
)
def test_what_names_nothing_is_not_understood(text: str, part: str) -> None:
    answer = plan_text(text)
    assert isinstance(answer, NotUnderstood), answer
    assert part in answer.message


@pytest.mark.parametrize("text", ["set the beam current to 300 mA", "set BPM03 to 0 mm"])
def test_what_can_only_be_read_is_asked_about_and_never_set(text: str) -> None:
    answer = plan_text(text)
    assert isinstance(answer, Clarification), answer
    assert "has no set point" in answer.question


def test_a_plural_of_several_families_is_asked_and_each_can_be_planned() -> None:
    answer = plan_text("set the correctors of sector 2 to 0.1 A")
    assert isinstance(answer, Clarification), answer
    assert answer.choices == (
        "set every horizontal corrector of sector 2 to 0.1 A",
        "set every vertical corrector of sector 2 to 0.1 A",
    )
    assert all(isinstance(plan_text(choice), ExecutionPlan) for choice in answer.choices)


def test_every_of_several_families_is_all_of_them() -> None:
    plan = plan_text("set every corrector of sector 2 to 0.1 A")
    assert isinstance(plan, ExecutionPlan), plan
    assert len(plan.steps[0].parameters["groups"][0]) == 4


def test_a_step_in_per_cent_is_a_share_of_what_is_set() -> None:
    plan = plan_text("raise HCM03 by 2 %")
    assert isinstance(plan, ExecutionPlan), plan
    assert plan.steps[0].parameters["groups"] == [[{"channel": "SR:S02:HCM03:CURRENT:SP", "percent": 2.0, "unit": "A"}]]
    assert any("2 %" in note for note in plan.assumptions)


def test_a_family_with_a_number_is_its_device() -> None:
    plan = plan_text("what is horizontal corrector 3")
    assert isinstance(plan, ExecutionPlan), plan
    assert set(plan.steps[0].parameters["channels"]) == {"SR:S02:HCM03:CURRENT:RB"}


def test_a_bare_s_with_a_number_is_a_sector_where_nothing_is_called_so() -> None:
    plan = plan_text("pressure s2")
    assert isinstance(plan, ExecutionPlan), plan
    assert all(name.startswith("SR:S02:") for name in plan.steps[0].parameters["channels"])


def test_a_bare_s_with_a_number_is_no_sector_of_a_change() -> None:
    assert isinstance(plan_text("set horizontal correctors s2 to 0.1 A"), NotUnderstood)


def test_an_unknown_device_is_answered_with_the_closest() -> None:
    answer = plan_text("set HCM93 to 0.5 A")
    assert isinstance(answer, NotUnderstood)
    assert answer.suggestions[0] == "HCM03"
    assert [word.text for word in answer.words] == ["HCM93"]


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("set the horizontal corrector to 0.5 A", "set every horizontal corrector to 0.5 A"),
        ("raise the corrector of sector 2 by 0.1 A", "raise every corrector of sector 2 by 0.1 A"),
        ("set RF1 to 499 MHz", "set SR:RF1:FREQUENCY:SP to 499 MHz"),
        ("set HCM3 to 0.5 A", "set HCM03 to 0.5 A"),
    ],
)
def test_what_would_be_changed_is_asked_and_the_choice_can_be_planned(text: str, choice: str) -> None:
    answer = plan_text(text)
    assert isinstance(answer, Clarification), answer
    assert choice in answer.choices
    planned(choice)


def test_a_sector_that_might_not_hold_for_every_part_is_asked() -> None:
    answer = plan_text("set the horizontal correctors and the vertical correctors in sector 2 to 0 A")
    assert isinstance(answer, Clarification)


def test_a_device_name_in_two_places_is_asked() -> None:
    records = [
        ChannelRecord(name=f"S{sector}:HCM1:SP", device="HCM1", family="HCM", sector=sector, role="setpoint")
        for sector in (1, 2)
    ]
    phrase = parse("set HCM1 to 1", now_ns=NOW_NS, time_zone="UTC")
    answer = plan_request(phrase, ChannelDirectory(records), now_ns=NOW_NS, time_zone="UTC")
    assert isinstance(answer, Clarification)
    assert answer.choices == ("set S1:HCM1:SP to 1", "set S2:HCM1:SP to 1")


def test_a_target_that_lists_nothing_takes_a_channel_name_as_it_is() -> None:
    phrase = parse("set SOME:CHANNEL to 1 A", now_ns=NOW_NS, time_zone="UTC")
    plan = plan_request(phrase, ChannelDirectory(()), now_ns=NOW_NS, time_zone="UTC")
    assert isinstance(plan, ExecutionPlan)
    assert plan.steps[0].parameters["groups"] == [[{"channel": "SOME:CHANNEL", "value": 1.0, "unit": "A"}]]


def test_an_answer_of_the_parser_is_given_back() -> None:
    phrase = parse("do not set HCM03 to 1 A", now_ns=NOW_NS, time_zone="UTC")
    assert plan_request(phrase, RING, now_ns=NOW_NS, time_zone="UTC") is phrase


@pytest.mark.parametrize(
    ("text", "template"),
    [
        ("compare HCM03 with HCM04", "read_compare"),
        ("compare setpoint and readback of HCM03", "read_compare"),
        ("compare the orbit now with ten minutes ago", "compare_now_then"),
        ("what was the beam current yesterday at 08:00", "value_then"),
        ("plot the beam current since 08:00", "archive_statistics"),
        ("rms of the horizontal orbit", "profile_statistics"),
        ("set HCM03 to 0.5 A and plot the orbit before and after", "step_and_show"),
    ],
)
def test_what_is_computed_has_its_template(text: str, template: str) -> None:
    capability, parameters = only_step(text)
    assert (capability, parameters["template"]) == ("python", template)
    json.dumps(parameters, allow_nan=False)


def test_archived_values_are_fetched_by_the_archive_capability() -> None:
    capability, parameters = only_step("get the archived values of the beam current over the last hour")
    assert (capability, parameters["channels"]) == ("archive_read", ["SR:DCCT:CURRENT"])
    assert parameters["end_ns"] - parameters["start_ns"] == HOUR_NS


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        ("remember that BPM07 is noisy", {"op": "save", "text": "BPM07 is noisy"}),
        ("what do you remember about BPM07?", {"op": "search", "text": "BPM07"}),
        ("what do you remember", {"op": "search", "text": ""}),
    ],
)
def test_memory_is_a_capability(text: str, parameters: dict[str, str]) -> None:
    assert only_step(text) == ("memory", parameters)


_WORDS = (
    "the every horizontal vertical corrector correctors HCM03 HCM99 BPM orbit beam current of in sector 2 9 "
    "setpoint and rf frequency vacuum RF1 DCCT"
)
_SUBJECTS = st.lists(st.sampled_from(_WORDS.split(" ")), max_size=7).map(" ".join)


@given(_SUBJECTS, st.sampled_from(["read {}", "plot {}", "set {} to 0.1 A", "raise {} by 1 mA", "mean of {}"]))
def test_no_subject_raises_and_every_write_is_to_a_set_point(subject: str, form: str) -> None:
    answer = plan_text(form.format(subject))
    steps = answer.steps if isinstance(answer, ExecutionPlan) else ()
    for step in steps:
        for group in step.parameters.get("groups", ()):
            assert all(write["channel"].endswith(":SP") for write in group)


@given(st.text(max_size=80))
def test_no_text_raises(text: str) -> None:
    plan_text(text)
