"""One model of a chain: a single attempt, entered in the account and in the recording."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

import anyio
from attrs import define, field, frozen

from osprey.config import ModelRole
from osprey.errors import ModelError, ModelErrorKind
from osprey.models.chat._serialization import hash_of
from osprey.models.chat.account import Account, Attempt, Outcome
from osprey.models.chat.driving import Driving
from osprey.models.chat.messages import NO_USAGE, ChatReply, ChatRequest, TextDelta
from osprey.models.chat.reaching import Reach
from osprey.models.chat.recording import VERSION, Recorded, RecordedError, Recorder


@frozen(kw_only=True)
class Asking:
    """For what a model is asked, and on whose account."""

    role: ModelRole
    account: Account


@define
class _Course:
    """How an attempt goes."""

    begun_ns: int = field(factory=time.time_ns)
    started: float = field(factory=time.monotonic)
    deltas: list[str] | None = None
    """The pieces of a stream."""
    reply: ChatReply | None = None
    error: ModelError | None = None

    @property
    def outcome(self) -> Outcome | ModelErrorKind:
        if self.error is not None:
            return self.error.kind
        return Outcome.CANCELLED if self.reply is None else Outcome.OK


class Link:
    """One model of a chain."""

    def __init__(self, driving: Driving, recorder: Recorder | None) -> None:
        self._driving: Final = driving
        self._recorder = recorder

    @property
    def reach(self) -> Reach:
        """How the model is reached."""
        return self._driving.reach

    async def ready(self) -> None:
        """Have the driver there.

        :raises PluginError: it cannot be imported or built.
        """
        await self._driving.ready()

    async def attempt(self, request: ChatRequest, asking: Asking) -> ChatReply:
        """Ask once.

        :raises ModelError: there was no answer; that stands in the account as well.
        :raises StorageError: `models.recording` cannot be written.
        """
        course = _Course()
        try:
            course.reply = await self._driving.complete(request)
        except ModelError as exc:
            course.error = exc
            await self._enter(course, request, asking)
            raise
        except anyio.get_cancelled_exc_class():
            self._account(course, asking)
            raise
        await self._enter(course, request, asking)
        return course.reply

    async def stream(self, request: ChatRequest, asking: Asking) -> AsyncGenerator[TextDelta | ChatReply]:
        """Ask once, and give the answer piece by piece, the whole reply last.

        :raises ModelError, StorageError: as `attempt`.
        """
        course = _Course(deltas=(deltas := []))
        try:
            async with aclosing(self._driving.stream(request)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, ChatReply):
                        course.reply = piece
                    else:
                        deltas.append(piece.text)
                        yield piece
        except ModelError as exc:
            course.error = exc
            await self._enter(course, request, asking)
            raise
        except (GeneratorExit, anyio.get_cancelled_exc_class()):
            self._account(course, asking)
            raise
        await self._enter(course, request, asking)
        if course.reply is not None:
            yield course.reply

    async def aclose(self) -> None:
        """Close the driver, if it was built."""
        await self._driving.aclose()

    def _account(self, course: _Course, asking: Asking) -> Attempt:
        usage = NO_USAGE if course.reply is None else course.reply.usage
        attempt = Attempt(
            role=asking.role,
            provider=self.reach.address.provider,
            model=self.reach.address.model_id,
            begun_ns=course.begun_ns,
            seconds=time.monotonic() - course.started,
            outcome=course.outcome,
            usage=usage,
            cost=self.reach.cost_of(usage),
            message="" if course.error is None else str(course.error),
        )
        asking.account.add(attempt)
        return attempt

    async def _enter(self, course: _Course, request: ChatRequest, asking: Asking) -> None:
        attempt = self._account(course, asking)
        if self._recorder is not None:
            await self._recorder.append(_recorded(attempt, course, request))


def _recorded(attempt: Attempt, course: _Course, request: ChatRequest) -> Recorded:
    error = course.error
    failure = None
    if error is not None:
        failure = RecordedError(kind=error.kind, message=str(error), retry_after_s=error.retry_after_s)
    return Recorded(
        version=VERSION,
        hash=hash_of(request),
        role=attempt.role.value,
        provider=attempt.provider,
        model=attempt.model,
        begun_ns=attempt.begun_ns,
        seconds=attempt.seconds,
        request=request,
        deltas=None if course.deltas is None else tuple(course.deltas),
        reply=course.reply,
        error=failure,
    )
