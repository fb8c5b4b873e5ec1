"""A fixed clock for the tests of the phrasebook: Friday 2026-11-20, 13:00 in Berlin."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from osprey.models.phrasebook import Clarification, NotUnderstood, Phrase, parse

NOW_NS = 1_795_176_000 * 10**9

Parse = Callable[[str], Phrase | NotUnderstood | Clarification]


@pytest.fixture
def understand() -> Parse:
    return lambda text: parse(text, now_ns=NOW_NS, time_zone="Europe/Berlin")
