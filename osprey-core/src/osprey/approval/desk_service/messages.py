"""What goes over the desk's socket, as values. No message says who sends it: a field that would is refused.

A conversation begins with ``{"op": "hello", "body": {"version": ...}}``. Then come questions, such as
``{"op": "approve", "body": {"request_id": ..., "hash_prefix": ...}}``; the answer is ``{"ok": ...}`` or
``{"error": {"type", "message", "rule"}}``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

import attrs
from attrs import frozen

from osprey.approval.card import Card, CardRow, CardSection
from osprey.control.wire import from_wire
from osprey.errors import RefusedError
from osprey.journal import DecisionWord, Needs, RequestState

T = TypeVar("T")

MOST_ASKED_BYTES: Final = 64 * 1024
"""Of one question: an id, a hash, a remark. An answer may be as long as a frame can be."""


@frozen(kw_only=True)
class Hello:
    """The first message: both sides must mean the same by a request."""

    version: str


@frozen
class ListOpen:
    """Which requests are not finished?"""


@frozen(kw_only=True)
class Show:
    """What would this request do, exactly, and what have people said of it?"""

    request_id: str


@frozen(kw_only=True)
class Approve:
    """Approve what this part of its hash stands for."""

    request_id: str
    hash_prefix: str


@frozen(kw_only=True)
class Reject:
    """Say no."""

    request_id: str
    reason: str


@frozen(kw_only=True)
class Postpone:
    """Say "not now"."""

    request_id: str
    reason: str = ""


@frozen(kw_only=True)
class Comment:
    """Keep a remark, which decides nothing."""

    request_id: str
    text: str


@frozen(kw_only=True)
class Withdraw:
    """Take a request back, or an approval that is not carried out yet."""

    request_id: str
    reason: str


Decision = Approve | Reject | Postpone | Comment | Withdraw
Question = ListOpen | Show | Decision

QUESTIONS: Final[Mapping[str, type[Question]]] = {
    "list": ListOpen,
    "show": Show,
    "approve": Approve,
    "reject": Reject,
    "postpone": Postpone,
    "comment": Comment,
    "withdraw": Withdraw,
}
_OPS: Final[Mapping[type[Hello | Question], str]] = {Hello: "hello", **{cls: op for op, cls in QUESTIONS.items()}}


@frozen(kw_only=True)
class Welcome:
    """The answer to the greeting."""

    version: str
    subject: str
    """Who the caller is for the desk."""
    doubt: str
    """Why they count for nobody where a secret is asked for; empty if they count."""


@frozen(kw_only=True)
class Entry:
    """A request as the inbox lists it."""

    id: str
    kind: str
    title: str
    sha256: str
    thread: str
    state: RequestState
    risk: str
    requester: str
    created_ns: int
    expires_ns: int
    supersedes: str | None
    needs: Needs
    votes: int
    """How many people have approved it."""
    missing: str
    """Who else has to, in words; empty if nobody, and in a list."""


@frozen(kw_only=True)
class Said:
    """What one person did with a request."""

    word: DecisionWord
    person: str
    method: str
    is_authenticated: bool
    ns: int
    text: str


@frozen(kw_only=True)
class Shown:
    """A request as a person sees it before they decide."""

    entry: Entry
    card: Card
    document: str
    """What is hashed, approved and carried out."""
    said: tuple[Said, ...]
    obstacles: tuple[str, ...]
    """Why it will not be carried out as it is stored, or why nobody could give what it needs."""
    looked_at: int
    """How many channels were read just now, to see what has moved since it was filed."""
    moved: tuple[str, ...]
    difference: tuple[str, ...]
    """What it changed in the request whose place it took: lines that begin with ``+``, ``-`` or a space."""
    successor: str | None
    """The newest request that took its place, or continues it."""


# The classes of the card name those of the journal for the type checker only; cattrs has to know them.
attrs.resolve_types(Card, localns={"Needs": Needs, "CardRow": CardRow, "CardSection": CardSection})


def message_of(question: Hello | Question) -> dict[str, Any]:
    """Give the message of a greeting or a question."""
    return {"op": _OPS[type(question)], "body": attrs.asdict(question)}


def read_hello(message: Mapping[str, Any]) -> Hello:
    """Read the first message of a conversation.

    :raises RefusedError: ``desk.not_understood``: it is no greeting.
    """
    match message:
        case {"op": "hello", "body": body, **rest} if not rest:
            return _read(Hello, body)
        case _:
            raise RefusedError("a conversation with the desk begins with hello", rule="desk.not_understood")


def read_question(message: Mapping[str, Any]) -> Question:
    """Read any later message, strictly.

    :raises RefusedError: ``desk.not_understood``: it is no question, or has a field that no question has.
    """
    match message:
        case {"op": str(op), "body": body, **rest} if op in QUESTIONS and not rest:
            return _read(QUESTIONS[op], body)
        case _:
            raise RefusedError("the message is none of the desk's questions", rule="desk.not_understood")


def _read(cls: type[T], body: Any) -> T:
    if not isinstance(body, dict):
        raise RefusedError("the body of the message is no object", rule="desk.not_understood")
    try:
        return from_wire(cls, body)
    except ValueError as exc:
        raise RefusedError(f"the message is not understood: {exc}", rule="desk.not_understood") from exc
