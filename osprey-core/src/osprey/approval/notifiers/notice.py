"""A notice: what people are told of a request, and nothing that could approve it.

Its texts come from devices, models and people. Each is brought to one line of printable characters when the notice
is made, so that no way of sending it can be given a header, a line or an escape sequence by them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit, urlunsplit

from attrs import field, frozen

from osprey.approval.decisions import SHORT_HASH_DIGITS
from osprey.approval.kinds import card_of
from osprey.config import NoticeEvent
from osprey.config.secrets import MASK
from osprey.journal import DecisionWord, RequestRow, RequestState, journal_of
from osprey.printable import printable

if TYPE_CHECKING:
    from osprey.project import Project

_LONGEST: Final = 300
"""Characters of a text: what a notice is to be recognised by; the request itself has all of it."""


def one_line(text: str) -> str:
    """Give a text on one line: whatever is not printable stands as an escape, what is too long is cut."""
    shown = printable(text)
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 3]}..."


def _lines(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(one_line(text) for text in texts)


@frozen(kw_only=True)
class Notice:
    """What people are told of a request. The hash that approves it is no part of it: that stands at the request."""

    event: NoticeEvent
    request_id: str = field(converter=one_line)
    kind: str = field(converter=one_line)
    title: str = field(converter=one_line)
    risk: str = field(converter=one_line)
    facility: str = field(default="", converter=one_line)
    target: str = field(default="", converter=one_line)
    """Empty for what is about no control system."""
    simulated: bool
    requester: str = field(converter=one_line)
    state: RequestState
    approved_by: tuple[str, ...] = field(default=(), converter=_lines)
    """Who has approved so far."""
    persons: int = 1
    """How many people have to."""
    supersedes: str | None = None
    """The request that this one replaces or continues."""
    expires_ns: int
    link: str = ""
    """Opens the inbox; empty if none is known. It approves nothing."""

    @property
    def place(self) -> str:
        """Say what it is about, a simulation or not, in words that nobody overlooks."""
        if not self.target:
            return "no control system"
        return f"{'SIMULATION' if self.simulated else 'REAL MACHINE'} {self.target}"

    @property
    def expires(self) -> str:
        """Say when its time is over."""
        return datetime.fromtimestamp(self.expires_ns / 1e9, tz=UTC).strftime("%Y-%m-%d %H:%M:%S UTC")

    @property
    def news(self) -> str:
        """Say what has happened, as the rest of a sentence about the request."""
        if self.event is NoticeEvent.FILED:
            return "waits for a decision"
        if self.event is NoticeEvent.VOTED:
            return f"has {len(self.approved_by)} of {self.persons} approvals"
        if self.event is NoticeEvent.EXPIRING:
            return f"waits for a decision until {self.expires}"
        return f"is {self.state.replace('_', ' ')}"

    def subject(self) -> str:
        """Give one line, such as the subject of a mail."""
        return one_line(f"[{self.place}] {self.request_id} {self.news}: {self.title}")

    def text(self) -> str:
        """Give all of it as plain lines."""
        lines = [
            f"{self.place}{f' ({self.facility})' if self.facility else ''}",
            f"Request {self.request_id} {self.news}: {self.title}",
            f"Kind: {self.kind}. Risk: {self.risk}.",
            f"Asked by: {self.requester}",
            f"Approved by: {', '.join(self.approved_by) or 'nobody'} ({len(self.approved_by)} of {self.persons})",
            f"Its time ends: {self.expires}",
            *([f"It replaces or continues: {self.supersedes}"] if self.supersedes else []),
            f"Look at it: osprey approvals show {self.request_id}",
            *([f"Inbox: {self.link}"] if self.link else []),
            "This notice decides nothing, and nor does an answer to it.",
        ]
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """Give it as values for another program."""
        return {
            "event": self.event.value,
            "request": self.request_id,
            "kind": self.kind,
            "title": self.title,
            "risk": self.risk,
            "facility": self.facility,
            "target": self.target,
            "simulated": self.simulated,
            "requester": self.requester,
            "state": self.state.value,
            "approved_by": list(self.approved_by),
            "persons": self.persons,
            "supersedes": self.supersedes,
            "expires": self.expires,
            "link": self.link,
            "text": self.text(),
        }


async def notice_of(project: Project, row: RequestRow, event: NoticeEvent) -> Notice:
    """Make the notice of an event; what it is about is taken from what is hashed, as on the request's card.

    :raises RefusedError: the request cannot be shown, so nobody can decide it.
    """
    card = card_of(project, row)
    given = await journal_of(project).requests.decisions(row.id)
    approved_by = dict.fromkeys(one.person for one in given if one.word is DecisionWord.APPROVE)
    return Notice(
        event=event,
        request_id=row.id,
        kind=row.kind,
        title=_without_hash(row.title, row.sha256),
        risk=_without_hash(row.risk, row.sha256),
        facility=card.facility,
        target=card.target,
        simulated=card.simulated,
        requester=row.requester,
        state=row.state,
        approved_by=tuple(approved_by),
        persons=row.needs.persons,
        supersedes=row.supersedes,
        expires_ns=row.expires_ns,
        link=link_to(project.config.approval.inbox_url, row.id),
    )


def link_to(inbox_url: str, request_id: str) -> str:
    """Give the inbox's address with the request's id as one step more; of a page with routes behind ``#``, there."""
    if not inbox_url:
        return ""
    parts, step = urlsplit(inbox_url), f"/{quote(request_id, safe='')}"
    if parts.fragment:
        return urlunsplit(parts._replace(fragment=parts.fragment.rstrip("/") + step))
    return urlunsplit(parts._replace(path=parts.path.rstrip("/") + step))


def _without_hash(text: str, sha256: str) -> str:
    """Take out what approves the request, should whoever wrote the text have put it there."""
    return re.sub(f"{sha256[:SHORT_HASH_DIGITS]}[0-9a-f]*", MASK, text, flags=re.IGNORECASE)
