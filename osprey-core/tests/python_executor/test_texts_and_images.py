"""What is looked at before a run, and what is let through after it."""

from __future__ import annotations

import contextlib
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osprey.services.python_executor.analysis import check_text
from osprey.services.python_executor.models import RunStatus
from osprey.services.python_executor.png import PngError, clean_png
from osprey.services.python_executor.schema import find_fault


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("x = 1\ny = (\n", 2),
        ("x = 1\n# \u202e comment", 2),
        ("a\u200b = 1", 1),
        ("x = 1  # note\rimport os", 1),
        ("x = 1\x0cy = 2", 1),
        ("x = '\x1b[2J'", 1),
        ("# coding: utf-7\nx = 1", 1),
        ("x = 1" + " " * 1200 + "; import os", 1),
        ("x = '\ud800'", 1),
    ],
)
def test_a_text_that_is_broken_or_deceives_is_not_run(code, line):
    finding = check_text(code)
    assert finding is not None
    assert finding.line == line


@pytest.mark.parametrize("code", ["", "x = 'µm β ≥'\n", "# -*- coding: utf-8 -*-\nx = 1\n", "\tx = 1".strip()])
def test_an_honest_text_is_run(code):
    assert check_text(code) is None


@given(st.text(max_size=200))
def test_any_text_is_judged_without_an_exception(code):
    check_text(code)


@pytest.mark.sandbox
def test_a_rejected_text_names_its_line(run):
    outcome = run("x = 1\nif x\n")
    assert outcome.status is RunStatus.REJECTED
    assert outcome.error_line == 2
    assert outcome.tier == ""


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


HEADER = chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0))
PIXELS = chunk(b"IDAT", zlib.compress(b"\0" * 14))
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def test_an_image_loses_everything_that_does_not_draw():
    dirty = SIGNATURE + HEADER + chunk(b"tEXt", b"Comment\0<script>") + PIXELS + chunk(b"IEND", b"") + b"tail"
    assert clean_png(dirty) == SIGNATURE + HEADER + PIXELS + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a",
        SIGNATURE,
        SIGNATURE + HEADER,
        SIGNATURE + PIXELS + chunk(b"IEND", b""),
        SIGNATURE + HEADER + PIXELS[:-1] + b"\0" + chunk(b"IEND", b""),
        SIGNATURE + chunk(b"IHDR", struct.pack(">IIBBBBB", 50000, 50000, 8, 2, 0, 0, 0)) + chunk(b"IEND", b""),
    ],
)
def test_what_is_no_image_is_refused(data):
    with pytest.raises(PngError):
        clean_png(data)


@given(st.binary(max_size=200))
def test_any_bytes_are_judged_without_another_exception(data):
    with contextlib.suppress(PngError):
        clean_png(SIGNATURE + data)


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"op": "approve"},
        {"op": 1},
        {"op": "read"},
        {"op": "read", "channels": [], "line": 1},
        {"op": "read", "channels": ["A"], "line": 1, "more": 1},
        {"op": "read", "channels": ["A\n"], "line": None},
        {"op": "read", "channels": "A", "line": None},
        {"op": "write", "items": [{"channel": "A", "value": float("inf"), "unit": None}], "line": 1},
        {"op": "write", "items": [{"channel": "A", "value": {"a": 1}, "unit": None}], "line": 1},
        {"op": "write", "items": [{"channel": "A", "value": [[1]], "unit": None}], "line": 1},
        {"op": "write", "items": [{"channel": "A", "value": 2**64, "unit": None}], "line": 1},
        {"op": "write", "items": [{"channel": "", "value": 1, "unit": None}], "line": 1},
        {"op": "sleep", "seconds": -1},
        {"op": "sleep", "seconds": True},
        {"op": "archive", "channels": ["A"], "start_ns": 1.5, "end_ns": 2, "max_points": 3, "line": 1},
    ],
)
def test_a_request_of_another_form_is_a_fault(request_):
    assert find_fault(request_)


def test_a_request_of_the_right_form_is_none():
    item = {"channel": "A", "value": [1, 2.5, "x", True], "unit": "mA"}
    assert find_fault({"op": "write", "items": [item], "line": None}) == ""


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from(["op", "items", "channels", "line", "seconds"]), json_values))
def test_any_request_is_judged_without_an_exception(request_):
    find_fault(request_)
