"""Who has to agree, who has agreed, and whether that is enough: counted anew from sealed rows at every claim."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from attrs import field, frozen

from osprey.journal.refusals import Refusal


@frozen(kw_only=True)
class Needs:
    """What a request needs before it may be carried out; settled when it is filed, and sealed with it."""

    persons: int = 1
    """How many different people have to approve. Two or more count only with a secret, and never an author."""
    roles: Mapping[str, int] = field(factory=dict[str, int])
    """How many of them have to hold a role."""
    is_authenticated: bool = False
    """Whether only people count who have shown a secret that the asking process does not hold."""
    rules: tuple[str, ...] = ()
    """The rules that made it so, for the decision to name."""
    remember_uses: int = 0
    """How often a remembered decision on such a request may be used; 0: it may not be remembered."""
    remember_for_s: float = 0.0

    @property
    def needs_secret(self) -> bool:
        """Say whether a vote counts only with a secret."""
        return self.is_authenticated or self.persons > 1


class DecisionWord(StrEnum):
    """What a person did with a request."""

    APPROVE = "approve"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    POSTPONE = "postpone"
    """Not now; the request stays as it is."""
    COMMENT = "comment"
    """A remark that decides nothing, such as free text in answer to the request."""


@frozen(kw_only=True)
class Voter:
    """A person as an interface has established who it is."""

    person: str
    """Their name in the configuration; of somebody who has none there, the subject."""
    roles: tuple[str, ...] = ()
    method: str = "system"
    """How that is known: ``system``, ``secret``, ``peer``, ``remembered`` ..."""
    is_authenticated: bool = False
    """By a secret that the asking process does not hold."""
    remembered: str | None = None
    """The remembered decision that speaks for the person."""


@frozen(kw_only=True)
class DecisionRow:
    """What one person did with a request, as it is stored and sealed."""

    request_id: str
    seq: int
    """1 for the first word on this request."""
    word: DecisionWord
    actor: str
    terminal: str
    host: str
    person: str
    roles: tuple[str, ...]
    method: str
    is_authenticated: bool
    ns: int
    sha256: str
    """What they saw."""
    text: str
    """A reason or a remark; never what decides."""
    remembered: str | None
    seal: str

    @property
    def sealed_values(self) -> tuple[Any, ...]:
        """Give everything that the seal is over."""
        person = (self.person, list(self.roles), self.method, int(self.is_authenticated))
        said = (self.ns, self.sha256, self.text, self.remembered)
        return (self.request_id, self.seq, str(self.word), self.actor, self.terminal, self.host, *person, *said)


def judge_vote(
    request_id: str, needs: Needs, authors: Sequence[str], given: Sequence[DecisionRow], voter: Voter
) -> Refusal | None:
    """Refuse a vote that does not count towards what this request needs.

    :param authors: the people who asked for it or edited it.
    :param given: the approvals so far, their seals checked.
    """
    if needs.persons > 1 and voter.person in authors:
        return Refusal(
            "approval.requester",
            f"{voter.person} asked for request {request_id} or edited it: {needs.persons} other people have to approve",
        )
    if needs.needs_secret and not voter.is_authenticated:
        return Refusal(
            "approval.not_authenticated",
            f"request {request_id} counts only people who show a secret: approve with `--as NAME`, which asks for it",
        )
    if any(vote.person == voter.person for vote in given):
        return Refusal("approval.voted", f"{voter.person} has approved request {request_id} already: others have to")
    return _judge_roles(request_id, needs, given, voter)


def _judge_roles(request_id: str, needs: Needs, given: Sequence[DecisionRow], voter: Voter) -> Refusal | None:
    """Refuse somebody whose place is needed for a role that they do not hold."""
    missing = {role: count - _holders(role, given) for role, count in needs.roles.items()}
    missing = {role: count for role, count in missing.items() if count > 0}
    if not missing or any(role in missing for role in voter.roles):
        return None
    places = needs.persons - len(given)
    if places > max(missing.values()):
        return None
    wanted = ", ".join(sorted(missing))
    return Refusal(
        "approval.not_entitled",
        f"request {request_id} needs the role {wanted}, which {voter.person} does not hold (approval.people)",
    )


def is_met(needs: Needs, authors: Sequence[str], given: Sequence[DecisionRow]) -> bool:
    """Say whether the approvals so far are enough."""
    counted = [vote for vote in given if vote.is_authenticated or not needs.needs_secret]
    if needs.persons > 1:
        counted = [vote for vote in counted if vote.person not in authors]
    people = {vote.person for vote in counted}
    enough = len(people) >= max(needs.persons, 1)
    return enough and all(_holders(role, counted) >= count for role, count in needs.roles.items())


def _holders(role: str, votes: Sequence[DecisionRow]) -> int:
    return len({vote.person for vote in votes if role in vote.roles})
