"""The notebook of a run. What the code printed and returned is data in it: escaped, never markup.

The first cell says all that a reader asks first: question, answer, decision, outcome. Then come the code
with its output, what was only rehearsed, and how to run the code again without a right to write.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import nbformat

from osprey.control.requests import ItemReport
from osprey.services.python_executor.markdown import escape, printable, table
from osprey.services.python_executor.models import RecordedRead, RunMode, RunOutcome
from osprey.services.python_executor.record import INPUTS_FILE, RunRecord, versions

_LONGEST_RESULT = 20_000
_READS_SHOWN = 20

_MODES = {
    RunMode.NONE: "a computation without a machine",
    RunMode.READ: "readings were live",
    RunMode.DRY: "readings were live, a write would have been rehearsed only",
    RunMode.OBSERVE: "the approved code once more after its writes were made, with live readings",
}


def build_notebook(folder: Path, record: RunRecord) -> str:
    """Build the notebook's text."""
    formats: Any = nbformat
    v4 = formats.v4
    code = v4.new_code_cell(record.code)
    if record.outcome is not None:
        code["execution_count"] = 1
        code["outputs"] = _outputs(folder, record.outcome)
    cells: list[Any] = [v4.new_markdown_cell(_heading(record)), code]
    rehearsed = _rehearsed(record)
    if rehearsed:
        cells.append(v4.new_markdown_cell(rehearsed))
    cells += [v4.new_markdown_cell(_AGAIN), v4.new_code_cell(_again(record))]
    notebook = v4.new_notebook(cells=cells)
    notebook["metadata"]["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook["metadata"]["osprey"] = {"versions": versions(), "question": record.question}
    formats.validate(notebook)
    return cast("str", formats.writes(notebook))


def _heading(record: RunRecord) -> str:
    outcome = record.outcome
    lines = [f"# {escape(record.title)}", "", f"> {escape(record.question)}"]
    if _writes(record).get("simulated") or (outcome is not None and outcome.simulated):
        lines += ["", "**Simulation**: no real machine was read or set."]
    lines += ["", "**Answer**", "", *(f"- {escape(line)}" for line in _answer(record))]
    if record.decision:
        lines += ["", f"**Decision**: {escape(record.decision)}"]
    lines += ["", *_became(record)]
    if outcome is not None:
        lines += ["", f"**Run**: {_run(outcome)}"]
    return "\n".join(lines)


def _answer(record: RunRecord) -> list[str]:
    outcome = record.outcome
    if outcome is None:
        return [record.report.reason if record.report else "Nothing ran to an end."]
    lines = [outcome.error] if outcome.error else record.answer.splitlines() or ["The code left no results."]
    return [*lines, *(f"Warning: {warning}" for warning in outcome.warnings)]


def _writes(record: RunRecord) -> Mapping[str, Any]:
    """Give what the approved document says of the writes; empty if nothing was to be approved."""
    return (record.plan or {}).get("writes", {})


def _run(outcome: RunOutcome) -> str:
    python = f", Python {escape(outcome.python)}" if outcome.python else ""
    return f"{outcome.status.value} in {outcome.seconds:.1f} s{python}; {_MODES[outcome.mode]}."


def _became(record: RunRecord) -> list[str]:
    """Say what became of each write: of those that were carried out, or of those that were not."""
    report = record.report
    if report is not None and report.items:
        titles = ("group", "channel", "before", "set to", "read back", "outcome", "reason")
        said = f"**Outcome**: **{escape(report.status)}** {escape(report.reason)}".rstrip()
        return [said, "", *table(titles, [_item_row(item, _has_groups(report.items)) for item in report.items])]
    writes = () if record.rehearsal is None else record.rehearsal.writes
    if not writes:
        return ["**Outcome**: nothing was written, and nothing was to be written."]
    rows = [(write.group + 1, write.channel, write.value, write.unit, write.line) for write in writes]
    said = "**Outcome**: nothing was written. The code had asked for:"
    return [said, "", *table(("group", "channel", "value", "unit", "line"), rows)]


def _has_groups(items: tuple[ItemReport, ...]) -> bool:
    return len({item.group for item in items}) > 1


def _item_row(item: ItemReport, has_groups: bool) -> tuple[object, ...]:
    # What was set stands exactly as it was sent; a measured read-back is rounded to what is worth reading.
    readback = float(f"{item.readback:.6g}") if isinstance(item.readback, float) else item.readback
    group = item.group + 1 if has_groups else None
    return group, item.name, item.before, item.value, readback, item.outcome.value, item.reason


def _outputs(folder: Path, outcome: RunOutcome) -> list[Any]:
    v4: Any = nbformat.v4
    outputs: list[Any] = []
    if outcome.stdout:
        outputs.append(v4.new_output("stream", name="stdout", text=printable(outcome.stdout)))
    for name in outcome.figures:
        with os.fdopen(os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
            image = base64.b64encode(file.read()).decode("ascii")
        outputs.append(v4.new_output("display_data", data={"image/png": image}))
    if outcome.results is not None:
        text = json.dumps(outcome.results, indent=1, ensure_ascii=False)
        if len(text) > _LONGEST_RESULT:
            text = text[:_LONGEST_RESULT] + "\n... (all of it is in results.json)"
        shown = {"text/plain": printable(text)}
        outputs.append(v4.new_output("execute_result", data=shown, execution_count=1))
    return outputs


def _rehearsed(record: RunRecord) -> str:
    reads = () if record.rehearsal is None else record.rehearsal.rehearsed_reads
    if not reads:
        return ""
    lines = ["## Rehearsed readings", ""]
    if record.outcome is not None and record.outcome.is_done:
        lines.append(
            f"Before the approval {len(reads)} readings were only rehearsed. They are not in the results above, which "
            "were read after the writes were made; they are kept in plan.json."
        )
        return "\n".join(lines)
    lines += ["These were read after a write that was only rehearsed. They do not show what the machine did.", ""]
    lines += table(("channel", "value", "unit", "from", "line"), [_read_row(read) for read in reads[:_READS_SHOWN]])
    if len(reads) > _READS_SHOWN:
        lines += ["", f"and {len(reads) - _READS_SHOWN} more, in plan.json"]
    return "\n".join(lines)


def _read_row(read: RecordedRead) -> tuple[object, ...]:
    return read.channel, read.value, read.unit, read.source.value, read.line


_AGAIN = """## Run it again

The code above reaches its channels through `osprey.runtime`, which exists only in Osprey's sandbox. The next cell
runs it there: readings are live, writes are only rehearsed, and nothing is set. Start Jupyter in this folder."""


def _again(record: RunRecord) -> str:
    """Write the cell that runs the code without a right to write; its texts are literals."""
    project = "open_project()" if record.root is None else f"open_project(Path({str(record.root)!a}))"
    name = record.target or _writes(record).get("target")
    target = f", target={name!a}" if name else ""
    inputs = f', inputs=json.loads(Path("{INPUTS_FILE}").read_text())' if record.inputs else ""
    return "\n".join(
        [
            *(["import json"] if record.inputs else []),
            "from pathlib import Path",
            "",
            "from osprey.project import open_project",
            "from osprey.services.python_executor import RunJob, RunMode, runner_of",
            "",
            f"async with {project} as project:",
            f'    job = RunJob(code=Path("code.py").read_text(), mode=RunMode.DRY{target}{inputs})',
            "    outcome = await runner_of(project).run(job)",
            "outcome.error or outcome.results, outcome.writes",
        ]
    )
