"""Threads, turns and spans as values. Everything in them is plain, so that a row outlives the version that wrote it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from attrs import field, frozen


class TurnStatus(StrEnum):
    """How a turn ended, or why it did not yet."""

    RUNNING = "running"
    """Somebody works on it, or its process died: `resume` goes on with it."""
    WAITING = "waiting"
    """A person has to decide a request."""
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    STOPPED = "stopped"
    """It was stopped between two steps, and goes on where it was when it is resumed."""


UNFINISHED = frozenset({TurnStatus.RUNNING, TurnStatus.WAITING, TurnStatus.STOPPED})


class ThreadApproval(StrEnum):
    """Which steps of a thread are approved."""

    CONFIGURED = "configured"
    """Those that the configuration says."""
    ALL = "all"
    """Every step of every capability. A thread can only add to what the configuration asks for."""


@frozen(kw_only=True)
class ThreadSettings:
    """What a person has set for a thread by slash commands."""

    planning: bool = False
    """Each plan waits for a person before its first step."""
    approval: ThreadApproval = ThreadApproval.CONFIGURED
    extracts_tasks: bool = True
    """A question is first made a task that stands by itself; false: it is planned as it was typed."""
    selects_capabilities: bool = True
    """The capabilities of a question are chosen first; false: a plan may use all of them."""
    chat: str = ""
    """The capability that is talked to directly; empty: none."""


@frozen(kw_only=True)
class NewTurn:
    """A turn that begins."""

    thread: str
    turn: str
    """Unique; the name of its checkpoints too."""
    asked: str
    """What the person typed, without the slash command before it."""
    target: str
    asked_by: str
    """The subject of the actor, such as ``os:alice``."""
    entry: Mapping[str, Any]
    """The state that the turn begins with, and begins with again if its process died before its first checkpoint."""


@frozen(kw_only=True)
class TurnEnd:
    """What is known of a turn when it ends or waits. Written whole each time."""

    status: TurnStatus
    answer: str = ""
    task: str = ""
    """What was planned for: the question, or what it was taken to mean with what was said before."""
    request: str | None = None
    """The request that it waits for."""
    plan: Mapping[str, Any] = field(factory=dict[str, Any])
    contexts: Mapping[str, Any] = field(factory=dict[str, Any])
    """What its steps left behind, by context key."""
    runs: Sequence[str] = ()
    artifacts: Sequence[str] = ()
    warnings: Sequence[str] = ()
    usage: Mapping[str, Any] = field(factory=dict[str, Any])
    """Tokens and cost of the models that were asked."""
    unplanned: str = ""
    """Why nothing was planned, if nothing was."""


@frozen(kw_only=True)
class TurnRow:
    """A turn as it is stored."""

    thread: str
    number: int
    """1, 2, 3 ... within the thread."""
    turn: str
    asked: str
    target: str
    asked_by: str
    entry: Mapping[str, Any]
    begun_ns: int
    ended_ns: int | None
    """When it ended or last waited; None: it never did."""
    end: TurnEnd

    @property
    def status(self) -> TurnStatus:
        return self.end.status


@frozen(kw_only=True)
class ThreadRow:
    """A thread as it is listed."""

    thread: str
    title: str
    created_ns: int
    touched_ns: int
    turns: int
    status: TurnStatus | None
    """That of its newest turn; None without any."""
    settings: ThreadSettings = ThreadSettings()


@frozen(kw_only=True)
class Span:
    """A part of a turn that took time."""

    id: str
    parent: str
    """Empty: the turn itself."""
    name: str
    """What was done: ``plan``, ``step``, ``model`` ..."""
    begun_ns: int
    ended_ns: int
    status: str
    """``ok``, or what it ended with."""
    about: Mapping[str, Any] = field(factory=dict[str, Any])
    """Plain values: names, counts, identities; never what a secret could stand in."""
