"""Structured answers: the form, the strict reading, the one repair."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Literal

import pytest
from attrs import Factory, asdict, field, frozen
from hypothesis import given
from hypothesis import strategies as st

from osprey.api import ChatMessage, ChatReply, Finish, Speaker
from osprey.config import ModelRole
from osprey.errors import ModelError, ModelErrorKind
from osprey.models.chat.account import Account
from osprey.models.chat.answers import UnusableAnswerError, read_answer
from osprey.models.chat.forms import form_of

ROLE = ModelRole.ORCHESTRATOR
ONE = "models: {default: {provider: scripted, model_id: one}}"
WORDED = ONE.replace("scripted", "keyed") + "\napi: {providers: {keyed: {api_key: k}}}"


class Mood(StrEnum):
    READ = "read"
    WRITE = "write"


@frozen(kw_only=True)
class Channel:
    """One channel."""

    name: str = field(metadata={"about": "as the control system spells it"})
    limit: float | None = None


@frozen(kw_only=True)
class Plan:
    """A plan of steps.

    More about it.
    """

    mood: Mood
    count: int
    certain: bool
    channels: tuple[Channel, ...] = ()
    words: list[str] = Factory(list)
    scale: Literal["linear", "log"] = "linear"
    notes: dict[str, float] = Factory(dict)
    anything: Any = None


GOOD = {"mood": "read", "count": 2, "certain": True, "channels": [{"name": "BPM1"}], "notes": {"a": 1}}


def test_the_form_says_all_that_the_class_says() -> None:
    form = form_of(Plan)
    assert form.name == "Plan"
    assert form.schema == {
        "type": "object",
        "description": "A plan of steps.",
        "properties": {
            "mood": {"type": "string", "enum": ["read", "write"]},
            "count": {"type": "integer"},
            "certain": {"type": "boolean"},
            "channels": {
                "type": "array",
                "items": {
                    "type": "object",
                    "description": "One channel.",
                    "properties": {
                        "name": {"type": "string", "description": "as the control system spells it"},
                        "limit": {"anyOf": [{"type": "number"}, {"type": "null"}]},
                    },
                    "required": ["name"],
                    "additionalProperties": False,
                },
            },
            "words": {"type": "array", "items": {"type": "string"}},
            "scale": {"type": "string", "enum": ["linear", "log"]},
            "notes": {"type": "object", "additionalProperties": {"type": "number"}},
            "anything": {},
        },
        "required": ["mood", "count", "certain"],
        "additionalProperties": False,
    }


@frozen
class WithBytes:
    value: bytes


@frozen
class WithUnion:
    value: int | str


@frozen
class WithItself:
    value: WithItself | None


@frozen
class WithNumbers:
    value: Literal[1, 2]


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (WithBytes, "WithBytes.value: a form cannot have the type"),
        (WithUnion, "the only union of a form is X | None"),
        (WithItself, "contains itself"),
        (WithNumbers, "a Literal of a form has texts only"),
        (int, "is no attrs class"),
    ],
)
def test_a_class_that_no_form_can_describe_is_a_mistake_of_whoever_asks(wanted: type, said: str) -> None:
    with pytest.raises(TypeError, match=said):
        form_of(wanted)


def test_an_answer_becomes_a_value() -> None:
    plan = read_answer(Plan, json.dumps(GOOD))
    assert plan.channels == (Channel(name="BPM1"),)
    assert (plan.mood, plan.count, plan.certain, plan.notes) == (Mood.READ, 2, True, {"a": 1.0})


@pytest.mark.parametrize(
    "text",
    [
        '```json\n{"name": "a"}\n```',
        'Sure!\n```\n{"name": "a"}\n```\nAsk me {anything} more.',
        'The answer: {"name": "a"} - as you wished.',
        'I use {placeholders}, and answer {"name": "a"}',
        'Given `{"type": "object"}` I say\n```json\n{"name": "a"}\n```',
        '  {"name": "a"}\n',
        '{"name": "a", "limit": null}',
    ],
)
def test_what_stands_around_an_answer_is_cut_away(text: str) -> None:
    assert read_answer(Channel, text) == Channel(name="a")


def test_a_fence_inside_a_text_of_the_answer_belongs_to_it() -> None:
    text = "```python\nprint(1)\n```"
    for answer in (json.dumps({"name": text}), f"```json\n{json.dumps({'name': text})}\n```"):
        assert read_answer(Channel, answer).name == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the answer is empty"),
        (" \n ", "the answer is empty"),
        ("I cannot say.", "holds no JSON object"),
        ("[]", "holds no JSON object"),
        ('[{"name": "a"}]', "stands something that belongs to none: ']'"),
        ('{"name": "a"}}', "stands something that belongs to none: '}'"),
        ('{"name": "a"} {"name": "b"}', "stands something that belongs to none"),
        ('{"name": "a"} or {"name": "b"}', "more than one JSON object"),
        ('{"name": "a"', "broken at line 1"),
        ('{"name": "a", "nested": {"name": "b"', "broken at line 1"),
        ("{'name': 'a'}", "holds no JSON object"),
        ('{"name": "a", "name": "b"}', "the key 'name' stands twice"),
        ('{"name": "a", "limit": NaN}', "NaN is no number of JSON"),
        ('{"name": "a", "limit": -Infinity}', "-Infinity is no number of JSON"),
        ('{"name": "a", "limit": 1e999}', "the number 1e999 is out of bounds"),
        ('{"name": "a", "limit": ' + "9" * 5000 + "}", "a number has 5000 digits"),
        ('{"name": ' + "[" * 100_000 + "]" * 100_000 + "}", "nested too deeply"),
        ('{"name": ' + "[" * 70 + "]" * 70 + "}", "nested more than 64 deep"),
    ],
)
def test_a_text_that_holds_no_single_good_object_is_told_why(text: str, said: str) -> None:
    with pytest.raises(UnusableAnswerError) as caught:
        read_answer(Channel, text)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"mood": "raed"}, "Plan.mood: expected one of read, write, not the text 'raed'; did you mean 'read'?"),
        ({"mood": 3}, "Plan.mood: expected one of read, write, not the number 3"),
        ({"count": "2"}, "Plan.count: expected a whole number of at most 63 bits, not the text '2'"),
        ({"count": True}, "Plan.count: expected a whole number of at most 63 bits, not true"),
        ({"count": 2.5}, "not the number 2.5"),
        ({"count": 2**63}, "expected a whole number of at most 63 bits"),
        ({"certain": 1}, "Plan.certain: expected true or false, not the number 1"),
        ({"certain": "true"}, "Plan.certain: expected true or false"),
        ({"channels": {"name": "a"}}, "Plan.channels: expected a list, not an object"),
        ({"channels": "abc"}, "Plan.channels: expected a list, not the text 'abc'"),
        ({"channels": [{"name": "a"}, {"nam": "b"}]}, "Plan.channels[1].name: is required, and missing"),
        ({"channels": [{"name": "a"}, {"nam": "b"}]}, "Plan.channels[1]: unknown 'nam'; known here: name, limit"),
        ({"channels": [{"name": "a", "limit": "5"}]}, "Plan.channels[0].limit: expected a number, not the text '5'"),
        ({"channels": ["a"]}, "Plan.channels[0]: expected an object, not the text 'a'"),
        ({"scale": "cubic"}, "Plan.scale: expected one of linear, log"),
        ({"notes": {"a": "x"}}, "Plan.notes[a]: expected a number, not the text 'x'"),
        ({"notes": []}, "Plan.notes: expected an object, not a list"),
        ({"words": [None]}, "Plan.words[0]: expected a text, not null"),
    ],
)
def test_a_value_of_the_wrong_kind_is_told_with_its_place(change: dict[str, Any], said: str) -> None:
    with pytest.raises(UnusableAnswerError) as caught:
        read_answer(Plan, json.dumps({**GOOD, **change}))
    assert said in "; ".join(caught.value.problems)


def test_every_problem_is_told_but_not_without_end() -> None:
    wrong = {**GOOD, "channels": [{"name": 5}] * 1000, "x" * 100_000: 1}
    with pytest.raises(UnusableAnswerError) as caught:
        read_answer(Plan, json.dumps(wrong))
    assert len(caught.value.problems) == 21
    assert caught.value.problems[-1] == "and 981 more"
    assert len(str(caught.value)) < 20_000


PLANS = st.builds(
    Plan,
    mood=st.sampled_from(Mood),
    count=st.integers(-(2**62), 2**62),
    certain=st.booleans(),
    channels=st.lists(
        st.builds(Channel, name=st.text(), limit=st.none() | st.floats(allow_nan=False, allow_infinity=False))
    ).map(tuple),
    words=st.lists(st.text()),
    scale=st.sampled_from(["linear", "log"]),
    notes=st.dictionaries(st.text(), st.floats(allow_nan=False, allow_infinity=False)),
)


@given(PLANS)
def test_what_a_form_describes_comes_back_as_it_was(plan: Plan) -> None:
    assert read_answer(Plan, json.dumps(asdict(plan))) == plan


@given(st.text() | st.text('{}[]",:1eE-. \n`ntrufalsNI'))
def test_no_text_does_anything_but_be_read_or_refused(text: str) -> None:
    try:
        read_answer(Channel, text)
    except UnusableAnswerError as exc:
        assert exc.problems


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*GOOD, "x"]), inner, max_size=4),
)


@given(st.dictionaries(st.sampled_from([*GOOD, "words", "x", "__class__"]), VALUES))
def test_no_json_does_anything_but_be_read_or_refused(value: dict[str, Any]) -> None:
    try:
        assert isinstance(read_answer(Plan, json.dumps(value)), Plan)
    except UnusableAnswerError as exc:
        assert exc.problems


def told(text: str) -> tuple[ChatMessage, ...]:
    return (
        ChatMessage(speaker=Speaker.SYSTEM, text="You plan."),
        ChatMessage(speaker=Speaker.USER, text=text),
    )


def longer_than_three(channel: Channel) -> Sequence[str]:
    return () if len(channel.name) > 3 else [f"there is no channel {channel.name!r}"]


@pytest.mark.anyio
async def test_a_value_of_a_class_is_asked_for(bench: Any) -> None:
    bench.script("one", '{"name": "BPM1"}')
    assert await bench.role(ONE).ask_for(Channel, told("which?")) == Channel(name="BPM1")
    [(_, request)] = bench.plugin.ASKED
    assert request.form == form_of(Channel)
    assert request.messages == told("which?")


@pytest.mark.anyio
async def test_an_endpoint_that_knows_no_forms_is_told_the_form_in_words(bench: Any) -> None:
    bench.script("one", 'Here: {"name": "BPM1"}', '{"name": "BPM2"}')
    role = bench.role(WORDED)
    assert await role.ask_for(Channel, told("which?")) == Channel(name="BPM1")
    await role.ask_for(Channel, told("which?")[1:])
    with_system, without = [request for _, request in bench.plugin.ASKED]
    assert with_system.form is None
    first = with_system.messages[0]
    assert first.text.startswith("You plan.\n\nAnswer with one JSON object")
    assert json.dumps(form_of(Channel).schema) in first.text
    assert [message.speaker for message in without.messages] == [Speaker.SYSTEM, Speaker.USER]


@pytest.mark.anyio
async def test_an_answer_that_cannot_be_used_is_sent_back_once_with_what_is_wrong(bench: Any) -> None:
    bench.script("one", '{"nam": "BPM1"}', '{"name": "BPM1"}')
    account = Account()
    assert await bench.role(ONE).ask_for(Channel, told("which?"), account=account) == Channel(name="BPM1")
    (_, _), (_, again) = bench.plugin.ASKED
    assert again.messages[:2] == told("which?")
    assert [(message.speaker, message.text) for message in again.messages[2:3]] == [
        (Speaker.ASSISTANT, '{"nam": "BPM1"}')
    ]
    assert "- Channel.name: is required, and missing" in again.messages[3].text
    assert len(account.attempts) == 2


@pytest.mark.anyio
async def test_content_that_is_wrong_is_repaired_in_the_same_way(bench: Any) -> None:
    bench.script("one", '{"name": "B"}', '{"name": "BPM1"}')
    found = await bench.role(ONE).ask_for(Channel, told("which?"), check=longer_than_three)
    assert found == Channel(name="BPM1")
    assert "- there is no channel 'B'" in bench.plugin.ASKED[1][1].messages[-1].text


@pytest.mark.anyio
async def test_a_second_answer_that_cannot_be_used_ends_it(bench: Any) -> None:
    bench.script("one", "no idea", '{"name": "B"}', "never asked")
    with pytest.raises(ModelError, match="gave no Channel, asked twice: there is no channel 'B'") as caught:
        await bench.role(ONE).ask_for(Channel, told("which?"), check=longer_than_three)
    assert caught.value.kind is ModelErrorKind.MALFORMED
    assert bench.asked() == ["one", "one"]


@pytest.mark.anyio
async def test_an_answer_that_was_cut_off_says_so(bench: Any) -> None:
    bench.script("one", ChatReply(text='{"name": "BP', finish=Finish.LENGTH), '{"name": "BPM1"}')
    await bench.role(ONE).ask_for(Channel, told("which?"))
    assert "cut off at its greatest length" in bench.plugin.ASKED[1][1].messages[-1].text


@pytest.mark.anyio
async def test_a_model_that_declines_is_not_asked_again(bench: Any) -> None:
    bench.script("one", ChatReply(text="I will not.", finish=Finish.REFUSAL), "never asked")
    with pytest.raises(ModelError, match=r"declined to answer: I will not\.") as caught:
        await bench.role(ONE).ask_for(Channel, told("which?"))
    assert caught.value.kind is ModelErrorKind.INVALID
    assert bench.asked() == ["one"]


@pytest.mark.anyio
async def test_an_answer_without_end_is_sent_back_in_part_only(bench: Any) -> None:
    bench.script("one", "x" * 900_000, '{"name": "BPM1"}')
    await bench.role(ONE).ask_for(Channel, told("which?"))
    assert sum(len(message.text) for message in bench.plugin.ASKED[1][1].messages) < 10_000


@pytest.mark.anyio
async def test_an_empty_answer_is_sent_back_as_a_message_that_is_not_empty(bench: Any) -> None:
    bench.script("one", "", '{"name": "BPM1"}')
    await bench.role(ONE).ask_for(Channel, told("which?"))
    assert all(message.text for message in bench.plugin.ASKED[1][1].messages)
