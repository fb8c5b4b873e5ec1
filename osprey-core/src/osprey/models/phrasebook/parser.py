"""From text to a phrase: one rule has to use every word, or the request is not understood."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import tzinfo
from zoneinfo import ZoneInfo

from osprey.models.phrasebook.cautions import without_cautions
from osprey.models.phrasebook.cursor import Ask, Clock, Cursor, Stuck
from osprey.models.phrasebook.finding import take_recall, take_remember, take_search
from osprey.models.phrasebook.forms import closest_forms
from osprey.models.phrasebook.keeping import take_restore_snapshot, take_save_snapshot, take_standing
from osprey.models.phrasebook.loosening import loosened
from osprey.models.phrasebook.moods import Mood, objection, place, take_mood
from osprey.models.phrasebook.phrase_parts import Word
from osprey.models.phrasebook.phrases import Change, Clarification, NotUnderstood, Phrase
from osprey.models.phrasebook.reading import take_compare, take_plot, take_read
from osprey.models.phrasebook.scanning import take_grid, take_measured_scan, take_scan
from osprey.models.phrasebook.stepping import take_given, take_step, take_taken_off
from osprey.models.phrasebook.summing import take_statistics
from osprey.models.phrasebook.tokens import Token, tokenize
from osprey.models.phrasebook.unfinished import change_without_verb, missing_of_change, starts_a_change
from osprey.models.phrasebook.vocabulary import CONDITIONS, CORRECTIONS, INEXACT
from osprey.models.phrasebook.writing import take_command, take_set, take_switch, take_write, take_zero

Rule = Callable[[Cursor], Phrase]

_MEMORY: tuple[Rule, ...] = (take_remember, take_recall)
# A rule of writing begins with a verb that no rule of reading begins with, so their order decides nothing.
_RULES: tuple[Rule, ...] = (
    take_grid,
    take_scan,
    take_measured_scan,
    take_set,
    take_write,
    take_step,
    take_zero,
    take_switch,
    take_command,
    take_taken_off,
    take_given,
    take_restore_snapshot,
    take_save_snapshot,
    take_standing,
    take_compare,
    take_statistics,
    take_plot,
    take_search,
    take_read,
)
_LOOKING: tuple[Rule, ...] = (take_standing, take_compare, take_statistics, take_plot, take_search, take_read)
"""The rules that change nothing: they alone see what a person said around a question said again."""
_LONGEST = 2000
"""Characters of a request; no sentence of the phrasebook comes near it."""
_LONGEST_NOTE = 20_000
"""Characters of what can be remembered."""


def parse(text: str, *, now_ns: int, time_zone: str | tzinfo) -> Phrase | NotUnderstood | Clarification:
    """Understand a request wholly, or say which words were not understood.

    :param now_ns: what `now` and `ago` mean, in nanoseconds since 1970 UTC.
    :param time_zone: the facility's; times of day are read in it.
    """
    clock = Clock(now_ns, ZoneInfo(time_zone) if isinstance(time_zone, str) else time_zone)
    if len(text) > _LONGEST_NOTE:
        return _too_long(text, _LONGEST_NOTE)
    tokens = tokenize(text)
    if not any(char.isalnum() for char in text):
        return NotUnderstood(text=text, message="There is no request.", suggestions=closest_forms(""))
    memory = _first_fit(_MEMORY, text, tokens, clock)
    if not isinstance(memory, Stuck):
        return memory
    if len(text) > _LONGEST:
        return _too_long(text, _LONGEST)
    mood = take_mood(Cursor(text, tokens, clock))
    cautioned = without_cautions(tokens[mood.start : mood.end])
    own = cautioned.tokens
    objected = objection(own)
    if objected:
        return _objected(text, own, objected)
    corrected = _corrected(text, own)
    if corrected is not None:
        return corrected
    looked = _looked(text, own, clock)
    if looked is not None:
        return looked
    found = _first_fit(_LOOKING if cautioned.is_looking_only else _RULES, text, own, clock)
    if isinstance(found, Stuck) and cautioned.is_looking_only:
        return _not_understood(text, own, found)
    if isinstance(found, Stuck):
        return _asked_back(text, own, clock) or _not_understood(text, own, found)
    return _offered(text, own, mood, found)


def _objected(
    text: str, tokens: Sequence[Token], objected: tuple[str, tuple[Word, ...]]
) -> NotUnderstood | Clarification:
    """Refuse; where a change was only said inexactly, ask for the exact words."""
    message, words = objected
    if starts_a_change(tokens) and all(word.text.lower() in INEXACT for word in words):
        is_choice = any(word.text.lower() in CONDITIONS for word in words)
        asked = "Which of them? Ask for one." if is_choice else "To which value exactly, or by how much?"
        return Clarification(text=text, question=f"{message} {asked}")
    return NotUnderstood(text=text, message=message, words=words)


def _corrected(text: str, tokens: Sequence[Token]) -> Clarification | None:
    """Ask which holds where a change takes back a part of itself: ``set VCM02 to 0.2, sorry, 0.3 A``."""
    words = [token.text for token in tokens if token.word in CORRECTIONS]
    if not words or not starts_a_change(tokens):
        return None
    question = f"'{words[0]}' takes back a part of the change. What is to be set? Ask for that alone."
    return Clarification(text=text, question=question)


def _looked(text: str, tokens: Sequence[Token], clock: Clock) -> Phrase | Clarification | None:
    """Read what only looks in the words of the grammar, where a person said it in others; None if nothing was."""
    if starts_a_change(tokens):
        return None
    readings = (_first_fit(_LOOKING, text, said, clock) for said in loosened(tokens))
    return next((found for found in readings if not isinstance(found, Stuck)), None)


def _asked_back(text: str, tokens: Sequence[Token], clock: Clock) -> Clarification | None:
    """Ask for what an unfinished change leaves open, or whether words without a verb are meant as one."""
    question = missing_of_change(Cursor(text, tokens, clock))
    if question:
        return Clarification(text=text, question=question)
    return change_without_verb(Cursor(text, tokens, clock))


def _first_fit(
    rules: Sequence[Rule], text: str, tokens: Sequence[Token], clock: Clock
) -> Phrase | Clarification | Stuck:
    """Give what the first rule makes that uses every token, else where the best of them got stuck."""
    furthest = Stuck(0)
    for rule in rules:
        cursor = Cursor(text, tokens, clock)
        try:
            phrase = rule(cursor)
        except Ask as asked:
            return asked.clarification
        except Stuck as stuck:
            if stuck.index > furthest.index or (stuck.index == furthest.index and not furthest.message):
                furthest = stuck
            continue
        if cursor.at_end:
            return phrase
        if cursor.index > furthest.index:
            furthest = cursor.stuck()
    return furthest


def _too_long(text: str, longest: int) -> NotUnderstood:
    message = f"The request has {len(text)} characters; the phrasebook reads up to {longest}."
    return NotUnderstood(text=text, message=message)


def _not_understood(text: str, tokens: Sequence[Token], stuck: Stuck) -> NotUnderstood:
    words = tuple(place(token) for token in tokens[stuck.index : stuck.end])
    if stuck.message:
        message = f"I did not understand the request: {stuck.message}."
    elif words:
        message = f"I did not understand '{text[words[0].start : words[-1].end]}'."
    else:
        message = "The request ends before it is complete."
    return NotUnderstood(text=text, message=message, words=words, suggestions=closest_forms(text))


def _offered(text: str, tokens: Sequence[Token], mood: Mood, found: Phrase | Clarification) -> Phrase | Clarification:
    """Give the phrase, except that a question about writing is answered with what could be asked for."""
    if mood.is_question and isinstance(found, Change):
        plain = text[tokens[0].start : tokens[-1].end]
        question = "This is a question about a change; nothing was planned. To have it planned, ask for it:"
        return Clarification(text=text, question=question, choices=(plain,))
    return found
