"""A place in a row of tokens, with the few moves that the grammar needs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import tzinfo

from attrs import frozen

from osprey.models.phrasebook.phrases import Clarification
from osprey.models.phrasebook.tokens import Kind, Token


@frozen
class Clock:
    """What 'now' and '08:00' mean."""

    now_ns: int
    zone: tzinfo


class Stuck(Exception):  # noqa: N818 - not an error of the program: this rule does not fit from here on
    """The rule does not fit; `index` is the first token that it could not use."""

    def __init__(self, index: int, message: str = "", end: int | None = None) -> None:
        super().__init__(message)
        self.index = index
        self.message = message
        self.end = end


class Ask(Exception):  # noqa: N818 - carries a question to the parser's border
    """The rule fits, but what it means has to be asked."""

    def __init__(self, clarification: Clarification) -> None:
        super().__init__(clarification.question)
        self.clarification = clarification


class Cursor:
    """Moves over the tokens of one request."""

    def __init__(self, text: str, tokens: Sequence[Token], clock: Clock) -> None:
        self.text = text
        self.tokens = tokens
        self.clock = clock
        self.index = 0

    @property
    def at_end(self) -> bool:
        return self.index >= len(self.tokens)

    def peek(self, ahead: int = 0) -> Token | None:
        """Give a token without moving; None past the end."""
        place = self.index + ahead
        return self.tokens[place] if place < len(self.tokens) else None

    def word(self, ahead: int = 0) -> str:
        """Give the lower-case word at a place; empty if there is none."""
        token = self.peek(ahead)
        return token.word if token else ""

    def is_kind(self, *kinds: Kind, ahead: int = 0) -> bool:
        token = self.peek(ahead)
        return token is not None and token.kind in kinds

    def next(self) -> Token:
        """Take one token."""
        token = self.peek()
        if token is None:
            raise Stuck(self.index, "the sentence ends too early")
        self.index += 1
        return token

    def take(self, options: Iterable[str]) -> str | None:
        """Take one of the phrases (words joined by blanks), the longest that fits; None if none does."""
        for option in sorted(options, key=len, reverse=True):
            words = option.split()
            if all(self.word(ahead) == word for ahead, word in enumerate(words)):
                self.index += len(words)
                return option
        return None

    def take_one(self, words: Collection[str]) -> str | None:
        """Take the next word if it is one of a set."""
        word = self.word()
        if word and word in words:
            self.index += 1
            return word
        return None

    def expect(self, *options: str) -> str:
        """Take one of the phrases."""
        found = self.take(options)
        if found is None:
            raise self.stuck()
        return found

    def skip(self, words: Collection[str]) -> None:
        """Go over any number of words of a set."""
        while self.take_one(words):
            pass

    def take_kind(self, kind: Kind) -> Token | None:
        """Take the next token if it is of a kind."""
        return self.next() if self.is_kind(kind) else None

    def take_symbol(self, text: str) -> bool:
        token = self.peek()
        if token is None or token.kind is not Kind.SYMBOL or token.text != text:
            return False
        self.index += 1
        return True

    def stuck(self, message: str = "") -> Stuck:
        """Make the exception for 'this rule does not fit from here on'."""
        return Stuck(self.index, message)

    def written(self, first: int) -> str:
        """Give the text from token `first` up to here, as written."""
        if first >= self.index:
            return ""
        return self.text[self.tokens[first].start : self.tokens[self.index - 1].end]

    def replaced(self, first: int, by: str, end: int | None = None) -> str:
        """Give the whole request with the tokens from `first` up to here (or to `end`) replaced."""
        start, stop = self.tokens[first].start, self.tokens[(end or self.index) - 1].end
        return f"{self.text[:start]}{by}{self.text[stop:]}"
