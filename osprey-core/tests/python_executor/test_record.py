"""The record of a run: complete, private, and with nothing in it that acts."""

from __future__ import annotations

import ast
import json
import stat
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from attrs import evolve

from osprey.control.requests import ApplyReport, ItemReport
from osprey.control.values import Outcome
from osprey.errors import PluginError
from osprey.services.python_executor import PythonExecutionRequest
from osprey.services.python_executor.exceptions import CodeGenerationError
from osprey.services.python_executor.generation import CodeGenerator, generator_of
from osprey.services.python_executor.markdown import escape, printable
from osprey.services.python_executor.models import (
    IntendedWrite,
    ReadSource,
    RecordedRead,
    RunMode,
    RunOutcome,
    RunStatus,
)
from osprey.services.python_executor.record import (
    RunRecord,
    new_run_folder,
    slug_of,
    write_figures,
    write_private,
    write_record,
)

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def record(tmp_path):
    folder = new_run_folder(tmp_path, "Orbit & tune")
    figures = write_figures(folder, [PNG])
    outcome = RunOutcome(
        status=RunStatus.DONE,
        mode=RunMode.OBSERVE,
        folder=folder,
        results={"mean": 401.25, "text": "<b>µ</b>"},
        figures=figures,
        stdout="one\x1b[2Jtwo\n",
        simulated=True,
    )
    rehearsal = RunOutcome(
        status=RunStatus.DONE,
        mode=RunMode.DRY,
        folder=folder,
        writes=(IntendedWrite(channel="HCM1:SP", value=0.5, unit="A", line=3, group=0),),
        reads=(
            RecordedRead(channel="HCM1:RB", value=float("nan"), line=4, source=ReadSource.SHADOW, is_rehearsed=True),
        ),
    )
    report = ApplyReport(
        request_id="r1",
        status="done",
        items=(
            ItemReport(
                name="HCM1:SP",
                group=0,
                index=0,
                value=0.5,
                before=0.25,
                outcome=Outcome.CONFIRMED,
                readback=0.499,
            ),
        ),
    )
    return RunRecord(
        title="Set <script>HCM1</script>",
        question="set HCM1 | to [0.5](http://evil)",
        code="results = {}\n",
        outcome=outcome,
        rehearsal=rehearsal,
        decision="os:alice approved",
        report=report,
    )


def test_the_notebook_is_valid_and_holds_everything(record):
    path = write_record(record.outcome.folder, record)
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = next(cell for cell in notebook.cells if cell.cell_type == "code")
    assert code.source == "results = {}\n"
    assert [output.output_type for output in code.outputs] == ["stream", "display_data", "execute_result"]
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert "os\\:alice approved" in text
    assert "confirmed" in text
    assert "| HCM1\\:SP | 0.25 | 0.5 | 0.499 | confirmed |" in text
    assert "Simulation" in text
    assert "Rehearsed readings" in text


def test_the_first_cell_answers_what_is_asked_first(record):
    path = write_record(record.outcome.folder, evolve(record, answer="orbit: rms 0.04 mm\ntune: 0.21"))
    first = nbformat.read(path, as_version=4).cells[0].source
    asked = (
        "set HCM1",
        "Simulation",
        "**Answer**",
        "- orbit\\: rms 0\\.04 mm",
        "- tune",
        "**Decision**",
        "**Outcome**",
    )
    assert [first.index(text) for text in asked] == sorted(first.index(text) for text in asked)


def test_a_warning_of_the_run_stands_beside_its_answer(record):
    outcome = evolve(record.outcome, warnings=("no value from 1 of 48 channels",))
    path = write_record(outcome.folder, evolve(record, outcome=outcome, answer="orbit: n 47"))
    assert "- Warning\\: no value from 1 of 48 channels" in nbformat.read(path, as_version=4).cells[0].source


def test_a_change_that_was_refused_says_what_was_asked_for(record):
    report = ApplyReport(request_id="r1", status="rejected", reason="Request r1 was rejected. Nothing was written.")
    path = write_record(record.outcome.folder, evolve(record, outcome=None, report=report))
    notebook = nbformat.read(path, as_version=4)
    assert "Nothing was written" in notebook.cells[0].source
    assert "| 1 | HCM1\\:SP | 0.5 | A | 3 |" in notebook.cells[0].source
    assert "do not show what the machine did" in notebook.cells[2].source


def test_the_last_cell_runs_the_code_again_without_a_right_to_write(record):
    name = "ring'); import os; ('"
    path = write_record(record.outcome.folder, evolve(record, inputs={"scan": [1.0]}, target=name, root=Path("/a b")))
    code = nbformat.read(path, as_version=4).cells[-1].source
    tree = ast.parse(code)  # `async with` at the top is what Jupyter takes
    calls = {node.func.id: node for node in ast.walk(tree) if isinstance(node, ast.Call) and hasattr(node.func, "id")}
    fields = {keyword.arg: ast.unparse(keyword.value) for keyword in calls["RunJob"].keywords}
    assert fields["mode"] == "RunMode.DRY"
    assert ast.literal_eval(fields["target"]) == name
    assert fields["inputs"] == "json.loads(Path('inputs.json').read_text())"
    assert ast.unparse(calls["open_project"]) == "open_project(Path('/a b'))"
    assert json.loads((path.parent / "inputs.json").read_text()) == {"scan": [1.0]}


def test_what_came_from_outside_is_not_markup(record):
    path = write_record(record.outcome.folder, record)
    notebook = nbformat.read(path, as_version=4)
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert "<script>" not in text
    assert "](http" not in text
    code = next(cell for cell in notebook.cells if cell.cell_type == "code")
    assert "\x1b" not in code.outputs[0].text
    assert all("text/html" not in output.get("data", {}) for output in code.outputs)


def test_every_file_is_private_and_strict_json(record):
    folder = record.outcome.folder
    write_record(folder, record)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {path.name for path in files} == {
        "code.py",
        "plan.json",
        "results.json",
        "run.json",
        "stdout.txt",
        "notebook.ipynb",
        "figure_01.png",
    }
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in files)
    plan = json.loads((folder / "plan.json").read_text(), parse_constant=pytest.fail)
    assert plan["intended_writes"][0]["value"] == 0.5
    assert plan["rehearsed_reads"][0]["value"] is None
    assert json.loads((folder / "results.json").read_text()) == record.outcome.results


def test_a_record_without_a_run_is_a_record(tmp_path):
    folder = new_run_folder(tmp_path, "")
    path = write_record(folder, RunRecord(title="t", question="q", code="x = (", decision="rejected"))
    first = nbformat.read(path, as_version=4).cells[0].source
    assert "Nothing ran to an end" in first
    assert "nothing was written" in first


def test_folders_are_unique_and_their_names_safe(tmp_path):
    names = {new_run_folder(tmp_path, "../../etc/Ärger!").name for _ in range(3)}
    assert len(names) == 3
    assert all("_etc-arger_" in name for name in names)
    assert slug_of("✨") == "run"


def test_a_second_pass_replaces_the_figures_of_the_first(tmp_path):
    assert write_figures(tmp_path, [PNG, PNG]) == ("figures/figure_01.png", "figures/figure_02.png")
    write_figures(tmp_path, [PNG])
    assert [path.name for path in (tmp_path / "figures").iterdir()] == ["figure_01.png"]


def test_a_link_in_a_records_place_is_not_followed(tmp_path):
    (tmp_path / "code.py").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        write_private(tmp_path / "code.py", b"x")
    assert not (tmp_path / "elsewhere").exists()


def test_escaping_leaves_the_words():
    assert escape("a_b\n<i>") == "a\\_b &lt;i&gt;"
    assert printable("a\x07b\r\nc\x1b]0;x") == "ab\nc]0;x"


class Physics:
    def __init__(self, model_config=None):
        self.model_config = model_config

    async def generate_code(self, request, error_chain):
        return request.task_objective


class NoGenerator:
    pass


def project_with(implementation, settings_class=None):
    registry = SimpleNamespace(
        resolve=lambda point, name: implementation, settings_class=lambda point, name: settings_class
    )
    execution = SimpleNamespace(code_generator="physics", generators={"physics": {"domain": "optics"}})
    return SimpleNamespace(registry=registry, config=SimpleNamespace(execution=execution))


@pytest.mark.anyio
async def test_a_generator_is_built_with_its_section():
    generator = generator_of(project_with(Physics))
    assert isinstance(generator, CodeGenerator)
    assert generator.model_config == {"domain": "optics"}
    request = PythonExecutionRequest(user_query="q", task_objective="results = 1")
    assert await generator.generate_code(request, []) == "results = 1"


def test_what_has_no_method_is_no_generator():
    with pytest.raises(PluginError, match="has no method generate_code"):
        generator_of(project_with(NoGenerator))


def test_a_generation_error_keeps_its_history():
    error = CodeGenerationError("no template", generation_attempt=2, error_chain=["a"])
    assert (str(error), error.generation_attempt, error.error_chain) == ("no template", 2, ["a"])
