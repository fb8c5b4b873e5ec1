"""What must become of requests, worked out without Osprey's code: the model that `life` holds Osprey against."""

from __future__ import annotations

from typing import Final

from attrs import define, field, frozen

SECOND: Final = 10**9
ROLES: Final = {"alice": ("operator",), "bob": ("operator",), "carol": ("expert",), "dave": ()}
FOLLOWING: Final = {
    "pending": {"approved", "rejected", "expired", "withdrawn", "superseded"},
    "approved": {"claimed", "expired", "withdrawn", "superseded"},
    "claimed": {"done", "partial", "failed", "in_doubt"},
}


@frozen(kw_only=True)
class Vote:
    """One approval that counts."""

    person: str
    is_proved: bool
    remembered: str | None = None


@define(kw_only=True)
class Kept:
    """A remembered decision."""

    person: str
    is_proved: bool
    most: int
    ends_ns: int
    uses: int = 0
    is_revoked: bool = False


@define(kw_only=True)
class Wanted:
    """One request as it should be."""

    id: str
    sha256: str
    document: str
    persons: int
    roles: dict[str, int]
    is_proved: bool
    may_remember: bool
    authors: set[str]
    expires_ns: int
    groups: int
    state: str = "pending"
    votes: list[Vote] = field(factory=list)
    owner: int = -1
    """Which of the processes has claimed it."""
    opened: int = 0
    """How many of its groups have intents."""
    open_channel: str = ""
    """What the last of them is about, while it has no receipt."""
    is_doubtful: bool = False
    is_unconfirmed: bool = False
    executed: int = 0

    @property
    def needs_secret(self) -> bool:
        return self.is_proved or self.persons > 1

    def counts(self, vote: Vote) -> bool:
        """Say whether a vote counts at all."""
        is_author = self.persons > 1 and vote.person in self.authors
        return not is_author and (vote.is_proved or not self.needs_secret)

    def is_agreed(self, votes: list[Vote]) -> bool:
        """Say whether these votes are enough, by counting people."""
        people = {vote.person for vote in votes if self.counts(vote)}
        holders = {role: sum(role in ROLES[person] for person in people) for role in self.roles}
        return len(people) >= self.persons and all(holders[role] >= count for role, count in self.roles.items())


@define
class Model:
    """All requests of one run, the clock, and what the newest row of the audit says of it."""

    now_ns: int = 1_800_000_000 * SECOND
    high_ns: int = 0
    is_halted: bool = False
    process: int = 0
    """The one that lives; those before it are thought dead."""
    taken: set[int] = field(factory=set)
    """Dead ones whose work was taken over."""
    wanted: dict[str, Wanted] = field(factory=dict)
    kept: dict[str, Kept] = field(factory=dict)
    unresolved: dict[str, str] = field(factory=dict)
    """By channel, ``open`` or ``in_doubt``."""
    refusals: int = 0

    @property
    def is_clock_back(self) -> bool:
        return self.high_ns - self.now_ns > SECOND

    def told(self) -> None:
        """Note that a row was appended to the audit now."""
        self.high_ns = max(self.high_ns, self.now_ns)

    def look(self, about: Wanted) -> str:
        """Give the state that somebody finds who looks now."""
        if about.state in ("pending", "approved") and self.now_ns >= about.expires_ns:
            about.state = "expired"
            self.told()
        return about.state

    def look_at_all(self) -> None:
        for about in self.wanted.values():
            self.look(about)

    def step(self, about: Wanted, state: str) -> str:
        """Give what must be said of a step to a state."""
        found = self.look(about)
        return "ok" if state in FOLLOWING.get(found, ()) else f"approval.{found}"

    def vote(self, about: Wanted, vote: Vote, prefix: str) -> str:
        """Give what must be said of an approval."""
        if not 8 <= len(prefix) <= 64:
            return "approval.hash"
        if (found := self.look(about)) != "pending":
            return f"approval.{found}"
        if self.is_clock_back:
            return "approval.clock"
        if not about.sha256.startswith(prefix):
            return "approval.hash"
        return self._use(vote) or self._voter(about, vote) or "ok"

    def _use(self, vote: Vote) -> str:
        if vote.remembered is None:
            return ""
        kept = self.kept[vote.remembered]
        if kept.is_revoked:
            return "approval.revoked"
        is_over = kept.uses >= kept.most or self.now_ns >= kept.ends_ns
        return "approval.remembered" if is_over else ""

    def _voter(self, about: Wanted, vote: Vote) -> str:
        if about.persons > 1 and vote.person in about.authors:
            return "approval.requester"
        if about.needs_secret and not vote.is_proved:
            return "approval.not_authenticated"
        if any(vote.person == given.person for given in about.votes):
            return "approval.voted"
        return "" if self._leaves_room(about, vote) else "approval.not_entitled"

    def _leaves_room(self, about: Wanted, vote: Vote) -> bool:
        """Say whether those whose role is missing would still find a place behind this vote."""
        before = [given.person for given in about.votes]
        lacking = {role: count - sum(role in ROLES[person] for person in before) for role, count in about.roles.items()}
        open_roles = {role for role, count in lacking.items() if count > 0}
        if not open_roles or open_roles & set(ROLES[vote.person]):
            return True
        return about.persons - len(before) > max(lacking[role] for role in open_roles)

    def claim(self, about: Wanted, sha256: str, channels: list[str], process: int) -> str:
        """Give what must be said of a claim: nothing is executed without a live grant on exactly this document."""
        if (found := self.look(about)) != "approved":
            return f"approval.{found}"
        if sha256 != about.sha256:
            return "approval.hash"
        if any(vote.remembered and self.kept[vote.remembered].is_revoked for vote in about.votes):
            return "approval.revoked"
        if self.is_clock_back:
            return "approval.clock"
        if self.is_halted:
            return "ledger.halted"
        if process in self.taken:
            return "ledger.fenced"
        busy = [self.unresolved[channel] for channel in channels if channel in self.unresolved]
        if busy:
            return "ledger.in_doubt" if busy[0] == "in_doubt" else "ledger.channel_busy"
        assert about.is_agreed(about.votes), "the model approved what nobody agreed to"
        assert about.executed == 0, "carried out twice"
        return "ok"

    def hold(self, about: Wanted, process: int) -> str:
        """Give what must be said to a process that goes on with a request."""
        found = self.look(about)
        if process in self.taken:
            return "ledger.fenced"
        if found != "claimed":
            return f"approval.{found}"
        return "ok" if about.owner == process else "ledger.not_owner"

    def next_group(self, about: Wanted, channel: str) -> str:
        """Give what must be said of a further group, once the receipts of the last are known."""
        if about.is_unconfirmed:
            return "ledger.not_confirmed"
        if self.now_ns >= about.expires_ns:
            return "approval.expired"
        if self.is_clock_back:
            return "approval.clock"
        if self.is_halted:
            return "ledger.halted"
        if channel in self.unresolved:
            return "ledger.in_doubt" if self.unresolved[channel] == "in_doubt" else "ledger.channel_busy"
        return "ok"

    def close(self, about: Wanted, outcome: str) -> None:
        """Note what became of the group that is open."""
        if about.open_channel:
            if outcome in ("unconfirmed", ""):
                self.unresolved[about.open_channel] = "in_doubt"
                about.is_doubtful = True
            else:
                del self.unresolved[about.open_channel]
            about.is_unconfirmed |= outcome != "confirmed"
        about.open_channel = ""

    def open(self, about: Wanted, channel: str) -> None:
        """Note that a group was sent."""
        self.unresolved[channel] = "open"
        about.open_channel = channel
        about.opened += 1
