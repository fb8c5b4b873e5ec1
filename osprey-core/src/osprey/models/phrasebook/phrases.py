"""What a request in plain words means, as values: one class for each kind of phrase."""

from __future__ import annotations

from attrs import field, frozen

from osprey.models.phrasebook.phrase_parts import Amount, Moment, Span, Statistic, Subject, Word


@frozen(kw_only=True)
class Read:
    """Read the present value."""

    text: str
    subjects: tuple[Subject, ...]


@frozen(kw_only=True)
class ReadThen:
    """Look up the value at a past moment."""

    text: str
    subjects: tuple[Subject, ...]
    moment: Moment


@frozen(kw_only=True)
class Compare:
    """Read two or more things now and show how they differ from the first."""

    text: str
    sides: tuple[Subject, ...]


@frozen(kw_only=True)
class CompareThen:
    """Compare the present values with those of a past moment."""

    text: str
    subjects: tuple[Subject, ...]
    moment: Moment


@frozen(kw_only=True)
class Plot:
    """Draw the present values, against position where they have one."""

    text: str
    subjects: tuple[Subject, ...]


@frozen(kw_only=True)
class History:
    """Get past values over a span, as figures in a list or as a plot."""

    text: str
    subjects: tuple[Subject, ...]
    span: Span | None = None
    is_plotted: bool = True


@frozen(kw_only=True)
class Statistics:
    """Sum up past values over a span, or present values of many channels."""

    text: str
    kinds: tuple[Statistic, ...]
    subjects: tuple[Subject, ...]
    span: Span | None = None
    is_plotted: bool = False


@frozen(kw_only=True)
class Assignment:
    """What shall take one value."""

    subjects: tuple[Subject, ...]
    value: Amount | str | tuple[Amount, ...]
    """Texts and lists are kept, so that the guard's refusal of them is what a person sees."""


@frozen(kw_only=True)
class Set:
    """Put values. Assignments of one group belong together; groups follow one another."""

    text: str
    groups: tuple[tuple[Assignment, ...], ...]
    show: tuple[Subject, ...] = ()
    """To be shown before and after the change."""
    notes: tuple[str, ...] = ()


@frozen(kw_only=True)
class Step:
    """Change by an amount, all subjects together."""

    text: str
    subjects: tuple[Subject, ...]
    delta: Amount
    """Signed: lowering by 0.1 is -0.1."""
    show: tuple[Subject, ...] = ()


@frozen(kw_only=True)
class Scan:
    """Step a subject through a range, and measure at each point."""

    text: str
    subject: Subject
    start: Amount
    stop: Amount
    steps: int | None = None
    """The number of points, both ends included."""
    increment: Amount | None = None
    """The distance of points, where that was said instead of their number."""
    measure: tuple[Subject, ...] = ()
    settle_s: float | None = None


@frozen(kw_only=True)
class ScanAxis:
    """What one channel of a scan goes through: stated values, or a range with a number or a distance of points."""

    subject: Subject
    values: tuple[Amount, ...] = ()
    start: Amount | None = None
    stop: Amount | None = None
    steps: int | None = None
    increment: Amount | None = None
    is_relative: bool = False
    """True if the numbers count from what the channel is set to now."""


@frozen(kw_only=True)
class GridScan:
    """Step one to three subjects through stated values, or through all combinations, and measure at each point."""

    text: str
    axes: tuple[ScanAxis, ...]
    """The last one moves fastest."""
    measure: tuple[Subject, ...] = ()
    settle_s: float | None = None


@frozen(kw_only=True)
class SaveSnapshot:
    """Keep what subjects are set to now under a name."""

    text: str
    subjects: tuple[Subject, ...]
    name: str = ""
    """Empty: the capability makes one."""


@frozen(kw_only=True)
class RestoreSnapshot:
    """Bring back what a snapshot has kept."""

    text: str
    name: str


@frozen(kw_only=True)
class Standing:
    """Say how things stand: what waits for a decision, whether writes are halted, which targets there are."""

    text: str
    about: str
    """``waiting``, ``halt`` or ``targets``."""


@frozen(kw_only=True)
class Search:
    """Find channels by words."""

    text: str
    query: str
    sectors: tuple[int, ...] = ()


@frozen(kw_only=True)
class Remember:
    """Keep a sentence."""

    text: str
    note: str


@frozen(kw_only=True)
class Recall:
    """Say what was kept, about something or at all."""

    text: str
    about: str = ""


Phrase = (
    Read
    | ReadThen
    | Compare
    | CompareThen
    | Plot
    | History
    | Statistics
    | Set
    | Step
    | Scan
    | GridScan
    | SaveSnapshot
    | RestoreSnapshot
    | Standing
    | Search
    | Remember
    | Recall
)
Change = Set | Step | Scan | GridScan | RestoreSnapshot
"""The phrases of what would change something."""


@frozen(kw_only=True)
class NotUnderstood:
    """The request is not a sentence of the phrasebook; nothing was guessed."""

    text: str
    message: str
    """One sentence for a person."""
    words: tuple[Word, ...] = ()
    """What was not understood, with its place in the text."""
    suggestions: tuple[str, ...] = ()
    """The closest forms or names."""

    def __str__(self) -> str:
        lines = [self.message]
        if self.suggestions:
            lines.append("Closest: " + "; ".join(self.suggestions))
        return "\n".join(lines)


@frozen(kw_only=True)
class Clarification:
    """The request can be meant in more than one way, and the difference matters."""

    text: str
    question: str
    choices: tuple[str, ...] = field(default=())
    """Complete requests, one for each way; empty where only the person knows."""

    def __str__(self) -> str:
        return "\n".join([self.question, *(f"  - {choice}" for choice in self.choices)])
