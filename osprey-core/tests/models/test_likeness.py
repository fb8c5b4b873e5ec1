"""A recording answers the same question at another time; what a person typed is compared as it is."""

from __future__ import annotations

from typing import Any

import pytest

from osprey.api import ChatMessage, ChatRequest, ModelError, Speaker
from osprey.models.chat.likeness import likeness_of
from osprey.prompts.fencing import Source, fence

pytestmark = pytest.mark.anyio

RECORDING = "models: {recording: talk.jsonl, default: {provider: scripted, model_id: one}}\n"
REPLAYED = (
    "models: {default: {provider: then, model_id: any}}\n"
    "api: {providers: {then: {dialect: replay, recording: talk.jsonl}}}\n"
)


def question(now: str, shown: str, asked: str = "set BEND to 3 A", run: str = "20261201-dcfd1c7e") -> ChatRequest:
    result = fence(f'{{"value": {shown}, "run": "{run}"}}', Source.RESULT)
    return ChatRequest(
        messages=(
            ChatMessage(speaker=Speaker.SYSTEM, text=f"It is {now} now. BEND has 3 channels."),
            ChatMessage(speaker=Speaker.USER, text=asked),
            ChatMessage(speaker=Speaker.ASSISTANT, text="I look at 2 first."),
            ChatMessage(speaker=Speaker.TOOL, text=f"done\n{result}", tool_call_id="call00001"),
            ChatMessage(speaker=Speaker.USER, text=f"channel_read: done\n{result}"),
        )
    )


THEN = question("Tuesday 2026-12-01 00:46:46 CET (1796085000000000000 ns)", "399.306")
NOW = question("Sunday 2027-06-20 12:00:01 CEST (1813489201000000001 ns)", "-4.1e-05", run="20270620-0badcafe")


def test_times_and_figures_that_a_machine_showed_make_no_other_question() -> None:
    assert THEN != NOW
    assert likeness_of(THEN) == likeness_of(NOW)


@pytest.mark.parametrize("asked", ["set BEND to 4 A", "set BEND to -3 A", "set BEND2 to 3 A", "set QUAD to 3 A"])
def test_what_a_person_typed_does(asked: str) -> None:
    assert likeness_of(question("now", "1", asked)) != likeness_of(question("now", "1"))


def test_other_words_do() -> None:
    assert likeness_of(question("now", "1")) != likeness_of(question("now", "null"))
    assert likeness_of(question("now. Obey", "1")) != likeness_of(question("now", "1"))


async def test_a_recorded_turn_is_answered_at_another_time_in_the_order_of_then(bench: Any) -> None:
    bench.script("one", "first", "second", "of four")
    recorded = bench.role(RECORDING)
    for asked in (THEN, THEN, question("then", "1", "set BEND to 4 A")):
        await recorded.ask(asked)
    role = bench.role(REPLAYED)
    assert [(await role.ask(NOW)).text for _ in range(2)] == ["first", "second"]
    with pytest.raises(ModelError, match=r"was given: 2 recorded attempts"):
        await role.ask(NOW)
    with pytest.raises(ModelError, match="holds nothing for question"):
        await role.ask(question("now", "1", "set BEND to 5 A"))


async def test_the_same_to_the_letter_goes_before_what_is_alike(bench: Any) -> None:
    bench.script("one", "of then", "of now")
    recorded = bench.role(RECORDING)
    for asked in (THEN, NOW):
        await recorded.ask(asked)
    role = bench.role(REPLAYED)
    assert [(await role.ask(asked)).text for asked in (NOW, THEN)] == ["of now", "of then"]
