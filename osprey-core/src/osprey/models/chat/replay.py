"""The dialect `replay`: answers a question with what was recorded for the same question, and nothing else.

The same is what is the same to the letter; failing that, what differs in times and figures alone (`likeness`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, Final

import anyio
import anyio.to_thread
import attrs

from osprey.errors import ModelError, ModelErrorKind
from osprey.models.chat._serialization import hash_of
from osprey.models.chat.likeness import likeness_of
from osprey.models.chat.messages import ChatReply, ChatRequest, TextDelta
from osprey.models.chat.protocol import ModelAddress
from osprey.models.chat.recording import Recorded, read_recording
from osprey.models.chat.sayings import capped

_MOST_QUOTED: Final = 120


class ReplayModel:
    """A driver that contacts nobody. A question that was asked several times is answered in the order of then.

    A failure is repeated only where no answer followed it: what a retry or a fallback mended then stays mended.
    """

    def __init__(self, address: ModelAddress) -> None:
        self._path = address.recording or Path()
        self._loading = anyio.Lock()
        self._left: dict[str, deque[Recorded]] | None = None
        self._alike: dict[str, list[str]] = {}
        """The names of the questions that differ in times and figures alone, in their order."""
        self._all: list[Recorded] = []

    async def complete(self, request: ChatRequest) -> ChatReply:
        """Give the recorded answer.

        :raises ModelError: the failure that was recorded; of kind INVALID: nothing (more) was recorded.
        """
        recorded = await self._next(request)
        return _reply_of(recorded)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[TextDelta | ChatReply]:
        """Give the recorded answer in the pieces of then.

        :raises ModelError: as `complete`.
        """
        recorded = await self._next(request)
        whole = (recorded.reply.text,) if recorded.reply is not None else ()
        for text in whole if recorded.deltas is None else recorded.deltas:
            yield TextDelta(text)
        yield _reply_of(recorded)

    async def aclose(self) -> None:
        """Do nothing: nothing is open."""

    async def _next(self, request: ChatRequest) -> Recorded:
        async with self._loading:
            if self._left is None:
                self._all = await anyio.to_thread.run_sync(_load, self._path)
                self._left = _by_question(self._all)
                self._alike = _by_likeness(self._all)
        name = hash_of(request)
        names = [name] if name in self._left else self._alike.get(likeness_of(request), [])
        left = next((queue for one in names if (queue := self._left[one])), None)
        if left is None:
            raise ModelError(self._missing(request), kind=ModelErrorKind.INVALID)
        return left.popleft()

    def _missing(self, request: ChatRequest) -> str:
        name = hash_of(request)
        names = {name, *self._alike.get(likeness_of(request), ())}
        known = sum(recorded.hash in names for recorded in self._all)
        last = request.messages[-1].text if request.messages else ""
        what = f"question {name[:12]} ({len(request.messages)} messages, the last {capped(last, _MOST_QUOTED)!r})"
        remedy = "record it anew with models.recording"
        if known:
            return f"all that {self._path} holds for {what} was given: {known} recorded attempts; {remedy}"
        near = next((one.request for one in self._all if _last_text(one.request) == last), None)
        if near is None:
            return f"{self._path} holds nothing for {what}: {remedy}"
        differing = ", ".join(_differences(near, request))
        return f"{self._path} holds nothing for {what}; one that ends alike differs in {differing}: {remedy}"


def _load(path: Path) -> list[Recorded]:
    try:
        return list(read_recording(path))
    except (OSError, ValueError) as exc:
        why = exc.strerror if isinstance(exc, OSError) else exc
        raise ModelError(f"recording {path} cannot be replayed: {why}", kind=ModelErrorKind.INVALID) from exc


def _by_question(attempts: list[Recorded]) -> dict[str, deque[Recorded]]:
    found: dict[str, deque[Recorded]] = {}
    for recorded in attempts:
        queue = found.setdefault(recorded.hash, deque())
        if recorded.reply is not None:
            while queue and queue[-1].reply is None:
                queue.pop()
        queue.append(recorded)
    return found


def _by_likeness(attempts: list[Recorded]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, request in {recorded.hash: recorded.request for recorded in attempts}.items():
        found.setdefault(likeness_of(request), []).append(name)
    return found


def _reply_of(recorded: Recorded) -> ChatReply:
    if recorded.reply is not None:
        return recorded.reply
    error = recorded.error
    if error is None:
        raise ModelError("the recorded attempt has neither answer nor failure", kind=ModelErrorKind.INVALID)
    raise ModelError(error.message, kind=error.kind, retry_after_s=error.retry_after_s)


def _last_text(request: ChatRequest) -> str:
    return request.messages[-1].text if request.messages else ""


def _differences(one: ChatRequest, other: ChatRequest) -> list[str]:
    """Name what differs, so that whoever changed a prompt sees which."""
    found: list[str] = []
    for index, (mine, theirs) in enumerate(zip(one.messages, other.messages, strict=False)):
        if mine != theirs:
            found.append(f"messages[{index}] ({theirs.speaker})")
    if len(one.messages) != len(other.messages):
        found.append(f"the number of messages ({len(one.messages)} recorded)")
    fields: list[Any] = [field for field in attrs.fields(ChatRequest) if field.name != "messages"]
    found += [field.name for field in fields if getattr(one, field.name) != getattr(other, field.name)]
    return found
