"""What is recorded, and how it is answered from."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import aclosing
from pathlib import Path
from typing import Any

import anyio
import pytest
from attrs import evolve, frozen
from hypothesis import given
from hypothesis import strategies as st

from osprey.api import (
    AnswerForm,
    ChatMessage,
    ChatReply,
    ChatRequest,
    Finish,
    Speaker,
    TextDelta,
    ToolCall,
    ToolSpec,
    Usage,
)
from osprey.config import ModelRole
from osprey.errors import ConfigError, ModelError, ModelErrorKind, StorageError
from osprey.models.chat._serialization import from_line, hash_of, to_line
from osprey.models.chat.recording import VERSION, Recorded, Recorder, read_recording

ROLE = ModelRole.ORCHESTRATOR
RECORDING = (
    "models: {recording: talk.jsonl, default: {provider: lab, model_id: one}}\n"
    'api: {providers: {lab: {dialect: keyed, api_key: "${LAB_KEY}", headers: {X-Group: "${LAB_GROUP}"}}}}\n'
)
ENVIRON = {"LAB_KEY": "sk-canary-4711", "LAB_GROUP": "canary-group-12"}
REPLAYED = (
    "models: {default: {provider: then, model_id: any}}\n"
    "api: {providers: {then: {dialect: replay, recording: talk.jsonl}}}\n"
)


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "talk.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.anyio
async def test_every_attempt_is_a_line_with_question_and_answer_and_no_secret(bench: Any, tmp_path: Path) -> None:
    error = ModelError(f"busy, key {ENVIRON['LAB_KEY']}", kind=ModelErrorKind.OVERLOADED, retry_after_s=1.5)
    bench.script("one", error, ChatReply(text="5 mA", usage=Usage(input_tokens=3), model="one-2026"))
    await bench.role(RECORDING, ENVIRON).ask(bench.question())
    failed, answered = lines(tmp_path)
    assert failed["error"] == {"kind": "overloaded", "message": "busy, key ********", "retry_after_s": 1.5}
    assert "reply" not in failed
    assert (answered["role"], answered["provider"], answered["model"]) == ("orchestrator", "lab", "one")
    assert (answered["reply"]["text"], answered["reply"]["model"]) == ("5 mA", "one-2026")
    assert answered["request"]["messages"][0]["text"] == "what is the current?"
    text = (tmp_path / "talk.jsonl").read_text(encoding="utf-8")
    assert not any(secret in text for secret in ENVIRON.values())
    assert (tmp_path / "talk.jsonl").stat().st_mode & 0o077 == 0


@pytest.mark.anyio
async def test_what_was_recorded_is_answered_without_anybody_being_asked(bench: Any) -> None:
    reply = ChatReply(
        text="",
        tool_calls=(ToolCall(id="1", name="read", arguments={"names": ["A"]}, text='{"names": ["A"]}'),),
        finish=Finish.TOOL_CALLS,
        usage=Usage(input_tokens=3, output_tokens=2, cached_tokens=1),
    )
    tool = ToolSpec(name="read", description="Reads", parameters={"type": "object"})
    request = evolve(bench.question(), tools=(tool,))
    recording = RECORDING.replace("dialect: keyed", "abilities: {tools: true}, dialect: keyed")
    bench.script("one", reply)
    await bench.role(recording, ENVIRON).ask(request)
    bench.plugin.ASKED.clear()
    assert await bench.role(REPLAYED).ask(request) == reply
    assert bench.asked() == []


@pytest.mark.anyio
async def test_repeats_are_answered_in_order_until_there_are_no_more(bench: Any, tmp_path: Path) -> None:
    bench.script("one", "first", "second")
    recorded = bench.role(RECORDING, ENVIRON)
    for _ in range(2):
        await recorded.ask(bench.question())
    role = bench.role(REPLAYED)
    assert [(await role.ask(bench.question())).text for _ in range(2)] == ["first", "second"]
    with pytest.raises(ModelError, match=r"all that .*talk\.jsonl holds for question .* 2 recorded attempts") as caught:
        await role.ask(bench.question())
    assert caught.value.kind is ModelErrorKind.INVALID


@pytest.mark.anyio
async def test_a_question_that_was_never_recorded_is_named_with_what_differs(bench: Any) -> None:
    bench.script("one", "first")
    system = ChatMessage(speaker=Speaker.SYSTEM, text="You are brief.")
    asked = ChatRequest(messages=(system, *bench.question().messages))
    await bench.role(RECORDING, ENVIRON).ask(asked)
    role = bench.role(REPLAYED)
    other = evolve(asked, messages=(evolve(system, text="You are verbose."), asked.messages[1]), temperature=0.5)
    with pytest.raises(ModelError, match=r"one that ends alike differs in messages\[0\] \(system\), temperature"):
        await role.ask(other)
    with pytest.raises(ModelError, match=r"holds nothing for question [0-9a-f]{12} \(1 messages, the last 'why\?'\)"):
        await role.ask(bench.question("why?"))


@pytest.mark.anyio
async def test_a_failure_that_a_retry_mended_stays_mended(bench: Any) -> None:
    bench.script("one", ModelError("busy", kind=ModelErrorKind.OVERLOADED), "first")
    await bench.role(RECORDING, ENVIRON).ask(bench.question())
    bench.pauses.clear()
    assert (await bench.role(REPLAYED).ask(bench.question())).text == "first"
    assert bench.pauses == []


@pytest.mark.anyio
async def test_a_failure_that_was_the_end_is_the_end_again(bench: Any) -> None:
    bench.script("one", *[ModelError("busy", kind=ModelErrorKind.OVERLOADED)] * 3)
    for text, environ in ((RECORDING, ENVIRON), (REPLAYED, {})):
        with pytest.raises(ModelError, match="was asked 3 times: busy") as caught:
            await bench.role(text, environ).ask(bench.question())
        assert caught.value.kind is ModelErrorKind.OVERLOADED


@pytest.mark.anyio
async def test_a_stream_comes_again_in_the_same_pieces(bench: Any) -> None:
    whole = ChatReply(text="the beam is on")
    bench.script("one", ["the beam ", "is on", whole], whole)
    recorded = bench.role(RECORDING, ENVIRON)
    seen = [piece async for piece in recorded.stream(bench.question())]
    await recorded.ask(bench.question("as a whole?"))
    role = bench.role(REPLAYED)
    assert [piece async for piece in role.stream(bench.question())] == seen
    assert [piece async for piece in role.stream(bench.question("as a whole?"))] == [TextDelta(whole.text), whole]


@pytest.mark.anyio
async def test_a_stream_that_broke_breaks_again_at_the_same_place(bench: Any) -> None:
    bench.script("one", ["the be", ModelError("cut", kind=ModelErrorKind.UNREACHABLE)])
    for text, environ in ((RECORDING, ENVIRON), (REPLAYED, {})):
        seen: list[Any] = []
        with pytest.raises(ModelError, match="cut"):
            await _read(bench.role(text, environ), bench.question(), seen)
        assert seen == [TextDelta("the be")]


async def _read(role: Any, request: ChatRequest, seen: list[Any]) -> None:
    async with aclosing(role.stream(request)) as pieces:
        async for piece in pieces:
            seen[:] = [*seen, piece]


@frozen
class Word:
    text: str


@pytest.mark.anyio
async def test_a_structured_answer_with_its_repair_replays_whatever_the_endpoint_can(bench: Any) -> None:
    bench.script("one", "no idea", '{"text": "five"}')
    await bench.role(RECORDING, ENVIRON).ask_for(Word, bench.question().messages)
    assert await bench.role(REPLAYED).ask_for(Word, bench.question().messages) == Word("five")


@pytest.mark.anyio
async def test_a_recording_that_cannot_be_written_is_an_error_with_a_remedy(bench: Any, tmp_path: Path) -> None:
    bench.script("one", "first")
    (tmp_path / "talk.jsonl").mkdir()
    with pytest.raises(StorageError, match=r"models\.recording: .*talk\.jsonl cannot be written"):
        await bench.role(RECORDING, ENVIRON).ask(bench.question())


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file"),
        ("{}\n", "line 1 is no recorded attempt"),
        ("\nhello\n", "line 2 is no recorded attempt"),
        ("[" * 100_000, "line 1 is no recorded attempt"),
    ],
)
async def test_a_file_that_is_no_recording_is_named_with_its_line(
    bench: Any, tmp_path: Path, content: str | None, said: str
) -> None:
    if content is not None:
        (tmp_path / "talk.jsonl").write_text(content, encoding="utf-8")
    with pytest.raises(ModelError, match=said) as caught:
        await bench.role(REPLAYED).ask(bench.question())
    assert caught.value.kind is ModelErrorKind.INVALID


@pytest.mark.anyio
async def test_a_line_that_was_changed_is_not_believed(bench: Any, tmp_path: Path) -> None:
    bench.script("one", "first")
    await bench.role(RECORDING, ENVIRON).ask(bench.question())
    file = tmp_path / "talk.jsonl"
    file.write_text(file.read_text(encoding="utf-8").replace("the current", "the voltage"), encoding="utf-8")
    with pytest.raises(ModelError, match="line 1 was changed"):
        await bench.role(REPLAYED).ask(bench.question("what is the voltage?"))


@pytest.mark.anyio
async def test_what_a_killed_process_left_half_written_spoils_no_other_line(bench: Any, tmp_path: Path) -> None:
    (tmp_path / "talk.jsonl").write_text('{"half', encoding="utf-8")
    bench.script("one", "first")
    await bench.role(RECORDING, ENVIRON).ask(bench.question())
    broken, good = (tmp_path / "talk.jsonl").read_text(encoding="utf-8").splitlines()
    assert broken == '{"half'
    assert json.loads(good)["reply"]["text"] == "first"


@pytest.mark.anyio
async def test_a_replay_without_its_file_is_a_mistake_of_the_configuration(bench: Any) -> None:
    with pytest.raises(ConfigError, match=r"name it as api\.providers\.replay\.recording"):
        await bench.role("models: {default: {provider: replay, model_id: any}}").ask(bench.question())


WRITER = """
import sys
from pathlib import Path
import anyio
from osprey.api import ChatMessage, ChatReply, ChatRequest, Speaker
from osprey.models.chat._serialization import hash_of
from osprey.models.chat.recording import VERSION, Recorded, Recorder

async def write(path, name):
    recorder = Recorder(Path(path))
    request = ChatRequest(messages=(ChatMessage(speaker=Speaker.USER, text=name * 20_000),))
    for number in range(30):
        recorded = Recorded(version=VERSION, hash=hash_of(request), role="r", provider=name, model=str(number),
                            begun_ns=0, seconds=0.0, request=request, reply=ChatReply(text="yes"))
        await recorder.append(recorded)

anyio.run(write, *sys.argv[1:])
"""


def test_several_processes_write_whole_lines(tmp_path: Path) -> None:
    file = tmp_path / "talk.jsonl"
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(file), name]) for name in "abc"]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0, 0]
    found = list(read_recording(file))
    for name in "abc":
        assert [one.model for one in found if one.provider == name] == [str(number) for number in range(30)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
OBJECTS = st.dictionaries(st.text(), JSON, max_size=3)
CALLS = st.builds(ToolCall, id=st.text(), name=st.text(), arguments=st.none() | OBJECTS, text=st.text())
MESSAGES = st.builds(
    ChatMessage,
    speaker=st.sampled_from(Speaker),
    text=st.text(st.characters(codec=None)),
    tool_calls=st.lists(CALLS, max_size=2).map(tuple),
    tool_call_id=st.text(),
)
REQUESTS = st.builds(
    ChatRequest,
    messages=st.lists(MESSAGES, max_size=3).map(tuple),
    tools=st.lists(st.builds(ToolSpec, name=st.text(), description=st.text(), parameters=OBJECTS), max_size=2).map(
        tuple
    ),
    form=st.none() | st.builds(AnswerForm, name=st.text(), schema=OBJECTS),
    max_tokens=st.none() | st.integers(1, 10_000),
    temperature=st.none() | st.floats(0, 2),
)


@given(REQUESTS)
def test_a_question_has_one_name_and_comes_back_from_its_line(request: ChatRequest) -> None:
    again = from_line(ChatRequest, to_line(request))
    assert again == request
    assert hash_of(again) == hash_of(request)
    assert "\n" not in to_line(request)


def test_the_name_of_a_question_does_not_change_between_versions() -> None:
    request = ChatRequest(messages=(ChatMessage(speaker=Speaker.USER, text="what is the current?"),))
    assert hash_of(request) == "c446ac2a3317d8c51571ddb18a67aa917b0be4f0bb732f07b2df87ec18371cc3"


def test_a_recorder_that_is_stopped_by_a_full_disk_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    request = ChatRequest(messages=(ChatMessage(speaker=Speaker.USER, text="why?"),))
    recorded = Recorded(
        version=VERSION,
        hash=hash_of(request),
        role="r",
        provider="p",
        model="m",
        begun_ns=0,
        seconds=0.0,
        request=request,
    )
    recorder = Recorder(tmp_path / "talk.jsonl")
    anyio.run(recorder.append, recorded)
    real = os.write

    def half(descriptor: int, data: Any) -> int:
        if len(data) < 30:
            raise OSError(28, "No space left on device")
        return real(descriptor, bytes(data)[: len(data) // 2])

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(StorageError, match="No space left on device"):
        recorder._write(to_line(recorded).encode())
    assert len(list(read_recording(recorder.path))) == 1
