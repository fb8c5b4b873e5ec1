"""The notebook of a run. What the code printed and returned is data in it: escaped, never markup."""

from __future__ import annotations

import base64
import html
import json
import os
import re
from pathlib import Path
from typing import Any, cast

import nbformat

from osprey.services.python_executor.models import RecordedRead, RunOutcome
from osprey.services.python_executor.record import RunRecord, versions

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-.!|~$:@])")
_CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_LONGEST_RESULT = 20_000
_READS_SHOWN = 20


def escape(text: object) -> str:
    """Give a text as it reads, whatever it contains: no markup, no HTML, no links, no control codes."""
    plain = " ".join(_CONTROL.sub("", str(text)).split())
    return _SPECIAL.sub(r"\\\1", html.escape(plain, quote=False))


def printable(text: str) -> str:
    """Take control codes out of what a program printed; lines stay."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def build_notebook(folder: Path, record: RunRecord) -> str:
    """Build the notebook's text."""
    formats: Any = nbformat
    v4 = formats.v4
    cells: list[Any] = [v4.new_markdown_cell(_heading(record))]
    code = v4.new_code_cell(record.code)
    if record.outcome is not None:
        code["execution_count"] = 1
        code["outputs"] = _outputs(folder, record.outcome)
    cells.append(code)
    cells.append(v4.new_markdown_cell(_decision(record)))
    rehearsed = _rehearsed(record)
    if rehearsed:
        cells.append(v4.new_markdown_cell(rehearsed))
    notebook = v4.new_notebook(cells=cells)
    notebook["metadata"]["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook["metadata"]["osprey"] = {"versions": versions(), "question": record.question}
    formats.validate(notebook)
    return cast("str", formats.writes(notebook))


def _heading(record: RunRecord) -> str:
    lines = [f"# {escape(record.title)}", "", f"> {escape(record.question)}"]
    outcome = record.outcome
    if outcome is not None:
        lines += ["", f"Run: {escape(outcome.status.value)}, mode {escape(outcome.mode.value)}."]
        if outcome.simulated:
            lines += ["", "**Simulation**: no real machine was read or set."]
        if outcome.error:
            lines += ["", f"**{escape(outcome.error)}**"]
        lines += [f"- {escape(warning)}" for warning in outcome.warnings]
    return "\n".join(lines)


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


def _decision(record: RunRecord) -> str:
    lines = ["## Writes", ""]
    if record.decision:
        lines += [f"Decision: {escape(record.decision)}", ""]
    if record.report is not None and record.report.items:
        lines += [f"Result: **{escape(record.report.status)}** {escape(record.report.reason)}".rstrip(), ""]
        lines += ["| group | channel | before | set to | read back | outcome | |", "|---|---|---|---|---|---|---|"]
        for item in record.report.items:
            cells = (item.group, item.name, item.before, item.value, item.readback, item.outcome, item.reason)
            lines.append("| " + " | ".join("" if cell is None else escape(cell) for cell in cells) + " |")
        return "\n".join(lines)
    writes = () if record.rehearsal is None else record.rehearsal.writes
    if not writes:
        return "\n".join([*lines, "Nothing was written, and nothing was to be written."])
    lines += ["Intended, and not made:", "", "| group | channel | value | unit | line |", "|---|---|---|---|---|"]
    for write in writes:
        cells = (write.group, write.channel, write.value, write.unit, write.line)
        lines.append("| " + " | ".join("" if cell is None else escape(cell) for cell in cells) + " |")
    return "\n".join(lines)


def _rehearsed(record: RunRecord) -> str:
    reads = () if record.rehearsal is None else record.rehearsal.rehearsed_reads
    if not reads:
        return ""
    lines = [
        "## Rehearsed readings",
        "",
        "These were read after a write that was only rehearsed. They do not show what the machine did.",
        "",
        "| channel | value | unit | from | line |",
        "|---|---|---|---|---|",
    ]
    lines += [_read_row(read) for read in reads[:_READS_SHOWN]]
    if len(reads) > _READS_SHOWN:
        lines += ["", f"and {len(reads) - _READS_SHOWN} more, in plan.json"]
    return "\n".join(lines)


def _read_row(read: RecordedRead) -> str:
    value = str(read.value)
    shown = value if len(value) <= 80 else value[:80] + " ..."
    cells = (read.channel, shown, read.unit, read.source.value, read.line)
    return "| " + " | ".join("" if cell is None else escape(cell) for cell in cells) + " |"
