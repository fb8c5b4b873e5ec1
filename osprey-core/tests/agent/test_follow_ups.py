"""What a message means after earlier turns, without a model: reads are taken plainly, changes only where sure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osprey.agent.planner import plan_request
from osprey.agent.thinking.by_phrasebook import plan_by_phrasebook
from osprey.agent.thinking.conversation import MOST_TURNS, PastTurn, conversation_text
from osprey.agent.thinking.follow_ups import Reading, Rewritten, leans_on_history, resolve_follow_up
from osprey.agent.thinking.undoing import is_undo, plan_undo
from osprey.base import ExecutionPlan, PlannedStep
from osprey.control import ChannelRecord
from osprey.control.channels.directory import ChannelDirectory
from osprey.models.phrasebook import Clarification, NotUnderstood, parse

NOW_NS = 1_795_176_000 * 10**9
HOUR_NS = 3600 * 10**9


def _records() -> list[ChannelRecord]:
    records = [ChannelRecord(name="SR:DCCT", device="DCCT", family="DCCT", family_words=("beam",), quantity="current")]
    for family, plane in (("HCM", "horizontal"), ("VCM", "vertical")):
        for number in range(1, 5):
            device, sector = f"{family}{number:02d}", number
            shared: dict[str, Any] = {
                "device": device,
                "family": family,
                "family_words": (f"{plane} corrector",),
                "sector": sector,
                "quantity": "current",
                "unit": "A",
            }
            name = f"SR:S{sector:02d}:{device}"
            records.append(ChannelRecord(name=f"{name}:SP", role="setpoint", **shared))
            records.append(ChannelRecord(name=f"{name}:RB", **shared))
    records += [
        ChannelRecord(name=f"SR:TUNE:{plane}", family_words=(f"{plane} tune",)) for plane in ("horizontal", "vertical")
    ]
    return records


READING = Reading(target="ring", directory=ChannelDirectory(_records()), now_ns=NOW_NS, time_zone="Europe/Berlin")


def planned(text: str) -> ExecutionPlan:
    plan = plan_request(
        parse(text, now_ns=NOW_NS, time_zone=READING.time_zone),
        READING.directory,
        now_ns=NOW_NS,
        time_zone=READING.time_zone,
    )
    assert isinstance(plan, ExecutionPlan), f"{text}: {plan}"
    return plan


def turn(text: str, contexts: Mapping[str, Mapping[str, Any]] | None = None, target: str = "ring") -> PastTurn:
    return PastTurn(question=text, target=target, plan=planned(text), contexts=contexts or {})


def resolved(text: str, *before: str) -> Rewritten | Clarification | None:
    return resolve_follow_up(text, [turn(one) for one in before], READING)


SPAN = "from 2026-11-20T09:00:00Z to 2026-11-20T11:00:00Z"


@pytest.mark.parametrize(
    ("before", "said", "meant"),
    [
        (f"plot the beam current {SPAN}", "plot HCM02 over the same time range", f"plot HCM02 {SPAN}"),
        (f"mean of the beam current {SPAN}", "and HCM02 for the same period?", f"mean of HCM02 {SPAN}"),
        (f"plot the beam current {SPAN}", "same time range for HCM03", f"plot HCM03 {SPAN}"),
        (
            "read the horizontal correctors in sector 2",
            "and in sector 3?",
            "read the horizontal correctors in sector 3",
        ),
        ("read the horizontal correctors", "what about sector 4", "read the horizontal correctors in sector 4"),
        ("what is the horizontal tune", "and the vertical one?", "what is the vertical tune"),
        ("read HCM01", "and HCM02", "read HCM02"),
        ("read HCM01", "how about HCM02?", "read HCM02"),
        ("read HCM01", "and plot VCM01 over the last hour", "plot VCM01 over the last hour"),
        ("read SR:S01:HCM01:RB", "plot it over the last hour", "plot SR:S01:HCM01:RB over the last hour"),
        ("read SR:S01:HCM01:RB", "plot that corrector over the last hour", "plot SR:S01:HCM01:RB over the last hour"),
        ("read SR:S01:HCM01:RB", "read its setpoint", "read HCM01 setpoint"),
        ("read SR:S01:HCM01:RB", "set it to 0.5 A", "set HCM01 to 0.5 A"),
        ("read SR:S01:HCM01:RB and SR:DCCT", "set that corrector to 0.5 A", "set HCM01 to 0.5 A"),
    ],
)
def test_a_follow_up_means_what_it_meant(before: str, said: str, meant: str) -> None:
    found = resolved(said, before)
    assert isinstance(found, Rewritten), found
    assert found.text == meant
    assert planned(found.text)


def test_a_chain_of_follow_ups_leans_on_what_each_was_taken_to_mean() -> None:
    history = [turn("read the horizontal correctors in sector 2")]
    for said, meant in (
        ("and in sector 3?", "read the horizontal correctors in sector 3"),
        ("and the vertical ones?", "read the vertical correctors in sector 3"),
        ("what about sector 4", "read the vertical correctors in sector 4"),
    ):
        found = plan_by_phrasebook(said, history, READING)
        assert found.task == meant
        assert isinstance(found.outcome, ExecutionPlan)
        assert any(meant in note for note in found.outcome.assumptions)
        history.append(PastTurn(question=said, target="ring", task=found.task, plan=found.outcome))


@pytest.mark.parametrize("long", ["and " + " ," * 9000 + "x", "and x" + " ?!" * 6000 + "y", "undo" + " please" * 2500])
def test_a_long_message_is_read_by_itself(long: str) -> None:
    assert resolved(long, "read HCM01") is None
    assert not is_undo(long)


def test_names_are_not_taken_from_a_turn_on_another_target_but_spans_are() -> None:
    elsewhere = [turn(f"plot HCM01 {SPAN}", target="other")]
    assert resolve_follow_up("set that corrector to 0.5 A", elsewhere, READING) is None
    assert resolve_follow_up("and HCM02", elsewhere, READING) is None
    found = resolve_follow_up("plot HCM02 over the same time range", elsewhere, READING)
    assert isinstance(found, Rewritten)
    assert found.text == f"plot HCM02 {SPAN}"


def test_a_turn_that_came_to_nothing_is_passed_over() -> None:
    nothing = PastTurn(question="and in sector 99?", target="ring")
    found = resolve_follow_up("and in sector 3?", [turn("read the horizontal correctors"), nothing], READING)
    assert isinstance(found, Rewritten)
    assert found.text == "read the horizontal correctors in sector 3"


def test_a_new_quantity_stays_in_its_sector_if_it_is_there() -> None:
    found = resolved("and the horizontal correctors", "read the vertical correctors in sector 3")
    assert isinstance(found, Rewritten)
    assert found.text == "read the horizontal correctors in sector 3"
    elsewhere = resolved("and the beam current", "read the vertical correctors in sector 3")
    assert isinstance(elsewhere, Rewritten)
    assert elsewhere.text == "read the beam current"


def test_a_change_that_would_be_nonsense_is_not_offered() -> None:
    assert resolved("now back to 0", "set HCM01 to 0.5 A") is None


def test_what_stands_for_what_is_said() -> None:
    found = resolved("plot it over the last hour", "read SR:DCCT")
    assert isinstance(found, Rewritten)
    assert found.notes == ("'it' is taken as SR:DCCT",)


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (["read HCM01 and HCM02"], "set it to 0.5 A"),
        (["read HCM01 and HCM02"], "set those to 0.5 A"),
        (["read HCM01", "read the beam current"], "set that corrector to 0.5 A"),
        (["set HCM01 to 0.5 A"], "and HCM02"),
        (["set every horizontal corrector in sector 1 to 0 A"], "and in sector 2"),
        (["read HCM01 and HCM02"], "plot that corrector over the last hour"),
    ],
)
def test_what_is_not_sure_is_asked_with_whole_requests_to_choose_from(before: list[str], said: str) -> None:
    found = resolved(said, *before)
    assert isinstance(found, Clarification), found
    assert found.choices
    for choice in found.choices:
        assert planned(choice)


def test_a_message_that_points_at_nothing_is_left_alone() -> None:
    assert resolved("read HCM01", "read HCM02") is None
    assert resolved("plot it over the last hour") is None
    assert resolved("plot the same time range", "read HCM01") is None
    assert resolved("plot that cavity over the last hour", "read HCM01") is None


def test_only_what_points_clearly_is_looked_up_before_the_message_is_read_by_itself() -> None:
    assert leans_on_history("plot that corrector over the last hour")
    assert leans_on_history("plot HCM01 over the same time range")
    assert not leans_on_history("set HCM01 to 0.5 A and show it before and after")
    assert not leans_on_history("read HCM01")


@pytest.mark.parametrize(
    "said",
    [
        "undo it",
        "Undo that.",
        "undo",
        "please undo the last change",
        "revert it",
        "put it back",
        "take it back, please",
        "set it back to what it was",
        "restore the old values",
        "can you undo my last change?",
        "go back to the previous setting",
    ],
)
def test_an_undo_is_recognised(said: str) -> None:
    assert is_undo(said)


@pytest.mark.parametrize(
    "said", ["undo HCM01", "set it back to 3 A", "don't undo it", "undo it and set HCM01 to 2 A", "back"]
)
def test_what_is_more_than_an_undo_is_none(said: str) -> None:
    assert not is_undo(said)


def wrote(*writes: tuple[str, Any, Any, str]) -> dict[str, Any]:
    return {
        "change": {
            "writes": [{"channel": name, "value": value, "before": before} for name, value, before, _ in writes],
            "outcomes": [outcome for *_, outcome in writes],
        }
    }


FIRST = "SR:S01:HCM01:SP"
SECOND = "SR:S02:HCM02:SP"


def test_an_undo_is_a_plan_of_the_old_values_the_last_change_first() -> None:
    before = turn(
        "set HCM01 to 0.5 A and HCM02 to 1 A", wrote((FIRST, 0.5, 0.1, "confirmed"), (SECOND, 1.0, -0.2, "mismatch"))
    )
    plan = plan_undo("undo it", [before], "ring")
    assert isinstance(plan, ExecutionPlan)
    [step] = plan.steps
    assert step.capability == "channel_write"
    assert step.parameters == {
        "groups": [
            [{"channel": SECOND, "value": -0.2, "unit": None}],
            [{"channel": FIRST, "value": 0.1, "unit": None}],
        ]
    }
    assert "set HCM01 to 0.5 A" in step.task_objective
    assert "2 channels" in plan.assumptions[0]


def test_a_channel_that_was_written_twice_goes_back_to_what_was_first() -> None:
    before = turn("set HCM01 to 2 A", wrote((FIRST, 1, 0, "confirmed"), (FIRST, 2, 1, "confirmed")))
    plan = plan_undo("undo it", [before], "ring")
    assert isinstance(plan, ExecutionPlan)
    assert plan.steps[0].parameters == {"groups": [[{"channel": FIRST, "value": 0, "unit": None}]]}


@pytest.mark.parametrize(
    ("contexts", "target", "told"),
    [
        ({}, "ring", "was carried out, so there is nothing to undo"),
        (wrote((FIRST, 0.5, 0.1, "refused")), "ring", "was carried out"),
        (wrote((FIRST, 0.5, None, "confirmed")), "ring", "before is not known"),
        (wrote((FIRST, 0.5, 0.1, "unconfirmed")), "ring", "is in doubt: settle that first"),
        (wrote((FIRST, 0.5, 0.5, "confirmed")), "ring", "left everything at its old value"),
        (wrote((FIRST, 0.5, 0.1, "confirmed")), "other", "was made on target 'ring', and this turn is about 'other'"),
        ({"change": {"writes": "odd", "outcomes": 3}}, "ring", "was carried out"),
        ({"change": {"writes": [None, {"channel": 3}], "outcomes": ["confirmed"]}}, "ring", "was carried out"),
    ],
)
def test_what_cannot_be_undone_surely_is_not(contexts: dict[str, Any], target: str, told: str) -> None:
    found = plan_undo("undo it", [turn("set HCM01 to 0.5 A", contexts)], target)
    assert isinstance(found, NotUnderstood)
    assert told in found.message


def test_a_change_by_code_is_undone_from_the_ledger() -> None:
    code = PlannedStep(
        context_key="change",
        capability="python",
        task_objective="o",
        parameters={"template": "step_and_show", "params": {"steps": {FIRST: 0.1}}},
    )
    before = PastTurn(
        question="q", target="ring", plan=ExecutionPlan(steps=(code,)), contexts={"change": {"results": {}}}
    )
    found = plan_undo("undo it", [before], "ring")
    assert isinstance(found, NotUnderstood)
    assert "osprey ledger restore" in found.message


def test_a_change_before_the_last_turn_is_asked_about() -> None:
    before = [turn("set HCM01 to 0.5 A", wrote((FIRST, 0.5, 0.1, "confirmed"))), turn("read HCM01")]
    found = plan_undo("undo it", before, "ring")
    assert isinstance(found, Clarification)
    assert found.choices == (f"set {FIRST} to 0.1",)
    assert planned(found.choices[0]).steps[0].parameters["groups"][0][0]["value"] == 0.1


def test_without_a_change_there_is_nothing_to_undo() -> None:
    for history in ([], [turn("read HCM01")]):
        assert isinstance(plan_undo("undo it", history, "ring"), NotUnderstood)


def test_a_model_is_shown_a_bounded_conversation() -> None:
    large = PastTurn(
        question="q" * 10_000,
        target="ring",
        answer="a" * 10_000,
        contexts={f"k{n}": {"series": [[float(i) for i in range(1000)]] * 50, "text": "x" * 10_000} for n in range(40)},
    )
    text = conversation_text([large] * 50)
    assert len(text.splitlines()) == MOST_TURNS
    assert len(text) < 100_000


WORDS = [
    "and",
    "set",
    "it",
    "that",
    "corrector",
    "same",
    "time range",
    "undo",
    "for",
    "in sector 3",
    "HCM01",
    "to 0.5 A",
]
texts = st.text(max_size=40) | st.lists(st.sampled_from([*WORDS, "its", "those", "?"]), max_size=9).map(" ".join)


@given(texts)
def test_no_text_crashes_it_and_no_change_comes_of_a_read_without_being_asked(text: str) -> None:
    found = resolve_follow_up(text, [turn("read HCM01 and HCM02"), turn(f"plot the beam current {SPAN}")], READING)
    assert found is None or isinstance(found, Rewritten | Clarification)
    if isinstance(found, Rewritten):
        phrase = parse(found.text, now_ns=NOW_NS, time_zone=READING.time_zone)
        if type(phrase).__name__ in ("Set", "Step", "Scan"):
            assert "set" in text


@pytest.mark.parametrize(
    ("before", "said", "meant"),
    [
        ("raise the corrector by 0.1 A", "HCM01", "raise HCM01 by 0.1 A"),
        ("set the corrector to 0.1 A", "HCM01", "set HCM01 to 0.1 A"),
        ("set HCM01", "0.2 A", "set HCM01 to 0.2 A"),
        ("raise HCM01", "by 0.2 A", "raise HCM01 by 0.2 A"),
    ],
)
def test_a_short_answer_completes_the_change_that_was_asked_about(before: str, said: str, meant: str) -> None:
    asked = PastTurn(question=before, target="ring")
    found = plan_by_phrasebook(said, [asked], READING)
    assert found.task == meant
    assert isinstance(found.outcome, ExecutionPlan)
    assert any("the answer to what was asked" in note for note in found.outcome.assumptions)


@pytest.mark.parametrize(
    ("before", "said", "target"),
    [
        ("raise the corrector by 0.1 A", "HCM01", "other"),
        ("raise the corrector by 0.1 A", "DCCT", "ring"),
        ("set HCM01", "no", "ring"),
        ("set HCM01 to 0.2 A if the beam is on", "HCM01", "ring"),
        ("what is the beam current", "0.2 A", "ring"),
    ],
)
def test_what_is_no_answer_to_the_last_question_changes_nothing(before: str, said: str, target: str) -> None:
    found = plan_by_phrasebook(said, [PastTurn(question=before, target=target)], READING)
    plan = found.outcome if isinstance(found.outcome, ExecutionPlan) else None
    assert plan is None or all(step.capability == "channel_read" for step in plan.steps)


def test_an_answer_is_one_only_to_the_turn_just_before() -> None:
    history = [PastTurn(question="raise the corrector by 0.1 A", target="ring"), turn("what is the beam current")]
    found = plan_by_phrasebook("HCM01", history, READING)
    assert isinstance(found.outcome, ExecutionPlan)
    assert [step.capability for step in found.outcome.steps] == ["channel_read"]


@pytest.mark.parametrize(
    ("before", "said", "meant"),
    [
        ("read HCM01", "and the average over the last hour?", "average of HCM01 over the last hour"),
        ("plot HCM01 over the last hour", "and yesterday?", "plot HCM01 over the yesterday"),
        ("what is the beam current", "and an hour ago?", "what was the beam current an hour ago"),
    ],
)
def test_the_same_is_looked_at_in_another_way(before: str, said: str, meant: str) -> None:
    found = resolved(said, before)
    assert isinstance(found, Rewritten)
    assert found.text == meant
    assert planned(found.text)
