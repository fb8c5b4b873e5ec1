"""Sets and run files: what is read, and what each mistake is told."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from osprey.config import InvalidConfigError
from osprey.errors import UsageError
from osprey.evaluation.expectations import Ending, Kind
from osprey.evaluation.places import locate
from osprey.evaluation.sets import read_set

from .conftest import SET, Bench


def test_a_phrasing_is_an_entry_of_its_meaning(bench: Bench) -> None:
    entries = bench.read().entries
    assert [entry.id for entry in entries] == ["set-bend.1", "set-bend.2", "field.1", "field.2", "weather.1"]
    assert entries[3].tags == ("terse",)
    assert entries[3].kind is Kind.READ


def test_an_alternative_takes_over_what_stands_beside_it(bench: Bench) -> None:
    bench.write("""
equivalents: [{wanted: [channel_read], got: [python]}]
meanings:
- id: one
  kind: read
  expect:
    channels: ['HALL:FIELD']
    any_of: [{capabilities: [channel_read]}, {status: asks, channels: []}]
  phrasings: [hello]
""")
    first, equivalent, second = read_set(bench.folder / "set.yml").entries[0].outcomes
    assert first.capabilities == ("channel_read",)
    assert equivalent.capabilities == ("python",)
    assert first.channels == equivalent.channels == ("HALL:FIELD",)
    assert (second.endings, second.channels) == ((Ending.ASKS,), ())


@pytest.mark.parametrize(
    ("expect", "told"),
    [
        ("{statsu: done}", "unknown key 'statsu'"),
        ("{status: fine}", "status"),
        ("{writes: {A: {by: 1, times: 2}}}", "give one of by, times, steps and steps_by"),
        ("{writes: {A: {}}}", "give one of by"),
        ("{writes: {A: up}}", "writes"),
        ("{figures: [{within: 1}]}", "give a number as near, or a channel"),
        ("{figures: [{near: 1, within: -1}]}", "a tolerance of 0 or more"),
        ("{span: {day: tomorrow, since: '08:00', until: '09:00'}}", "none of today and yesterday"),
        ("{span: {day: today, since: '8', until: '25:00'}}", "no time of a day"),
        ("{span: {day: today}}", "give last_s, or all of day"),
        ("{any_of: [{span: {}}]}", "give last_s"),
    ],
)
def test_a_wrong_expectation_is_told_with_its_line(
    bench: Bench, one_meaning: Callable[[str], str], expect: str, told: str
) -> None:
    bench.write(one_meaning(expect))
    with pytest.raises(InvalidConfigError, match=told) as raised:
        bench.read()
    assert "line 5" in str(raised.value)


@pytest.mark.parametrize(
    ("requests", "told"),
    [
        ("meanings: []", "there is no request"),
        ("meanings:\n- {id: a b, kind: read, expect: {}, phrasings: [x]}", "is no id"),
        (SET + SET.partition("meanings:\n")[2], "stands twice"),
        ("meanings:\n- {id: a, kind: read, expect: {}, phrasings: []}", "in one way at least"),
        ("meanings:\n- {id: a, kind: read, expect: {}, phrasings: [' ']}", "a request without words"),
        ("meanings:\n- {id: a, kind: read, expect: {}, phrasings: [{tags: [x]}]}", "the text, or the turns"),
        ("meanings:\n- {id: a, kind: reed, expect: {}, phrasings: [x]}", "reed"),
        ("meanings: [", "not valid YAML"),
    ],
)
def test_a_wrong_set_is_told(bench: Bench, requests: str, told: str) -> None:
    bench.write(requests)
    with pytest.raises(InvalidConfigError, match=told):
        bench.read()


@pytest.mark.parametrize(
    ("run", "told"),
    [
        ("{}", "set: is required"),
        ("set: set.yml\nrepetitions: 0", "line 2.*give 1 or more"),
        ("set: set.yml\nrepetitoins: 2", "unknown key 'repetitoins'"),
        ("set: nowhere.yml", "there is no file"),
        ("set: no_such_package:set.yml", "pip install no-such-package"),
        ("set: set.yml\nselect: {ids: [fild]}", "does not know the id 'fild'"),
        ("set: set.yml\nselect: {tags: [chatty]}", "does not know the tag 'chatty'"),
        ("set: set.yml\nselect: {kinds: [scan]}", "takes none of the 5 requests"),
        ("set: set.yml\nproject: elsewhere", "has no config.yml"),
    ],
)
def test_a_wrong_run_file_is_told(bench: Bench, run: str, told: str) -> None:
    bench.write(run=run)
    with pytest.raises((InvalidConfigError, UsageError), match=f"(?s){told}"):
        bench.read()


def test_a_selection_takes_what_fits_all_of_it(bench: Bench) -> None:
    bench.write(run="set: set.yml\nselect: {ids: [field, set-bend.2], kinds: [read]}")
    assert [entry.id for entry in bench.read().entries] == ["field.1", "field.2"]


def test_a_file_of_a_package_stays_within_it() -> None:
    assert locate("osprey:py.typed").is_file()
    with pytest.raises(UsageError, match="within the package"):
        locate("osprey:../secrets.yml")
