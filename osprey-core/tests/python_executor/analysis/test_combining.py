"""Plugins add to the analysis and take nothing away; the seeds' functions speak of the same findings."""

from __future__ import annotations

import sys
from pathlib import Path

import anyio
import pytest

from osprey.errors import ConfigError
from osprey.plugins import LoadOptions
from osprey.project import Project, open_project
from osprey.services.python_executor.analysis import Verdict, analyst_of, analyze_code_security
from osprey.services.python_executor.analysis.libraries import Tables
from osprey.services.python_executor.analysis.pattern_detection import detect_control_system_operations

PLUGIN = """
from osprey.api import Access, CodeAnalyzer, ExecutionDecision, ExecutionPolicy, Findings, Verdict, hookimpl

class Strict:
    def analyze(self, code):
        return Findings(writes=(Access(line=1, library="ours", call="go"),) if "go" in code else ())

class Failing:
    def analyze(self, code):
        raise RuntimeError("boom")

class NoLoops:
    def decide(self, code, analysis):
        return ExecutionDecision(needs_approval=True, refusals=("no loops here",) if "while" in code else ())

class Broken:
    def decide(self, code, analysis):
        raise RuntimeError("boom")

@hookimpl
def osprey_code_analyzers():
    for name in {analyzers!r}:
        yield CodeAnalyzer(name=name.lower(), summary="", implementation=f"{module}:" + name)
    for table in {tables!r}:
        yield CodeAnalyzer(name="table", summary="", libraries=table)

@hookimpl
def osprey_execution_policies():
    for name in {policies!r}:
        yield ExecutionPolicy(name=name.lower(), summary="", implementation=f"{module}:" + name)
"""


@pytest.fixture
def project_with(tmp_path, monkeypatch):
    """Opens a project with a plugin of these analyzers, policies and tables."""

    def build(analyzers=(), policies=(), tables=(), config="") -> Project:
        (tmp_path / "config.yml").write_text(config, encoding="utf-8")
        source = PLUGIN
        for name, value in (("analyzers", analyzers), ("policies", policies), ("tables", tables)):
            source = source.replace("{%s!r}" % name, repr(tuple(value)))  # noqa: UP031
        source = source.replace("{module}", "toy_analysis")
        source = source.replace('f"', '"')
        file = tmp_path / "toy_analysis.py"
        file.write_text(source, encoding="utf-8")
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.delitem(sys.modules, "toy_analysis", raising=False)
        return open_project(tmp_path, options=LoadOptions(local=(file,)))

    return build


def test_a_reader_of_a_plugin_adds_a_write(project_with):
    found = analyst_of(project_with(analyzers=["Strict"])).analyse("go()")
    assert found.verdict is Verdict.WRITES


def test_a_reader_of_a_plugin_takes_nothing_away(project_with):
    found = analyst_of(project_with(analyzers=["Strict"])).analyse("import epics\nepics.caput('A', 1)")
    assert found.verdict is Verdict.WRITES


def test_a_reader_that_fails_is_a_doubt(project_with):
    found = analyst_of(project_with(analyzers=["Failing"])).analyse("x = 1")
    assert found.verdict is Verdict.CANNOT_TELL
    assert "code analyzer 'failing' failed (RuntimeError: boom)" in found.doubts[0].message


def test_a_table_of_a_plugin_makes_a_library_known(project_with, tmp_path, monkeypatch):
    package = tmp_path / "toy_tables"
    package.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    table = '[ring]\ntitle = "Ring"\nmodules = ["ringlib"]\nreads = ["get_*"]\n'
    (package / "ring.toml").write_text(table, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    analyst = analyst_of(project_with(tables=["toy_tables:ring.toml"]))
    assert analyst.analyse("import ringlib\nringlib.get_orbit()").verdict is Verdict.READS_ONLY
    found = analyst.analyse("import ringlib\nringlib.kick('A')")
    assert [(each.library, each.channel) for each in found.writes] == [("Ring", "A")]


def test_a_table_that_cannot_be_read_is_a_doubt(project_with):
    found = analyst_of(project_with(tables=["toy_nowhere:ring.toml"])).analyse("x = 1")
    assert found.verdict is Verdict.CANNOT_TELL


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("x = [", "a table of control libraries is TOML"),
        ("[ring]\ntitle = 'R'", "a `title` and a list of `modules`"),
        ("[ring]\ntitle = 'R'\nmodules = ['r']\nreeds = []", "reeds: there is no such key"),
        ("[ring]\ntitle = 'R'\nmodules = ['r']\nmakes = {X = 'y'}", "class y is not described"),
    ],
)
def test_a_table_that_is_wrong_is_named_with_its_key(table, told):
    with pytest.raises(ConfigError, match=told.replace("(", r"\(")):
        Tables().add(table, "ring.toml")


def test_the_strictest_policy_counts(project_with):
    analyst = analyst_of(project_with(policies=["NoLoops"]))
    assert analyst.decide("while 1: pass", analyst.analyse("while 1: pass")).refusals == ("no loops here",)
    assert analyst.decide("x = 1", analyst.analyse("x = 1")).needs_approval


def test_a_policy_that_fails_asks_a_person(project_with):
    analyst = analyst_of(project_with(policies=["Broken"]))
    decision = analyst.decide("x = 1", analyst.analyse("x = 1"))
    assert decision.needs_approval
    assert "execution policy 'broken' failed" in decision.reasons[0]


def test_without_plugins_reading_needs_no_approval_and_writing_does(project_with):
    analyst = analyst_of(project_with())
    assert not analyst.decide("", analyst.analyse("x = 1")).needs_approval
    decision = analyst.decide("", analyst.analyse("import epics\nepics.caput('A', 1)"))
    assert decision.needs_approval
    assert decision.needs_write_access


PATTERNS = r"""
control_system:
  type: mock
  patterns:
    tine: {write: ['ring_go\(']}
    read: ['ring_show\(']
"""


def test_the_seeds_function_answers_with_its_keys(project_with):
    with project_with().activate():
        found = detect_control_system_operations("import epics\nepics.caput('A', epics.caget('B'))")
    assert found.keys() == {"has_writes", "has_reads", "control_system_type", "detected_patterns", "verdict"}
    assert found["has_writes"] is True
    assert found["has_reads"] is True
    assert found["detected_patterns"]["writes"] == ["line 2: epics.caput A"]
    assert found["verdict"] == "writes"


def test_what_cannot_be_told_has_writes(project_with):
    with project_with().activate():
        found = detect_control_system_operations("import os\nos.system('x')")
    assert found["has_writes"] is True
    assert found["verdict"] == "cannot_tell"


def test_patterns_of_the_configuration_add(project_with):
    with project_with(config=PATTERNS).activate():
        assert detect_control_system_operations("ring_go(1)")["verdict"] == "writes"
        assert detect_control_system_operations("ring_go(1)", control_system_type="epics")["has_writes"] is False
        assert detect_control_system_operations("ring_show(1)", control_system_type="epics")["has_reads"] is True


def test_patterns_take_no_finding_away(project_with):
    with project_with().activate():
        found = detect_control_system_operations(
            "import epics\nepics.caput('A', 1)", patterns={"write": [], "read": []}
        )
    assert found["has_writes"] is True


def test_patterns_of_a_caller_may_be_nested_or_flat(project_with):
    with project_with().activate():
        assert detect_control_system_operations("go()", {"write": [r"go\("]})["has_writes"] is True
        nested = {"epics": {"write": [r"go\("]}}
        assert detect_control_system_operations("go()", nested, "epics")["has_writes"] is True
        assert detect_control_system_operations("go()", nested, "tango")["has_writes"] is False
        with pytest.raises(ConfigError, match="is no regular expression"):
            detect_control_system_operations("go()", {"write": ["("]})


def test_a_bad_pattern_in_the_configuration_names_its_line(tmp_path: Path):
    (tmp_path / "config.yml").write_text("control_system:\n  patterns:\n    write:\n      - '('\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"line 4, column 9: control_system.patterns.write\[0\]: '\(' is no regular"):
        open_project(tmp_path)


def test_the_seeds_security_analysis_has_its_attributes(project_with):
    with project_with().activate():
        found = anyio.run(analyze_code_security, "import epics\nepics.caput('A', epics.caget('B'))")
    assert (found.has_epics_writes, found.has_epics_reads) == (True, True)
    assert (found.has_control_writes, found.has_control_reads) == (True, True)
