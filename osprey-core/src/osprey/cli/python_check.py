"""What `osprey python check` finds in files, and how it says so."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from osprey.cli.context import cli_project
from osprey.errors import UsageError
from osprey.printable import printable

if TYPE_CHECKING:
    from osprey.services.python_executor.analysis import Access, Analysis, ExecutionDecision, Remark

_LARGEST = 4 * 1024 * 1024
_WORDS = {
    "reads_only": "reads only",
    "writes": "writes",
    "cannot_tell": "cannot tell; a person has to read it",
}


async def look_at(names: tuple[str, ...]) -> list[tuple[str, Analysis, ExecutionDecision]]:
    """Analyse files, and ask the policies of plugins about each; nothing is run.

    :raises UsageError: one cannot be read, or is no script.
    """
    from osprey.services.python_executor.analysis import analyst_of

    found: list[tuple[str, Analysis, ExecutionDecision]] = []
    async with cli_project() as project:
        analyst = analyst_of(project)
        for name in names:
            source = _source(name)
            analysis = analyst.analyse(source)
            found.append((name, analysis, analyst.decide(source.decode("utf-8", "replace"), analysis)))
    return found


def _source(name: str) -> bytes:
    try:
        data = sys.stdin.buffer.read(_LARGEST + 1) if name == "-" else _read(Path(name))
    except OSError as exc:
        raise UsageError(f"{printable(name)} cannot be read: {exc.strerror}") from exc
    if len(data) > _LARGEST:
        raise UsageError(f"{printable(name)} is larger than {_LARGEST} bytes; that is no script")
    return data


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_LARGEST + 1)


def plain_look(name: str, analysis: Analysis, decision: ExecutionDecision) -> dict[str, Any]:
    """Give what was found in one file as JSON knows it."""
    return {
        "file": name,
        **analysis.to_plain(),
        "needs_approval": decision.needs_approval,
        "refusals": list(decision.refusals),
    }


def print_look(name: str, analysis: Analysis, decision: ExecutionDecision) -> None:
    """Print what was found in one file; text of the file is escaped."""
    click.echo(f"{printable(name)}: {_WORDS[analysis.verdict.value]}")
    for word, accesses in (("writes", analysis.writes), ("reads", analysis.reads), ("never called", analysis.unused)):
        for access in accesses:
            click.echo(_access_line(word, access))
    for word, remarks in (
        ("doubt", analysis.doubts),
        ("danger", analysis.dangers),
        ("deceptive", analysis.deceptive),
    ):
        for remark in remarks:
            click.echo(_remark_line(word, remark))
    if not analysis.sets_results and not any(remark.kind == "syntax" for remark in analysis.doubts):
        click.echo("  note: `results` is never set; a run would leave nothing behind")
    for refusal in decision.refusals:
        click.echo(f"  refused by a policy: {printable(refusal)}")


def _access_line(word: str, access: Access) -> str:
    channel = f" {printable(access.channel)}" if access.channel else ""
    return f"  line {access.line}: {word}{channel} ({access.library}: {printable(access.call)})"


def _remark_line(word: str, remark: Remark) -> str:
    where = f"line {remark.line}: " if remark.line else ""
    return f"  {where}{word}, {remark.kind}: {printable(remark.message)}"
