"""How people begin and end a question: the words around what they ask about."""

from __future__ import annotations

from osprey.models.phrasebook.cursor import Cursor
from osprey.models.phrasebook.tokens import Kind

QUESTIONS = (
    "what is",
    "what are",
    "what was",
    "what were",
    "what has been",
    "what have been",
    "how much is",
    "how high is",
    "how high are",
    "how high was",
    "how large is",
    "how large are",
    "how large was",
    "how big is",
    "how low is",
    "how is",
    "how are",
    "how was",
    "tell me what",
    "know what",
)
_ASKED_VERBS = (
    "show",
    "read",
    "read out",
    "read back",
    "caget",
    "give",
    "get",
    "tell",
    "display",
    "print",
    "fetch",
    "report",
    "check",
    "see",
    "calculate",
    "compute",
    "determine",
    "evaluate",
    "find",
    "know",
)
ORDERS = tuple(f"{verb}{whom}" for verb in _ASKED_VERBS for whom in ("", " me", " us"))
SHOWN = frozenset({"show", "show me", "show us", "display", "display me", "display us", "see"})

_NOW = ("right now", "just now", "now", "at the moment", "at present", "currently", "presently", "please")
_PLOT_WORDS = ("plot", "graph", "chart", "figure", "picture", "diagram", "bar chart", "bar plot", "line plot")
_PLOTTED = (
    *(f"{joint} {noun}" for joint in ("with", "as") for noun in _PLOT_WORDS),
    *(f"{joint} a {noun}" for joint in ("with", "and", "including", "plus", "as", "in") for noun in _PLOT_WORDS),
    *(f"and {verb} {it}" for verb in ("plot", "draw", "graph") for it in ("it", "them", "that", "this")),
    *(
        f"and {verb} {article} {noun}"
        for verb in ("show", "show me", "make", "draw", "give me", "create")
        for article in ("a", "the")
        for noun in _PLOT_WORDS
    ),
    "and plot",
    "plotted",
)
PLOT_ORDERS = (
    "plot",
    "plot me",
    "draw",
    "graph",
    "chart",
    *(
        f"{verb}{whom} {article}{noun} of"
        for verb in ("show", "make", "give", "draw", "create", "produce")
        for whom in ("", " me", " us")
        for article in ("a ", "the ", "")
        for noun in _PLOT_WORDS
    ),
    *(f"{noun} of" for noun in _PLOT_WORDS),
)


def take_opening(cursor: Cursor) -> str:
    """Take the words that ask; empty if the sentence begins with its subject."""
    return cursor.take((*QUESTIONS, *ORDERS)) or ""


def skip_now(cursor: Cursor) -> None:
    """Go over words that only say 'at present'."""
    while cursor.take(_NOW):
        pass


def take_plotted(cursor: Cursor) -> bool:
    """Take ``, with a plot`` and its kin."""
    start = cursor.index
    cursor.take_kind(Kind.COMMA)
    if cursor.take(_PLOTTED):
        return True
    cursor.index = start
    return False
