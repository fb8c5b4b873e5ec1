"""A value of a wanted class out of a model's answer, and what a model is told whose answer is none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

from attrs import frozen

from osprey.config import ModelRole
from osprey.errors import ModelError, ModelErrorKind
from osprey.models.chat.answers import UnusableAnswerError, bounded, read_answer
from osprey.models.chat.forms import form_of
from osprey.models.chat.messages import ChatMessage, ChatReply, ChatRequest, Finish, Speaker
from osprey.models.chat.sayings import capped

T = TypeVar("T")

_MOST_REPEATED: Final = 8_000
"""Characters of an answer that is sent back with what is wrong with it."""

_AGAIN: Final = (
    "Your answer cannot be used:\n{problems}\n"
    "Answer again, with one JSON object of the form that was asked for and nothing else."
)


@frozen(kw_only=True)
class Found(Generic[T]):
    """What was read out of an answer: a value, or what is wrong."""

    value: T | None
    problems: tuple[str, ...] = ()


class Wanted(Generic[T]):
    """A value that a model is asked for."""

    def __init__(
        self, form: type[T], messages: Sequence[ChatMessage], check: Callable[[T], Sequence[str]] | None
    ) -> None:
        self._class = form
        self._form = form_of(form)
        self._messages = tuple(messages)
        self._check = check

    def request(self) -> ChatRequest:
        """Give the question."""
        return ChatRequest(messages=self._messages, form=self._form)

    def repair_request(self, reply: ChatReply, problems: Sequence[str]) -> ChatRequest:
        """Give the question once more, with the answer that cannot be used and why."""
        text = reply.text if len(reply.text) <= _MOST_REPEATED else f"{reply.text[:_MOST_REPEATED]}..."
        listed = "\n".join(f"- {problem}" for problem in problems)
        more = (
            # An empty message is refused by some endpoints.
            ChatMessage(speaker=Speaker.ASSISTANT, text=text or "(nothing)"),
            ChatMessage(speaker=Speaker.USER, text=_AGAIN.format(problems=listed)),
        )
        return ChatRequest(messages=(*self._messages, *more), form=self._form)

    def read(self, reply: ChatReply) -> Found[T]:
        """Read an answer, and check its content.

        :raises ModelError: the model declined to answer; asking it again in the same way would not help.
        """
        if reply.finish is Finish.REFUSAL:
            msg = f"the model declined to answer: {capped(reply.text)}"
            raise ModelError(msg, kind=ModelErrorKind.INVALID)
        try:
            value = read_answer(self._class, reply.text)
        except UnusableAnswerError as exc:
            cut = reply.finish is Finish.LENGTH
            hint = ("the answer was cut off at its greatest length (max_tokens)",) if cut else ()
            return Found(value=None, problems=(*hint, *exc.problems))
        problems = () if self._check is None else tuple(self._check(value))
        return Found(value=None if problems else value, problems=bounded(problems))

    def error(self, problems: Sequence[str], role: ModelRole) -> ModelError:
        """Say that no answer could be used, and why the last one could not."""
        what = f"the model for {role} gave no {self._form.name}, asked twice"
        return ModelError(f"{what}: {'; '.join(problems)}", kind=ModelErrorKind.MALFORMED)
