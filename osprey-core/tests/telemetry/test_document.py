"""Spans as an OTLP document: its JSON and its protobuf say the same, whatever stands in a span."""

from __future__ import annotations

import json
import math
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from osprey.cli.root import osprey
from osprey.sessions import Span
from osprey.telemetry import TurnSpans, otlp_document
from osprey.telemetry.wire import connection_to, to_protobuf

from .collector import plain

VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers(), max_size=3)


def one(span: Span, turn: str = "t.1") -> dict[str, Any]:
    document = otlp_document(TurnSpans(thread="t", turn=turn, spans=[span]))
    return document["resourceSpans"][0]["scopeSpans"][0]["spans"][0]


def span(**more: Any) -> Span:
    return Span(**{"id": "a" * 16, "parent": "", "name": "n", "begun_ns": 1, "ended_ns": 2, "status": "ok", **more})


@given(
    st.builds(
        Span, id=st.text(), parent=st.text(), name=st.text(), begun_ns=st.integers(0, 2**63), status=st.text(),
        ended_ns=st.integers(0, 2**63), about=st.dictionaries(st.text(), VALUES, max_size=4),
    )
)  # fmt: skip
def test_whatever_stands_in_a_span_it_can_be_sent_and_written(made: Span) -> None:
    document = otlp_document(TurnSpans(thread="t", turn="t.1", spans=[made]))
    json.dumps(document, allow_nan=False)
    [sent] = ExportTraceServiceRequest.FromString(to_protobuf(document)).resource_spans[0].scope_spans[0].spans
    assert (len(sent.trace_id), len(sent.span_id)) == (16, 8)
    assert any(sent.span_id)
    assert len(sent.parent_span_id) == (8 if made.parent else 0)
    assert sent.start_time_unix_nano == made.begun_ns


def test_values_keep_their_kind() -> None:
    about = {"a": True, "b": 3, "c": 0.5, "d": "e", "f": [1], "g": 2**70, "h": math.inf, "i": None}
    sent = ExportTraceServiceRequest.FromString(
        to_protobuf(otlp_document(TurnSpans(thread="t", turn="t.1", spans=[span(about=about)])))
    )
    found = plain(sent.resource_spans[0].scope_spans[0].spans[0].attributes)
    told = {name.removeprefix("osprey."): value for name, value in found.items()}
    assert told == {
        "thread": "t", "turn": "t.1", "status": "ok",
        "a": True, "b": 3, "c": 0.5, "d": "e", "f": "[1]", "g": str(2**70), "h": "inf", "i": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("status", "code"), [("ok", 1), ("done", 1), ("waiting", None), ("refused", None), ("failed", 2), ("OSError", 2)]
)
def test_a_fault_is_one_and_a_refusal_is_none(status: str, code: int | None) -> None:
    assert one(span(status=status))["status"].get("code") == code


def test_the_runs_of_a_turn_are_one_trace_and_turns_are_several() -> None:
    assert one(span(id="b" * 16))["traceId"] == one(span())["traceId"]
    assert one(span(), turn="t.2")["traceId"] != one(span())["traceId"]


@pytest.mark.parametrize(
    ("endpoint", "kind", "place"),
    [
        ("http://127.0.0.1:4318", HTTPConnection, ("127.0.0.1", 4318)),
        ("http://[::1]", HTTPConnection, ("::1", 80)),
        ("https://[fe80::1]:4318/otlp", HTTPSConnection, ("fe80::1", 4318)),
        ("https://collector.example", HTTPSConnection, ("collector.example", 443)),
    ],
)
def test_an_endpoint_is_reached_where_and_as_it_says(endpoint: str, kind: type, place: tuple[str, int]) -> None:
    connection = connection_to(endpoint, timeout_s=1)
    assert type(connection) is kind
    assert (connection.host, connection.port) == place


def test_the_trace_of_a_turn_is_exported_to_a_file(tmp_path: Path) -> None:
    (tmp_path / "config.yml").write_text("telemetry: {service_name: ours}", encoding="utf-8")
    base = ["--project", str(tmp_path)]
    thread = json.loads(CliRunner().invoke(osprey, [*base, "ask", "--json", "what is the beam current"]).stdout)[
        "thread"
    ]
    file = tmp_path / "trace.json"
    done = CliRunner().invoke(osprey, [*base, "trace", "show", thread, "--json", "--export", str(file)])
    shown = json.loads(done.stdout)["spans"]
    written = json.loads(file.read_text(encoding="utf-8"))
    spans = written["resourceSpans"][0]["scopeSpans"][0]["spans"]
    assert [(s["spanId"], s.get("parentSpanId", "")) for s in spans] == [(s["id"], s["parent"]) for s in shown]
    assert written["resourceSpans"][0]["resource"]["attributes"] == [
        {"key": "service.name", "value": {"stringValue": "ours"}}
    ]
    assert f"wrote {file}" in done.stderr


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.yml").write_text("", encoding="utf-8")
    base = ["--project", str(tmp_path)]
    thread = json.loads(CliRunner().invoke(osprey, [*base, "ask", "--json", "what is the beam current"]).stdout)[
        "thread"
    ]
    done = CliRunner().invoke(osprey, [*base, "trace", "show", thread, "--export", str(tmp_path / "no/trace.json")])
    assert "cannot be written" in str(done.exception)
