"""The phrasebook: what operators ask, as a documented grammar, from text to typed phrases.

`parse` takes a request wholly or says which words it did not understand; it never guesses. The grammar is
written down, with tested examples, in ``docs/reference/phrasebook.md``.
"""

from osprey.models.phrasebook.forms import FORMS, closest_forms
from osprey.models.phrasebook.parser import parse
from osprey.models.phrasebook.phrases import (
    Amount,
    Assignment,
    Clarification,
    Compare,
    CompareThen,
    History,
    Moment,
    NotUnderstood,
    Phrase,
    Plot,
    Read,
    ReadThen,
    Recall,
    Remember,
    Role,
    Scan,
    Search,
    Set,
    Span,
    Statistic,
    Statistics,
    Step,
    Subject,
    Word,
)
from osprey.models.phrasebook.spans import parse_span
from osprey.models.phrasebook.synonyms import implied, is_plural, stem, usual_meaning
from osprey.models.phrasebook.units import UnitMismatchError, convert, find_unit, similar_units

__all__ = [
    "FORMS",
    "Amount",
    "Assignment",
    "Clarification",
    "Compare",
    "CompareThen",
    "History",
    "Moment",
    "NotUnderstood",
    "Phrase",
    "Plot",
    "Read",
    "ReadThen",
    "Recall",
    "Remember",
    "Role",
    "Scan",
    "Search",
    "Set",
    "Span",
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
