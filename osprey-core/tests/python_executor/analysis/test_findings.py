"""What is told beside the verdict: channels, lines, reasons, dangers, deception."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osprey.services.python_executor.analysis import Verdict, analyse


def channels(code: str) -> list[tuple[int, str | None]]:
    return [(access.line, access.channel) for access in analyse(code).writes]


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import epics\nepics.caput('A:SP', 1)", [(2, "A:SP")]),
        ("import epics\npv = epics.PV('A:SP')\n\npv.value = 2", [(4, "A:SP")]),
        ("import epics\nfor n in ['A', 'B']:\n    epics.caput(n, 1)", [(3, "A, B")]),
        ("import epics\nfor i in range(1, 3):\n    epics.caput(f'Q{i:02d}:SP', 1)", [(3, "Q01:SP, Q02:SP")]),
        ("import epics\ndef f(n):\n    epics.caput(f'Q{n}:SP', 1)", []),
        ("import epics, sys\nn = sys.argv[1]\nepics.caput(f'Q{n}:SP', 1)", [(3, "Q{n}:SP")]),
        ("import epics\nfor n in ['A', 'B']:\n    epics.caput(n + ':SP', 1)", [(3, "A:SP, B:SP")]),
        ("from osprey.runtime import write_channels\nwrite_channels({'A': 1, 'B': 2})", [(2, "A, B")]),
        ("import tango\ntango.DeviceProxy('a/b/c').current = 1", [(2, "a/b/c/current")]),
        ("import tango\ntango.DeviceProxy('a/b/c').write_attribute('x', 1)", [(2, "a/b/c/x")]),
        ("from epics import Device\nd = Device('A:')\nd.SP = 1", [(3, "A:SP")]),
    ],
)
def test_channels_are_named_where_they_are_simply_derived(code, told):
    assert channels(code) == told


def test_a_write_in_a_constant_text_stands_at_the_line_that_runs_it():
    assert channels("x = 1\nexec('import epics\\nepics.caput(\"A\", 1)')") == [(2, "A")]


def test_a_write_that_nothing_calls_is_told_and_no_alarm():
    found = analyse("import epics\ndef never():\n    epics.caput('A', 1)\nresults = {}")
    assert found.verdict is Verdict.READS_ONLY
    assert [access.channel for access in found.unused] == ["A"]


def test_a_function_that_may_be_called_by_a_worked_out_name_counts_as_called():
    found = analyse("import epics, sys\ndef go():\n    epics.caput('A', 1)\nglobals()[sys.argv[1]]()")
    assert found.verdict is Verdict.WRITES


@pytest.mark.parametrize(
    ("code", "danger_kind"),
    [
        ("import os\nos.system('ls')", "processes"),
        ("import socket\nsocket.create_connection(('h', 1))", "network"),
        ("import ctypes\nctypes.CDLL('x')", "native code"),
        ("import pickle\npickle.loads(b'')", "deserialisation"),
        ("import shutil\nshutil.rmtree('x')", "deletion"),
        ("open('/etc/passwd')", "files outside"),
        ("open('.env')", "secrets"),
        ("while True:\n    pass", "resources"),
        ("import threading\nwhile True:\n    threading.Thread(target=print).start()", "resources"),
        ("x = 10 ** 10 ** 10", "resources"),
        ("x = [0] * 10 ** 9", "resources"),
        ("import numpy as np\nx = np.zeros((100000, 100000))", "resources"),
        ("import requests\nrequests.get('http://h')", "network"),
        ("import signal\nsignal.signal(1, 2)", "tampering"),
        ("open('x.py', 'w')", "hidden code"),
    ],
)
def test_a_danger_is_named(code, danger_kind):
    assert danger_kind in {danger.kind for danger in analyse(code).dangers}


@pytest.mark.parametrize(
    "code",
    [
        "while True:\n    if x():\n        break",
        "import time\nwhile True:\n    time.sleep(1)",
        "x = 2 ** 10",
        "x = [0] * 1000",
        "open('orbit.csv', 'w')",
    ],
)
def test_what_is_usual_is_no_danger(code):
    assert not analyse(code).dangers


@pytest.mark.parametrize(
    ("source", "trick"),
    [
        ("x = 1  # \u202e abc", "character"),
        ("x = 1 # a\rimport os", "character"),
        ("x = 1\x0c\ny = 2", "character"),
        ("c\u0430put = 1", "lookalike"),
        ("\uff45xec = 1", "lookalike"),
        ("x = 1" + " " * 150 + "; y = 2", "far right"),
        ("x = 1\n" + "\n" * 60 + "y = 2", "blank lines"),
        ("# coding: utf-7\nx = 1", "encoding"),
        (b"# -*- coding: latin-1 -*-\nx = 1", "encoding"),
        (b"x = '\xff'", "encoding"),
    ],
)
def test_deceptive_text_is_named_and_cannot_be_told(source, trick):
    found = analyse(source)
    assert trick in {remark.kind for remark in found.deceptive}
    assert found.verdict is Verdict.CANNOT_TELL


@pytest.mark.parametrize("code", ["σ_x = 1\nΔν = 2\nµ = 3", "x = 'déjà vu – 5 µm'", "x = 1\r\ny = 2", "\ufeffx = 1"])
def test_the_symbols_of_the_field_deceive_nobody(code):
    assert not analyse(code).deceptive


def test_a_write_is_found_behind_what_deceives():
    found = analyse("x = 1  # note\rimport epics\repics.caput('A', 1)")
    assert found.verdict is Verdict.WRITES
    assert found.deceptive


def test_letters_that_python_normalises_are_read_as_python_reads_them():
    assert analyse("import epics\nepics.ｃaput('A', 1)").verdict is Verdict.WRITES


def test_a_text_that_does_not_parse_cannot_be_told_and_names_its_line():
    found = analyse("x = 1\ny = (\n")
    assert found.verdict is Verdict.CANNOT_TELL
    assert [(doubt.line, doubt.kind) for doubt in found.doubts] == [(2, "syntax")]


def test_missing_results_are_told():
    assert not analyse("x = 1").sets_results
    assert analyse("results = {}").sets_results


def test_a_program_that_is_too_intricate_cannot_be_told():
    code = "import epics\n" + "x = " + "(" * 90 + "1" + ")" * 90
    code += "\nf = lambda: 0\n" + "\n".join(f"x = lambda f=x: f()({i})" for i in range(2000)) + "\ngetattr(epics, x)()"
    assert analyse(code).verdict is Verdict.CANNOT_TELL


def test_a_defect_of_the_analyser_is_a_doubt(monkeypatch):
    from osprey.services.python_executor.analysis import run

    monkeypatch.setattr(run.Run, "evaluate", lambda *_: 1 / 0)
    found = analyse("x = 1")
    assert found.verdict is Verdict.CANNOT_TELL
    assert found.doubts[0].kind == "analyzer"


WORDS = st.sampled_from(
    ["epics", "pv", "x", ".", "(", ")", "=", "\n", "    ", "import ", "def f(a):", "for ", " in ", "[", "]", "'A'", ",",
     "lambda a: ", "*", "**", "caput", "class K:", "return ", "yield ", "self", "{", "}", ":", "1", "getattr", "exec"]
)  # fmt: skip


@given(st.lists(WORDS, max_size=30).map("".join))
def test_any_text_gets_a_verdict(code):
    assert analyse(code).verdict in Verdict
