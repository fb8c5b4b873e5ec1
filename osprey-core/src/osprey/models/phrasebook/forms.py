"""The forms that the phrasebook knows, in the words that help a person on."""

from __future__ import annotations

import difflib

FORMS = (
    "what is <subject>",
    "what was <subject> <time> ago",
    "compare <subject> with <subject>",
    "compare <subject> now with <time> ago",
    "plot <subject>",
    "plot <subject> over the last <time>",
    "mean and spread of <subject> over the last <time>, with a plot",
    "set <device> to <number> <unit>",
    "raise <devices> by <number> <unit> and show <subject> before and after",
    "lower <devices> by <number> <unit>",
    "scan <device> from <number> to <number> <unit> in <n> steps and measure <subject>",
    "which channels measure <subject> in sector <n>",
    "find <subject>",
    "remember that <text>",
    "what do you remember about <text>",
)


def closest_forms(text: str, limit: int = 3) -> tuple[str, ...]:
    """Give the forms whose fixed words are most like those of `text`."""
    words = text.lower().split()[:40]

    def likeness(form: str) -> float:
        fixed = [word for word in form.replace(",", "").split() if not word.startswith("<")]
        hits = sum(1.0 for word in fixed if difflib.get_close_matches(word, words, 1, 0.8))
        starts = 1.0 if words and difflib.get_close_matches(fixed[0], words[:1], 1, 0.7) else 0.0
        return hits / len(fixed) + starts

    ranked = sorted(FORMS, key=likeness, reverse=True)
    liked = [form for form in ranked if likeness(form) > 0.3][:limit]
    return tuple(liked) or (FORMS[0], FORMS[4], FORMS[7])
