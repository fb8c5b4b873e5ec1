"""What people say around a question: said again in the words of the grammar, for looking only.

Rules of writing never see what is said again here: words that change something are taken as they stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import evolve, frozen

from osprey.models.phrasebook.tokens import Kind, Token
from osprey.models.phrasebook.vocabulary import NUMBER_WORDS

_LARGEST = "largest|highest|biggest|strongest|maximum|hottest|warmest"
_SMALLEST = "smallest|lowest|weakest|minimum|coldest|coolest"
_MORE = "higher|lower|larger|smaller|bigger|greater|more|less|warmer|colder|better|worse"
_ON = "on|off|ok|enabled|disabled|active|running|tripped|faulty"
_CHANNEL = "pv|channel|channel_name|name|pv_name"


# In the tables a blank stands between words, a bar between choices for one place, and `_` within a choice.


@frozen
class _Swap:
    """Words that stand for others wherever they are."""

    said: str
    meant: str = ""


@frozen
class _Frame:
    """Words at the beginning, and others further on, around what is asked about."""

    opening: str
    closing: str = ""
    """Empty: the opening alone."""
    meant: str = ""
    between: str = ""
    """What stands in the place of the closing."""


_SWAPS: Final = (
    _Swap("right now"),
    _Swap("at the moment"),
    _Swap("sitting|looking"),
    _Swap("in|around|along|across|of the ring|machine|storage_ring|whole_ring"),
    _Swap("in|of|for both planes"),
    _Swap("in|for the horizontal plane", "horizontal"),
    _Swap("in|for the vertical plane", "vertical"),
    _Swap("in x", "x"),
    _Swap("in y", "y"),
    _Swap("hor|horiz|horizontally", "horizontal"),
    _Swap("ver|vert|vertically", "vertical"),
    _Swap("chroma", "chromaticity"),
    _Swap("nu", "tune"),
    _Swap("sp", "setpoint"),
    _Swap("rb", "readback"),
    _Swap("vs|versus readback", "and readback"),
    _Swap("vs|versus setpoint", "and setpoint"),
    _Swap("is|are going|flowing through", "of"),
    _Swap("flows|runs through", "of"),
    _Swap("of the last|past|previous", "over the last"),
    _Swap("archived", "history of"),
    _Swap("the power supply of"),
)
_FRAMES: Final = (
    _Frame("how big|large|wide is the beam", meant="beam size"),
    _Frame("how long does the beam live", meant="beam lifetime"),
    _Frame("how warm|hot|cold is|are", meant="temperature of"),
    _Frame("how many", "are_there|do_we_have|have_we|exist", meant="find"),
    _Frame("number of", meant="find"),
    _Frame("how much", "is_stored|do_we_have|we_have|is_there", meant="what is"),
    _Frame("how much", meant="what is"),
    _Frame(f"what is|are the {_CHANNEL} for|of", meant="find"),
    _Frame("what is|are", "called|named", meant="find"),
    _Frame("which", "channels|pvs exist", meant="find"),
    _Frame("what|which value is", "set to", meant="setpoint of"),
    _Frame("what is|are", "set to", meant="setpoint of"),
    _Frame("what does|do", "read|say|show|measure|indicate", meant="what is"),
    _Frame("what did", "do", meant="what was"),
    _Frame("what|which", "did_we_have|did_we_see", meant="what was"),
    _Frame("is|are", f"{_MORE} now than", meant="compare", between="with"),
    _Frame("is|are", f"{_MORE} than", meant="compare", between="with"),
    _Frame("is|are", _ON, meant="status of"),
    _Frame("does|do the readback of", "agree|match with its setpoint|set_point", "compare setpoint and readback of"),
    _Frame("did", "trip", meant="status of"),
    _Frame("which", f"has|have the {_LARGEST}", meant="maximum of"),
    _Frame("which", f"is|are the {_LARGEST}", meant="maximum of"),
    _Frame("which", f"has|have the {_SMALLEST}", meant="minimum of"),
    _Frame("which", f"is|are the {_SMALLEST}", meant="minimum of"),
    _Frame(f"where is the {_LARGEST}", meant="maximum of"),
    _Frame(f"where is the {_SMALLEST}", meant="minimum of"),
    _Frame("strongest|hottest|warmest", meant="maximum of"),
    _Frame("weakest|coldest|coolest", meant="minimum of"),
)
_TELL: Final = "tell_me|show_me|know|tell_us how|what|which|where"
_BEFORE_SPAN: Final = frozenset({"last", "past", "previous", "over", "during", "since", "yesterday", "today"})
_NO_COMPARISON: Final = frozenset({"compare", "plot", "draw", "graph", "chart", "show", "how"})


def loosened(tokens: Sequence[Token]) -> list[Token]:
    """Give the request in the words of the grammar; the same tokens if there is nothing to say again."""
    found = _plain_marks(list(tokens))
    if told := _fits(found, 0, _TELL):
        found = found[told - 1 :]
    for swap in _SWAPS:
        found = _swapped(found, swap)
    for frame in _FRAMES:
        framed = _framed(found, frame)
        if framed is not None:
            return framed
    return _compared(found)


def _plain_marks(tokens: list[Token]) -> list[Token]:
    """Leave out a comma before a span of time, say `and` for a plus, and a sector's number as a number."""
    found: list[Token] = []
    for place, token in enumerate(tokens):
        following = tokens[place + 1].word if place + 1 < len(tokens) else ""
        before = found[-1].word if found else ""
        if token.kind is Kind.COMMA and following in _BEFORE_SPAN:
            continue
        if token.kind is Kind.SYMBOL and token.text == "+":
            found.append(evolve(token, kind=Kind.WORD, text="and"))
        elif before == "sector" and token.word in NUMBER_WORDS:
            found.append(evolve(token, kind=Kind.NUMBER, text=str(NUMBER_WORDS[token.word])))
        else:
            found.append(token)
    return found


def _swapped(tokens: list[Token], swap: _Swap) -> list[Token]:
    found: list[Token] = []
    place = 0
    while place < len(tokens):
        length = _fits(tokens, place, swap.said)
        if length:
            found += _words(swap.meant, tokens[place : place + length])
            place += length
        else:
            found.append(tokens[place])
            place += 1
    return found


def _framed(tokens: list[Token], frame: _Frame) -> list[Token] | None:
    opened = _fits(tokens, 0, frame.opening)
    if not opened:
        return None
    front = _words(frame.meant, tokens[:opened])
    if not frame.closing:
        return [*front, *tokens[opened:]]
    for place in range(len(tokens) - 1, opened, -1):
        closed = _fits(tokens, place, frame.closing)
        if closed:
            middle = _words(frame.between, tokens[place : place + closed])
            return [*front, *tokens[opened:place], *middle, *tokens[place + closed :]]
    return None


def _compared(tokens: list[Token]) -> list[Token]:
    """Say `compare` before two things with a bare `vs` between them."""
    is_bare = bool(tokens) and tokens[0].word not in _NO_COMPARISON
    if is_bare and any(token.word in {"vs", "versus"} for token in tokens[1:-1]):
        return [*_words("compare", tokens[:1]), *tokens]
    return tokens


def _fits(tokens: Sequence[Token], place: int, said: str) -> int:
    """Give how many tokens from `place` on are the words of `said`; 0 if they are not."""
    for words in _WAYS[said]:
        if [token.word for token in tokens[place : place + len(words)]] == words:
            return len(words)
    return 0


def _spelled(said: str) -> list[list[str]]:
    """Write out every choice, the longest first."""
    ways: list[list[str]] = [[]]
    for choices in said.split():
        ways = [[*way, *choice.split("_")] for way in ways for choice in choices.split("|")]
    return sorted(ways, key=len, reverse=True)


def _words(meant: str, said: Sequence[Token]) -> list[Token]:
    """Make tokens that stand where the words stood that were said."""
    start, end = said[0].start, said[-1].end
    return [Token(kind=Kind.WORD, text=word, start=start, end=end) for word in meant.split()]


_WAYS: Final = {
    said: _spelled(said)
    for said in (
        _TELL,
        *(swap.said for swap in _SWAPS),
        *(said for each in _FRAMES for said in (each.opening, each.closing)),
    )
}
