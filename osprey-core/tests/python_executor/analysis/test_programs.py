"""Small programs, each of one idea, and what has to be said of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from osprey.services.python_executor.analysis import Verdict, analyse

PROGRAMS = Path(__file__).with_name("programs")


def programs(family: str) -> list[Any]:
    text = (PROGRAMS / f"{family}.txt").read_text(encoding="utf-8")
    parts = [part.partition("\n") for part in text.split("=== ")[1:]]
    return [pytest.param(code, id=name) for name, _, code in parts]


@pytest.mark.parametrize("code", programs("libraries_that_write"))
def test_a_library_that_writes_is_found(code):
    assert analyse(code).verdict is Verdict.WRITES


@pytest.mark.parametrize("code", programs("flow_to_a_write"))
def test_a_write_is_followed_through_the_program(code):
    assert analyse(code).verdict is Verdict.WRITES


@pytest.mark.parametrize("code", programs("not_to_be_told"))
def test_what_cannot_be_seen_is_never_taken_for_reading(code):
    assert analyse(code).verdict is not Verdict.READS_ONLY


@pytest.mark.parametrize("code", programs("harmless"))
def test_a_harmless_program_raises_no_alarm(code):
    found = analyse(code)
    assert found.verdict is Verdict.READS_ONLY, found
