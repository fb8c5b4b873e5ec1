"""`osprey python`: look at Python that a person wrote, before it is run."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from osprey.cli.context import cli_project
from osprey.errors import ExitCode, UsageError
from osprey.printable import printable

if TYPE_CHECKING:
    from osprey.services.python_executor.analysis import Access, Analysis, ExecutionDecision, Remark

_LARGEST = 4 * 1024 * 1024
_WORDS = {
    "reads_only": "reads only",
    "writes": "writes",
    "cannot_tell": "cannot tell; a person has to read it",
}


@click.group("python")
def python() -> None:
    """Say what Python code would do to a machine."""


@python.command("check")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print one array.")
@click.pass_context
def check(ctx: click.Context, files: tuple[str, ...], as_json: bool) -> None:
    """Say what files would do to a machine: which channels they write, from which line; nothing is run.

    FILE is a Python file; - is standard input. Exit code 0: every file only reads; 3: one writes, or it cannot be told.
    A file that does not parse cannot be told. The answer is advice: what code can do is decided when it runs.
    """
    import anyio

    found = anyio.run(_look, files)
    if as_json:
        click.echo(json.dumps([_plain(*each) for each in found], ensure_ascii=True))
    else:
        for each in found:
            _print(*each)
    if any(analysis.may_write for _, analysis, _ in found):
        ctx.exit(ExitCode.REFUSED)


async def _look(names: tuple[str, ...]) -> list[tuple[str, Analysis, ExecutionDecision]]:
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


def _plain(name: str, analysis: Analysis, decision: ExecutionDecision) -> dict[str, Any]:
    return {
        "file": name,
        **analysis.to_plain(),
        "needs_approval": decision.needs_approval,
        "refusals": list(decision.refusals),
    }


def _print(name: str, analysis: Analysis, decision: ExecutionDecision) -> None:
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
