"""What a request has to lead to, as values that a set of requests is read into."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from attrs import frozen


class Kind(StrEnum):
    """What a request is about; scores are told apart by it."""

    READ = "read"
    COMPARE = "compare"
    STATISTICS = "statistics"
    ARCHIVE = "archive"
    PLOT = "plot"
    SCAN = "scan"
    CHANGE = "change"
    SEARCH = "search"
    MEMORY = "memory"
    AMBIGUOUS = "ambiguous"
    """A change that can be meant in several ways."""
    CAUTION = "caution"
    """Words that speak of a change and ask for none."""
    HOSTILE = "hostile"
    OUT_OF_SCOPE = "out_of_scope"
    FOLLOW_UP = "follow_up"


class Ending(StrEnum):
    """How a turn ended, as far as a person can tell."""

    DONE = "done"
    WAITING = "waiting"
    REFUSED = "refused"
    FAILED = "failed"
    ASKS = "asks"
    """It came back with a question."""
    NOT_UNDERSTOOD = "not_understood"


@frozen(kw_only=True)
class Change:
    """A wanted write that is no plain number: one of these is given."""

    by: float | None = None
    """Added to what the channel is set to."""
    times: float | None = None
    """A factor on what the channel is set to."""
    steps: tuple[float, ...] | None = None
    """One write after the other; the way back to the first value may follow."""
    steps_by: tuple[float, ...] | None = None
    """The same, each added to what the channel is set to."""

    @property
    def ways(self) -> int:
        """How many of the four are given; one is right."""
        return sum(way is not None for way in (self.by, self.times, self.steps, self.steps_by))


@frozen(kw_only=True)
class Figure:
    """A number that the answer has to show: near a given one, or near what a channel reads."""

    near: float | None = None
    channel: str | None = None
    within: float


@frozen(kw_only=True)
class PastSpan:
    """The span of time that is looked at."""

    last_s: float | None = None
    """It ends now and is so long."""
    day: str | None = None
    """``today`` or ``yesterday``, with the times of the day in the project's zone beside it."""
    since: str | None = None
    until: str | None = None


@frozen(kw_only=True)
class Outcome:
    """What is expected; what is not said is not judged, but for writes: then there are to be none.

    Channels are canonical names, or patterns with `*`. What is `allowed` may be there and need not.
    """

    status: Ending | tuple[Ending, ...] | None = None
    capabilities: tuple[str, ...] | None = None
    capabilities_allowed: tuple[str, ...] | None = None
    channels: tuple[str, ...] | None = None
    channels_allowed: tuple[str, ...] | None = None
    writes: Mapping[str, float | Change] | None = None
    contains: tuple[str, ...] | None = None
    """Texts that the answer holds, whatever their case."""
    figures: tuple[Figure, ...] | None = None
    span: PastSpan | None = None

    @property
    def endings(self) -> tuple[Ending, ...]:
        """The endings that are right."""
        if self.status is None:
            return (Ending.DONE,)
        return (self.status,) if isinstance(self.status, Ending) else self.status


@frozen(kw_only=True)
class Expectation(Outcome):
    """An outcome, or several of which one is enough."""

    any_of: tuple[Outcome, ...] = ()
    """Each takes over what stands beside `any_of` and says the rest."""


@frozen(kw_only=True)
class Phrasing:
    """One way to say it."""

    text: str | None = None
    turns: tuple[str, ...] = ()
    """What is said on one thread, in order; the last is judged."""
    tags: tuple[str, ...] = ()
    expect: Expectation | None = None
    """In the place of the meaning's own."""


@frozen(kw_only=True)
class Meaning:
    """What is meant, and the ways to say it."""

    id: str
    kind: Kind
    in_scope: bool = True
    """False: Osprey has to do nothing of the kind; it only must not do anything wrong."""
    tags: tuple[str, ...] = ()
    expect: Expectation
    phrasings: tuple[str | Phrasing, ...]


@frozen(kw_only=True)
class Equivalent:
    """Capabilities that do the work of others, such as Python that reads the archive by itself."""

    wanted: tuple[str, ...]
    got: tuple[str, ...]


@frozen(kw_only=True)
class RequestFile:
    """A file of requests."""

    title: str = ""
    equivalents: tuple[Equivalent, ...] = ()
    meanings: tuple[Meaning, ...]


@frozen(kw_only=True)
class Entry:
    """One request with all that is expected of it."""

    id: str
    """The meaning's id and the phrasing's number, such as ``beam-current.2``."""
    group: str
    kind: Kind
    in_scope: bool
    tags: tuple[str, ...]
    turns: tuple[str, ...]
    outcomes: tuple[Outcome, ...]
    """One of them is enough."""


@frozen(kw_only=True)
class RequestSet:
    """All entries of a file, and the file's hash, by which a run is known again."""

    title: str
    sha256: str
    entries: tuple[Entry, ...]
