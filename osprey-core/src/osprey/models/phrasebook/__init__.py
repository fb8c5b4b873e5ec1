"""The phrasebook: what operators ask, as a documented grammar, from text to typed phrases.

`parse` takes a request wholly or says which words it did not understand; it never guesses. The grammar is
written down, with tested examples, in ``docs/reference/phrasebook.md``.
"""

from osprey.models.phrasebook.forms import FORMS, closest_forms
from osprey.models.phrasebook.parser import parse
from osprey.models.phrasebook.phrase_parts import Amount, Moment, Role, Span, Statistic, Subject, Word
from osprey.models.phrasebook.phrases import (
    Assignment,
    Change,
    Clarification,
    Compare,
    CompareThen,
    GridScan,
    History,
    NotUnderstood,
    Phrase,
    Plot,
    Read,
    ReadThen,
    Recall,
    Remember,
    RestoreSnapshot,
    SaveSnapshot,
    Scan,
    ScanAxis,
    Search,
    Set,
    Standing,
    Statistics,
    Step,
)
from osprey.models.phrasebook.spans import parse_span
from osprey.models.phrasebook.synonyms import implied, is_plural, stem, usual_meaning
from osprey.models.phrasebook.units import UnitMismatchError, convert, find_unit, similar_units
from osprey.models.phrasebook.vocabulary import STATISTIC_PHRASES

__all__ = [
    "FORMS",
    "STATISTIC_PHRASES",
    "Amount",
    "Assignment",
    "Change",
    "Clarification",
    "Compare",
    "CompareThen",
    "GridScan",
    "History",
    "Moment",
    "NotUnderstood",
    "Phrase",
    "Plot",
    "Read",
    "ReadThen",
    "Recall",
    "Remember",
    "RestoreSnapshot",
    "Role",
    "SaveSnapshot",
    "Scan",
    "ScanAxis",
    "Search",
    "Set",
    "Span",
    "Standing",
    "Statistic",
    "Statistics",
    "Step",
    "Subject",
    "UnitMismatchError",
    "Word",
    "closest_forms",
    "convert",
    "find_unit",
    "implied",
    "is_plural",
    "parse",
    "parse_span",
    "similar_units",
    "stem",
    "usual_meaning",
]
