"""Reading bodies, events and arguments of tools, strictly."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osprey.models.chat import reading
from osprey.models.chat.reading import AnswerError, ServerEvent, read_arguments, read_body, read_events, read_object

pytestmark = pytest.mark.anyio


class Pieces:
    """A body in pieces; unlike a generator it needs no closing where nobody reads it to its end."""

    def __init__(self, contents: Iterable[bytes]) -> None:
        self._left = iter(contents)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        try:
            return next(self._left)
        except StopIteration:
            raise StopAsyncIteration from None


async def events(*contents: bytes) -> list[ServerEvent]:
    return [event async for event in read_events(Pieces(contents))]


async def test_a_body_may_come_in_any_Pieces() -> None:
    assert await read_body(Pieces([b'{"a"', b"", b": 1}"])) == {"a": 1}


@pytest.mark.parametrize("body", [b"", b" \n", b'{"a":', b"[1]", b"12", b"null", b"<html>", b"\xff", b"[" * 100_000])
async def test_a_body_that_is_no_json_object_is_no_answer(body: bytes) -> None:
    with pytest.raises(AnswerError):
        await read_body(Pieces([body]))


async def test_an_answer_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LONGEST_ANSWER_BYTES", 100)
    with pytest.raises(AnswerError, match="longer than 100 bytes"):
        await read_body(Pieces([b"x" * 60] * 2))
    with pytest.raises(AnswerError, match="longer than 100 bytes"):
        await events(*[b"x" * 60] * 2)
    with pytest.raises(AnswerError, match="longer than 100 bytes"):
        await events(*[b": still here\n\n"] * 10)


async def test_events_have_names_and_data_and_comments_have_no_effect() -> None:
    first = b": hello\nevent: start\ndata: one\n\ndata:two\ndata: three\nid: 7\nretry: 3\n\n"
    assert await events(first, b"event: empty\n\n:\n\ndata: x\n\n") == [
        ServerEvent("start", "one"),
        ServerEvent("", "two\nthree"),
        ServerEvent("", "x"),
    ]


async def test_the_last_event_needs_no_empty_line() -> None:
    assert await events(b"data: one\n\n", b"data: [DONE]") == [ServerEvent("", "one"), ServerEvent("", "[DONE]")]


async def test_a_stream_that_is_not_utf_8_is_no_answer() -> None:
    with pytest.raises(AnswerError, match="UTF-8"):
        await events(b"data: \xff\n\n")


@given(
    values=st.lists(st.text(min_size=1).map(lambda text: json.dumps(text, ensure_ascii=False)), max_size=4),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    cuts=st.lists(st.integers(0, 200), max_size=6),
)
async def test_where_a_stream_is_cut_into_pieces_makes_no_difference(
    values: list[str], end: str, cuts: list[int]
) -> None:
    stream = "".join(f"data: {value}{end}{end}" for value in values).encode("utf-8", "surrogatepass")
    borders = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    cut = [stream[a:b] for a, b in pairwise(borders)]
    try:
        whole = await events(stream)
    except AnswerError:
        with pytest.raises(AnswerError):
            await events(*cut)
    else:
        assert await events(*cut) == whole
        assert [json.loads(event.data) for event in whole] == [json.loads(value) for value in values]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"channel": "SR:I", "value": 1.5}', {"channel": "SR:I", "value": 1.5}),
        ("", {}),
        ("  ", {}),
        ("{}", {}),
        ('{"channel": "SR', None),
        ("[1]", None),
        ("null", None),
        ('{"value": NaN}', None),
        ('{"value": -Infinity}', None),
        ('{"value": 1, "value": 100}', None),
        ('{"a": {"b": 1, "b": 2}}', None),
        ("{}{}", None),
        ("{'a': 1}", None),
        ("[" * 100_000, None),
        ('{"a": ' + "1" * 5000 + "}", None),
    ],
)
def test_arguments_are_one_json_object_without_doubt_or_none(text: str, expected: dict[str, Any] | None) -> None:
    assert read_arguments(text) == expected


@given(
    st.dictionaries(
        st.text(), st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text(), max_size=2), max_size=3
    )
)
def test_arguments_that_are_cut_off_are_never_completed(arguments: dict[str, Any]) -> None:
    text = json.dumps(arguments)
    assert read_arguments(text) == arguments
    assert all(read_arguments(text[:end]) is None for end in range(1, len(text)))


def test_an_object_says_what_it_is_instead() -> None:
    with pytest.raises(AnswerError, match="a JSON list, not an object"):
        read_object("[]")
