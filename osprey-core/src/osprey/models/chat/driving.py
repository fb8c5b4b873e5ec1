"""A driver as the kernel sees it: built late, held to its deadline, its failures of one kind, its answers checked."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from typing import Any, Final, NoReturn

import anyio
import anyio.to_thread

from osprey.errors import ModelError, ModelErrorKind, PluginError
from osprey.models.chat.messages import ChatReply, ChatRequest, TextDelta
from osprey.models.chat.protocol import ChatModel
from osprey.models.chat.reaching import Reach
from osprey.models.chat.sayings import said, tells_a_secret
from osprey.models.chat.wording import worded_for

MOST_CHARACTERS: Final = 1_000_000
"""The longest answer, the arguments of its tool calls included."""
_MOST_TOKENS: Final = 10**12
_CLOSING_S: Final = 5.0
"""How long a driver may take to close a stream that nobody reads any more."""


class Driving:
    """The driver of one model, imported and built by `ready`."""

    def __init__(self, reach: Reach, import_driver: Callable[[], Any]) -> None:
        self.reach: Final = reach
        self._import = import_driver
        self._driver: ChatModel | None = None
        self._building = anyio.Lock()

    async def ready(self) -> None:
        """Have the driver there.

        :raises PluginError: it cannot be imported or built.
        """
        async with self._building:
            if self._driver is None:
                implementation = await anyio.to_thread.run_sync(self._import)
                try:
                    self._driver = implementation(self.reach.address)
                except Exception as exc:  # noqa: BLE001 - a driver is foreign code, and may tell its key
                    self._refuse(exc)

    async def complete(self, request: ChatRequest) -> ChatReply:
        """Ask once.

        :raises ModelError: there was no answer, or none of the protocol.
        """
        worded = worded_for(self.reach.address, request)
        reply: Any = None
        with anyio.move_on_after(self.reach.address.timeout_s) as scope:
            try:
                reply = await self._built.complete(worded)
            except Exception as exc:  # noqa: BLE001 - a driver is foreign code, and the asker gets one kind of error
                self._pass_on(exc)
        if scope.cancelled_caught:
            self._fail_late()
        return self._checked(reply)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[TextDelta | ChatReply]:
        """Ask once, and give what the driver gives. Only the time that the driver takes counts for its deadline.

        :raises ModelError: as `complete`.
        """
        worded = worded_for(self.reach.address, request)
        left, length = self.reach.address.timeout_s, 0
        source: Any = None
        try:
            while True:
                piece: Any = None
                begun = anyio.current_time()
                with anyio.move_on_after(max(0.0, left)) as scope:
                    try:
                        source = self._built.stream(worded) if source is None else source
                        piece = await anext(source)
                    except StopAsyncIteration:
                        self._fail("its stream ended before the answer did", ModelErrorKind.MALFORMED)
                    except Exception as exc:  # noqa: BLE001 - as above
                        self._pass_on(exc)
                if scope.cancelled_caught:
                    self._fail_late()
                left -= anyio.current_time() - begun
                if not isinstance(piece, TextDelta):
                    yield self._checked(piece)
                    return
                length += len(str(piece.text))
                self._require_length(length)
                yield piece
        finally:
            await _close(source)

    async def aclose(self) -> None:
        """Close the driver, if it was built."""
        driver, self._driver = self._driver, None
        if driver is not None:
            await driver.aclose()

    @property
    def _built(self) -> ChatModel:
        assert self._driver is not None  # noqa: S101 - `ready` comes before
        return self._driver

    def _checked(self, reply: Any) -> ChatReply:
        """Accept an answer of the protocol, of a size that can be worked with."""
        if not isinstance(reply, ChatReply):
            self._fail(f"driver {self.reach.dialect!r} gave a {type(reply).__name__}", ModelErrorKind.SERVER)
        try:
            length, counts = _length_of(reply), _counts_of(reply)
        except Exception as exc:  # noqa: BLE001 - its values are not what their types say
            self._pass_on(exc)
        if not all(type(count) is int and 0 <= count < _MOST_TOKENS for count in counts):
            self._fail("it counts tokens that cannot be", ModelErrorKind.MALFORMED)
        self._require_length(length)
        return reply

    def _require_length(self, length: int) -> None:
        if length > MOST_CHARACTERS:
            msg = f"an answer of more than {MOST_CHARACTERS} characters is not read: bound it with max_tokens"
            self._fail(msg, ModelErrorKind.MALFORMED)

    def _fail(self, message: str, kind: ModelErrorKind) -> NoReturn:
        raise ModelError(f"{self.reach.label}: {message}", kind=kind)

    def _fail_late(self) -> NoReturn:
        limit = f"{self.reach.address.timeout_s:g} s"
        self._fail(f"no answer within {limit} (timeout_s of its role)", ModelErrorKind.TIMEOUT)

    def _pass_on(self, exc: Exception) -> NoReturn:
        """Raise what a driver raised as an error that may be shown."""
        told = said(str(exc), self.reach.address)
        if isinstance(exc, ModelError):
            error = ModelError(told, kind=_kind_of(exc), retry_after_s=exc.retry_after_s)
        else:
            what = f"{self.reach.label}: driver {self.reach.dialect!r} failed with {type(exc).__name__}: {told}"
            error = ModelError(what, kind=ModelErrorKind.SERVER)
        if tells_a_secret(exc, self.reach.address):
            raise error from None
        raise error from exc

    def _refuse(self, exc: Exception) -> NoReturn:
        told = f"{type(exc).__name__}: {said(str(exc), self.reach.address)}"
        error = PluginError(f"driver {self.reach.dialect!r} cannot be built for {self.reach.label}: {told}")
        if tells_a_secret(exc, self.reach.address):
            raise error from None
        raise error from exc


def _length_of(reply: ChatReply) -> int:
    return len(reply.text) + sum(len(call.text) or len(str(call.arguments)) for call in reply.tool_calls)


def _counts_of(reply: ChatReply) -> tuple[Any, ...]:
    return reply.usage.input_tokens, reply.usage.output_tokens, reply.usage.cached_tokens


def _kind_of(error: ModelError) -> ModelErrorKind:
    """Give the kind that a driver states, if it is one."""
    kind: Any = error.kind
    return kind if isinstance(kind, ModelErrorKind) else ModelErrorKind.SERVER


async def _close(source: Any) -> None:
    """Close a driver's stream, also when whoever reads it was cancelled."""
    close = getattr(source, "aclose", None)
    if close is None:
        return
    # The answer, or what went wrong with it, is known by now: how the driver cleans up changes nothing.
    with anyio.move_on_after(_CLOSING_S, shield=True), suppress(Exception):
        await close()
