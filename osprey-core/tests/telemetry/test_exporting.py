"""The spans of a turn reach a collector as they were recorded, and a collector that fails changes nothing."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from click.testing import CliRunner

from osprey.agent.session import open_agent
from osprey.cli.root import osprey
from osprey.config import load_config
from osprey.errors import ConfigError
from osprey.project import Project, open_project
from osprey.sessions import Span, TurnStatus, traces_of
from osprey.telemetry import export_spans
from osprey.telemetry.exporting import TraceExporter

from .collector import Collector, collecting, plain

pytestmark = pytest.mark.anyio
QUESTION = "what do you remember about tea"
BENCH = "control_system: {default_target: bench, targets: {bench: {connector: mock, posture: simulation}}}\n"
SPAN = Span(id="00000000000000aa", parent="", name="turn", begun_ns=1, ended_ns=2, status="done")


def opened(folder: Path, telemetry: str) -> Project:
    (folder / "config.yml").write_text(f"{BENCH}telemetry: {telemetry}\n", encoding="utf-8")
    return open_project(folder)


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.name.startswith("osprey.telemetry")]


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a collector that takes a connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


async def test_the_spans_of_a_turn_arrive_as_they_are_stored(tmp_path: Path, collector: Collector) -> None:
    settings = f"{{otlp_endpoint: '{collector.url}', service_name: the ring, headers: {{X-Lab: key-of-the-lab}}}}"
    async with opened(tmp_path, settings) as project, open_agent(project) as agent:
        result = await agent.ask(QUESTION)
        stored = await traces_of(project).of(result.turn)
    assert result.status is TurnStatus.DONE
    assert stored
    assert collector.paths == ["/v1/traces"]
    assert collector.headers[0]["x-lab"] == "key-of-the-lab"
    assert collector.headers[0]["content-type"] == "application/x-protobuf"
    [resource] = collector.requests[0].resource_spans
    assert plain(resource.resource.attributes) == {"service.name": "the ring"}
    arrived = {span.span_id.hex(): span for span in collector.spans()}
    assert len({span.trace_id for span in arrived.values()}) == 1
    assert {span.id for span in stored} == set(arrived)
    for span in stored:
        sent = arrived[span.id]
        assert (sent.name, sent.parent_span_id.hex()) == (span.name, span.parent)
        assert (sent.start_time_unix_nano, sent.end_time_unix_nano) == (span.begun_ns, span.ended_ns)
        assert plain(sent.attributes)["osprey.turn"] == result.turn
        assert plain(sent.attributes)["osprey.thread"] == result.thread


@pytest.mark.parametrize(
    ("path", "wanted"),
    [("/", "/v1/traces"), ("/otlp", "/otlp/v1/traces"), ("/v1/traces/", "/v1/traces"), ("?a=b", "/v1/traces?a=b")],
)
async def test_the_path_of_otlp_is_added_where_it_is_missing(
    tmp_path: Path, collector: Collector, path: str, wanted: str
) -> None:
    async with opened(tmp_path, f"{{otlp_endpoint: '{collector.url}{path}'}}") as project:
        export_spans(project, thread="t", turn="t.1", spans=[SPAN])
    assert collector.paths == [wanted]


@pytest.mark.parametrize("is_trusted", [True, False])
async def test_over_tls_a_collector_is_believed_by_its_certificate_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, is_trusted: bool
) -> None:
    authority, tls = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    (authority if is_trusted else trustme.CA()).cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with collecting(tls) as collector:
        async with opened(tmp_path, f"{{otlp_endpoint: '{collector.url}'}}") as project:
            export_spans(project, thread="t", turn="t.1", spans=[SPAN])
    assert len(collector.paths) == (1 if is_trusted else 0)
    assert is_trusted or "CERTIFICATE_VERIFY_FAILED" in warnings(caplog)[0]


async def test_nothing_is_sent_without_configuration_whatever_the_environment_says(
    tmp_path: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", collector.url)
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")
    async with opened(tmp_path, "{service_name: x}") as project, open_agent(project) as agent:
        assert (await agent.ask(QUESTION)).status is TurnStatus.DONE
    assert collector.paths == []


async def test_the_environment_adds_nothing_to_what_is_configured(
    tmp_path: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-env=1")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "who=env")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "env")
    monkeypatch.setenv("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "nonsense")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    async with opened(tmp_path, f"{{otlp_endpoint: '{collector.url}'}}") as project:
        export_spans(project, thread="t", turn="t.1", spans=[SPAN])
    assert "x-env" not in collector.headers[0]
    assert plain(collector.requests[0].resource_spans[0].resource.attributes) == {"service.name": "osprey"}


async def test_a_dead_collector_changes_no_turn_and_is_said_once_with_a_remedy(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(tmp_path, "{otlp_endpoint: 'http://127.0.0.1:9'}") as project, open_agent(project) as agent:
        for _ in range(2):
            assert (await agent.ask(QUESTION)).status is TurnStatus.DONE
    [said] = warnings(caplog)
    assert "http://127.0.0.1:9" in said
    assert "refused" in said
    assert "telemetry.otlp_endpoint" in said


@pytest.mark.parametrize("status", [302, 400, 503])
async def test_a_collector_that_refuses_is_said_until_it_takes_a_trace_again(
    tmp_path: Path, collector: Collector, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    collector.answers = [status, status, 200, status]
    async with opened(tmp_path, f"{{otlp_endpoint: '{collector.url}'}}") as project:
        for _ in range(4):
            export_spans(project, thread="t", turn="t.1", spans=[SPAN])
    assert len(warnings(caplog)) == 2
    assert f"it answered {status}" in warnings(caplog)[0]
    assert collector.paths == ["/v1/traces"] * 4


async def test_a_collector_that_hangs_holds_up_the_end_by_its_deadline_at_most(
    tmp_path: Path, silent: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(tmp_path, f"{{otlp_endpoint: '{silent}', timeout_s: 0.2}}") as project:
        for number in range(100):  # more than may wait
            export_spans(project, thread="t", turn=f"t.{number}", spans=[SPAN])
    # That this is reached at all, within the timeout of the test, is the claim: 100 deadlines were not awaited.
    assert len(warnings(caplog)) == 1


async def test_what_cannot_be_sent_does_not_end_the_sending(
    tmp_path: Path, collector: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    bad = Span(id="", parent="", name="n", begun_ns=-1, ended_ns=2**70, status="done")
    async with opened(tmp_path, f"{{otlp_endpoint: '{collector.url}'}}") as project:
        export_spans(project, thread="t", turn="t.1", spans=[bad])
        export_spans(project, thread="t", turn="t.2", spans=[SPAN])
    assert len(collector.paths) == 1
    assert len(warnings(caplog)) == 1


async def test_after_the_project_was_closed_nothing_is_sent(tmp_path: Path, collector: Collector) -> None:
    project = opened(tmp_path, f"{{otlp_endpoint: '{collector.url}'}}")
    export_spans(project, thread="t", turn="t.1", spans=[SPAN])
    exporter: Any = project.part(TraceExporter, lambda _: None)
    await project.aclose()
    exporter.offer(None)
    await exporter.aclose()
    assert len(collector.paths) == 1


async def test_a_secret_of_the_configuration_leaves_in_no_span(tmp_path: Path, collector: Collector) -> None:
    settings = f"{{otlp_endpoint: '{collector.url}', headers: {{X-Lab: key-of-the-lab}}}}"
    told = Span(
        id="a1", parent="b2", name="model", begun_ns=1, ended_ns=2, status="key-of-the-lab is wrong",
        about={"said": "with key-of-the-lab", "more": {"deep": ["key-of-the-lab"]}},
    )  # fmt: skip
    async with opened(tmp_path, settings) as project:
        export_spans(project, thread="t", turn="t.1", spans=[told])
    assert b"key-of-the-lab" not in collector.requests[0].SerializeToString()
    assert collector.spans()[0].status.code == 2


def _without_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.proto", None)


def test_config_check_names_the_extra_that_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.yml").write_text(f"{BENCH}telemetry: {{otlp_endpoint: 'http://127.0.0.1:9'}}", encoding="utf-8")
    arguments = ["--project", str(tmp_path), "config", "check"]
    assert CliRunner().invoke(osprey, arguments).exit_code == 0
    _without_extra(monkeypatch)
    done = CliRunner().invoke(osprey, arguments)
    assert "telemetry.otlp_endpoint" in str(done.exception)
    assert "pip install 'osprey-core[otel]'" in str(done.exception)


async def test_at_run_time_a_missing_extra_is_said_once_and_the_turn_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    _without_extra(monkeypatch)
    async with opened(tmp_path, "{otlp_endpoint: 'http://127.0.0.1:9'}") as project, open_agent(project) as agent:
        for _ in range(2):
            assert (await agent.ask(QUESTION)).status is TurnStatus.DONE
    [said] = warnings(caplog)
    assert "pip install 'osprey-core[otel]'" in said


async def test_a_variable_that_is_not_set_is_said_and_the_turn_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = "{otlp_endpoint: 'http://127.0.0.1:9', headers: {X-Lab: '${NO_SUCH_KEY_IN_TESTS}'}}"
    async with opened(tmp_path, settings) as project:
        export_spans(project, thread="t", turn="t.1", spans=[SPAN])
    [said] = warnings(caplog)
    assert "NO_SUCH_KEY_IN_TESTS" in said


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("{otlp_endpoint: collector}", "expected an address"),
        ("{otlp_endpoint: 'http://a:hidden@b'}", "without a name and password"),
        ("{service_name: ' '}", "not empty"),
        ("{timeout_s: 0}", "greater than 0"),
        ("{endpoint: 'http://a'}", "otlp_endpoint"),
        ('{headers: {"X-Lab": "hidden\\nX-More: 1"}}', "headers of HTTP"),
        ("{headers: {'X Lab': hidden}}", "headers of HTTP"),
    ],
)
def test_what_is_wrong_with_the_section_is_said_without_a_secret(tmp_path: Path, settings: str, said: str) -> None:
    (tmp_path / "config.yml").write_text(f"telemetry: {settings}", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path, environ={})
    assert "telemetry" in str(caught.value)
    assert said in str(caught.value)
    assert "hidden" not in str(caught.value)


def test_headers_over_plain_http_to_another_host_are_warned_of(tmp_path: Path) -> None:
    file = tmp_path / "config.yml"
    for endpoint, warns in (("http://a.example", True), ("https://a.example", False), ("http://127.0.0.1:1", False)):
        file.write_text(f"telemetry: {{otlp_endpoint: '{endpoint}', headers: {{X-Lab: key}}}}", encoding="utf-8")
        assert any("plain http" in note for note in load_config(tmp_path, environ={}).notes) is warns


def test_nothing_of_opentelemetry_is_imported_before_a_trace_is_sent(tmp_path: Path) -> None:
    (tmp_path / "config.yml").write_text(BENCH, encoding="utf-8")
    program = (
        "import sys, runpy\nfrom osprey.cli import main\nmain(sys.argv[1:])\n"
        "print([name for name in sys.modules if name.startswith(('google.protobuf', 'opentelemetry.proto'))])\n"
    )
    command = [sys.executable, "-c", program, "--project", str(tmp_path), "ask", "--json", QUESTION]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


def test_a_command_that_ends_has_sent_its_trace(tmp_path: Path, collector: Collector) -> None:
    (tmp_path / "config.yml").write_text(f"{BENCH}telemetry: {{otlp_endpoint: '{collector.url}'}}", encoding="utf-8")
    command = [sys.executable, "-m", "osprey", "--project", str(tmp_path), "ask", "--json", QUESTION]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90)
    assert json.loads(done.stdout)["status"] == "done"
    assert {span.name for span in collector.spans()} >= {"turn", "plan", "step", "respond"}
    assert done.stderr == ""
