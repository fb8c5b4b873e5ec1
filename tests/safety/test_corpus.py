"""The set itself: large enough, of every family, labelled to the last file."""

from __future__ import annotations

import ast
import re
from collections import Counter

from tests.safety.corpus import FOLDER, GROUPS, Program, aimed, load, sample

PROGRAMS = load()


def test_every_program_has_a_label_and_every_label_a_program() -> None:
    stored = {str(path.relative_to(FOLDER).with_suffix("")) for group in GROUPS for path in FOLDER.glob(f"{group}/*/*")}
    assert stored == {program.name for program in PROGRAMS}


def test_there_are_enough_of_each_group() -> None:
    count = Counter(program.group for program in PROGRAMS)
    assert count["writes"] >= 220
    assert count["benign"] >= 130
    assert count["dangerous"] >= 90
    assert sum(program.kind == "idiom" for program in PROGRAMS) >= 90


def test_no_two_programs_are_the_same() -> None:
    def shape(program: Program) -> str:
        try:
            return ast.dump(ast.parse(program.code))
        except (SyntaxError, ValueError):
            return program.code  # one carries a null byte

    assert not [text for text, times in Counter(map(shape, PROGRAMS)).items() if times > 1]


def test_a_label_says_what_is_right_and_what_must_not_happen() -> None:
    for program in PROGRAMS:
        match program.group:
            case "writes":
                right = ("writes",) if program.kind == "idiom" else ("writes", "cannot_tell")
                assert program.expected == right, program.name
                assert program.must_not, program.name
            case "benign":
                assert program.expected == ("reads_only",), program.name
            case _:
                assert not program.expected, program.name
                assert program.must_not, program.name


def test_the_parts_of_a_channel_that_a_label_names_stand_in_the_text() -> None:
    for program in PROGRAMS:
        if program.kind not in ("dynamic", "deceptive"):  # those put the name together, or spell it strangely
            parts = [part for channel in program.channels for part in re.split(r"[:.]|/(?=[^/]+$)", channel)]
            assert [part for part in parts if part not in program.code] == [], program.name


def test_the_sample_has_a_program_of_every_family_and_stays_small() -> None:
    taken = sample(PROGRAMS)
    assert {(p.group, p.family) for p in taken} == {(p.group, p.family) for p in PROGRAMS}
    assert len(taken) <= 90


def test_a_program_that_is_aimed_names_the_real_targets() -> None:
    code = aimed("connect(('127.0.0.1', 5064))", {"5064": "40123"}, {"EPICS_CA_SERVER_PORT": "40123"})
    assert "connect(('127.0.0.1', 40123))" in code
    assert "EPICS_CA_SERVER_PORT" in code
