"""Answers that come piece by piece."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

import anyio
import pytest

from osprey.api import ChatReply, TextDelta, Usage
from osprey.config import ModelRole
from osprey.errors import ModelError, ModelErrorKind
from osprey.models.chat.account import Account, Outcome
from osprey.models.chat.driving import MOST_CHARACTERS

pytestmark = pytest.mark.anyio

ROLE = ModelRole.RESPONSE
ONE = "models: {default: {provider: scripted, model_id: one, timeout_s: 5}}"
CHAIN = ONE.replace("timeout_s: 5", "max_retries: 1, fallbacks: [{provider: scripted, model_id: two}]")
WHOLE = ChatReply(text="the beam is on", usage=Usage(output_tokens=4))


async def pieces_of(role: Any, request: Any, account: Account | None = None) -> tuple[list[str], ChatReply | None]:
    """Read a stream to its end."""
    texts: list[str] = []
    async with aclosing(role.stream(request, account=account)) as pieces:
        async for piece in pieces:
            if isinstance(piece, ChatReply):
                return texts, piece
            texts.append(piece.text)
    return texts, None


async def test_the_pieces_come_first_and_the_whole_reply_last(bench: Any) -> None:
    bench.script("one", ["the beam ", "is on", WHOLE])
    account = Account()
    texts, reply = await pieces_of(bench.role(ONE), bench.question(), account)
    assert (texts, reply) == (["the beam ", "is on"], WHOLE)
    assert [(attempt.outcome, attempt.usage.output_tokens) for attempt in account.attempts] == [(Outcome.OK, 4)]


async def test_before_the_first_piece_a_stream_is_asked_again_and_then_the_fallback(bench: Any) -> None:
    bench.script("one", [ModelError("busy", kind=ModelErrorKind.OVERLOADED)], [ValueError("odd")])
    bench.script("two", ["the beam is on", WHOLE])
    texts, reply = await pieces_of(bench.role(CHAIN), bench.question())
    assert (texts, reply) == (["the beam is on"], WHOLE)
    assert bench.asked() == ["one", "one", "two"]


async def test_after_the_first_piece_a_failure_raises(bench: Any) -> None:
    bench.script("one", ["the be", ModelError("cut", kind=ModelErrorKind.UNREACHABLE)], ["never asked", WHOLE])
    account = Account()
    seen: list[Any] = []

    async def read() -> None:
        async with aclosing(bench.role(CHAIN).stream(bench.question(), account=account)) as pieces:
            async for piece in pieces:
                seen[:] = [*seen, piece]

    with pytest.raises(ModelError, match="cut"):
        await read()
    assert seen == [TextDelta("the be")]
    assert [attempt.outcome for attempt in account.attempts] == [ModelErrorKind.UNREACHABLE]
    assert bench.asked() == ["one"]


async def test_a_stream_that_ends_without_its_reply_is_malformed(bench: Any) -> None:
    bench.script("one", ["the be"])
    with pytest.raises(ModelError, match="ended before the answer did") as caught:
        await pieces_of(bench.role(ONE), bench.question())
    assert caught.value.kind is ModelErrorKind.MALFORMED


async def test_a_stream_that_hangs_is_cancelled_at_its_deadline(bench: Any) -> None:
    hung = bench.plugin.Hung()
    bench.script("one", ["the be", hung])
    text = ONE.replace("timeout_s: 5", "timeout_s: 0.05")
    with pytest.raises(ModelError, match=r"no answer within 0\.05 s") as caught:
        await pieces_of(bench.role(text), bench.question())
    assert caught.value.kind is ModelErrorKind.TIMEOUT
    assert hung.was_cancelled


async def test_an_endless_stream_is_cut_off(bench: Any) -> None:
    chunk = "x" * 100_000
    bench.script("one", [chunk] * 1_000)
    with pytest.raises(ModelError, match=f"more than {MOST_CHARACTERS} characters"):
        await pieces_of(bench.role(ONE), bench.question())


async def test_a_stream_that_nobody_reads_on_is_given_up(bench: Any) -> None:
    bench.script("one", ["the ", bench.plugin.Hung()])
    account = Account()
    async with aclosing(bench.role(ONE).stream(bench.question(), account=account)) as pieces:
        assert await anext(pieces) == TextDelta("the ")
    assert [attempt.outcome for attempt in account.attempts] == [Outcome.CANCELLED]


async def test_reading_a_stream_can_be_cancelled(bench: Any) -> None:
    hung = bench.plugin.Hung()
    bench.script("one", ["the ", hung])
    account = Account()
    with anyio.move_on_after(0.05) as scope:
        await pieces_of(bench.role(ONE), bench.question(), account)
    assert scope.cancelled_caught
    assert hung.was_cancelled
    assert [attempt.outcome for attempt in account.attempts] == [Outcome.CANCELLED]


async def test_a_budget_holds_for_streams(bench: Any) -> None:
    bench.script("one", ["a", WHOLE])
    account = Account(max_tokens=4)
    await pieces_of(bench.role(ONE), bench.question(), account)
    with pytest.raises(ModelError, match="has used 4 tokens"):
        await pieces_of(bench.role(ONE), bench.question(), account)
