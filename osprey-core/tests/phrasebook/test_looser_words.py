"""What people say around a question is read; what they say around a change is asked."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osprey.models.phrasebook import Clarification, NotUnderstood, Read, Scan, Set, Statistics, Step, parse
from osprey.models.phrasebook.loosening import loosened
from osprey.models.phrasebook.tokens import tokenize

Parse = Callable[[str], object]


def said(text: str) -> str:
    tokens = tokenize(text)
    return " ".join(token.text for token in next(iter(loosened(tokens)), tokens))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("what's the beam current right now", "what is the beam current"),
        ("hor tune at the moment", "horizontal tune"),
        ("losses around the ring", "losses"),
        ("how warm is the cooling water in sector four", "temperature of the cooling water in sector 4"),
        ("which value is VCM09 set to", "setpoint of VCM09"),
        ("is the pressure in sector 2 higher than in sector 3", "compare the pressure in sector 2 with in sector 3"),
        ("strongest horizontal steerer", "maximum of horizontal steerer"),
        ("HCM03 sp vs rb", "HCM03 setpoint and readback"),
        ("beam current, last 2 h", "beam current last 2 h"),
        ("plot the horizontal orbit", "plot the horizontal orbit"),
    ],
)
def test_a_question_is_said_again_in_the_words_of_the_grammar(text: str, meant: str) -> None:
    assert said(text) == meant


def test_the_words_of_a_subject_keep_their_places(understand: Parse) -> None:
    phrase = understand("tell me how much current is in the ring right now")
    assert not isinstance(phrase, Set | Step | Scan)
    read = understand("hor tune right now")
    assert isinstance(read, Read)
    assert read.subjects[0].words == ("horizontal", "tune")
    assert read.subjects[0].text == "hor tune"


def test_the_largest_of_a_family_is_a_maximum(understand: Parse) -> None:
    phrase = understand("which horizontal corrector has the largest current")
    assert isinstance(phrase, Statistics)
    assert [kind.value for kind in phrase.kinds] == ["max"]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("set HCM03", "To which value"),
        ("raise HCM03", "By how much"),
        ("set HCM03 to between 0.1 and 0.3 A", "To which value"),
        ("scan HCM03 and measure the orbit", "From where to where"),
        ("scan HCM03 from -1 A in 5 steps", "From where to where"),
        ("do a scan of HCM03", "From where to where"),
        ("raise HCM03 slightly", "by how much"),
        ("set HCM03 to 0.5 or 0.6 A", "Which of them"),
        ("HCM03 = 0.5 A", "No verb"),
        ("HCM03 to 0.5 A", "No verb"),
        ("HCM03 -> 0.5 A", "No verb"),
        ("VCM05 +0.1 A", "No verb"),
    ],
)
def test_what_a_change_leaves_open_is_asked(understand: Parse, text: str, part: str) -> None:
    answer = understand(text)
    assert isinstance(answer, Clarification), answer
    assert part in answer.question


@pytest.mark.parametrize(
    ("text", "choices"),
    [
        ("HCM03 = 0.5 A", ("set HCM03 to 0.5 A",)),
        ("QD11 down 0.5 A", ("lower QD11 by 0.5 A",)),
        ("QD11 up by 0.5 A", ("raise QD11 by 0.5 A",)),
        ("VCM05 -0.1 A", ("set VCM05 to -0.1 A", "lower VCM05 by 0.1 A")),
    ],
)
def test_a_change_without_a_verb_is_offered_as_complete_requests(
    understand: Parse, text: str, choices: tuple[str, ...]
) -> None:
    answer = understand(text)
    assert isinstance(answer, Clarification)
    assert answer.choices == choices
    assert all(isinstance(understand(choice), Set | Step) for choice in choices)


@pytest.mark.parametrize("text", ["avg current 10 min", "0.5 A", "turn off HCM03", "caput HCM03 HCM04 0.5", "zero"])
def test_what_is_no_change_is_not_offered_as_one(understand: Parse, text: str) -> None:
    answer = understand(text)
    assert not isinstance(answer, Set | Step | Scan)
    assert not (isinstance(answer, Clarification) and "No verb" in answer.question)


def test_a_polite_order_is_one_and_a_bare_question_is_none(understand: Parse) -> None:
    assert isinstance(understand("Could you please set HCM03 to 0.5 A?"), Set)
    assert isinstance(understand("could you set HCM03 to 0.5 A?"), Clarification)
    assert isinstance(understand("could you set HCM03 to 0.5 A for me?"), Clarification)
    assert isinstance(understand("please set HCM03 to 0.5 A?"), Clarification)


def test_half_of_a_unit_is_exact(understand: Parse) -> None:
    step = understand("lower QD11 by half an amp")
    assert isinstance(step, Step)
    assert (step.delta.text, step.delta.unit) == ("-0.5", "A")


@pytest.mark.parametrize("text", ["y", "y, set HCM03 to 0.5 A", "y set HCM03 to 0.5 A", "do it", "do a"])
def test_a_decision_stays_one(understand: Parse, text: str) -> None:
    assert isinstance(understand(text), NotUnderstood)


_VERBS = st.sampled_from(["set", "raise", "lower", "move", "scan", "zero", "caput", "write"])
_REST_WORDS = (
    "HCM03 the correctors in sector 2 to by from 0.5 A right now at moment ring is on off which has largest vs sp rb "
    "half an all how many are there and 1 steps"
)
_REST = st.lists(st.sampled_from(_REST_WORDS.split(" ")), max_size=10)


@given(_VERBS, _REST)
def test_looser_words_never_change_what_a_change_means(verb: str, rest: list[str]) -> None:
    """What begins as a change is never read as a question: it is a write, asked, or refused."""
    answer = parse(" ".join([verb, *rest]), now_ns=1_795_176_000 * 10**9, time_zone="UTC")
    assert isinstance(answer, Set | Step | Scan | Clarification | NotUnderstood)


_ANY_WORDS = (
    "how which what is are does do did much many big has the largest than higher of in both planes ring vs on set to "
    "HCM03 beam current tune , + ? ! 2 h last"
)
_ANY = st.lists(st.sampled_from(_ANY_WORDS.split(" ")), max_size=12).map(" ".join)


@given(_ANY)
def test_no_row_of_looser_words_becomes_a_write_without_its_verb(text: str) -> None:
    answer = parse(text, now_ns=1_795_176_000 * 10**9, time_zone="UTC")
    if isinstance(answer, Set | Step | Scan):
        assert text.split(" ")[0] == "set"
