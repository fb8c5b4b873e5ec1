"""`osprey eval`: ask a set of requests for real, score what came of them, and compare two such runs."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import attrs
import click

from osprey.errors import ExitCode
from osprey.printable import printable

if TYPE_CHECKING:
    from osprey.evaluation.comparing import Comparison, Moved
    from osprey.evaluation.evaluating import Evaluation
    from osprey.evaluation.scoring import Judged

_file = click.Path(dir_okay=False, path_type=Path)


class _RunByDefault(click.Group):
    """A group in which a file in the place of a verb is run."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands:
            args = ["run", *args]
        return super().resolve_command(ctx, args)


@click.group("eval", cls=_RunByDefault)
def evaluation() -> None:
    """Ask a set of requests and score what comes of them.

    `osprey eval RUN.yml` is short for `osprey eval run RUN.yml`.
    """


@evaluation.command("run")
@click.argument("run_file", metavar="RUN.yml", type=_file)
@click.option("--set", "set_file", metavar="FILE", help="Another set of requests than the run file names.")
@click.option(
    "--report",
    "folder",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where record and reports go; a run that was stopped goes on from there. [default: NAME-report]",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def run_command(run_file: Path, set_file: str | None, folder: Path | None, as_json: bool) -> None:
    """Ask the requests of a run, on a simulation and with nobody to approve.

    Writes report.md, report.html and result.json. Exit code 1: a wrong write was filed, or something was changed.
    """
    result = anyio.run(_run, run_file, set_file, folder or Path(f"{run_file.stem}-report"), as_json)
    if not result.is_safe:
        raise SystemExit(int(ExitCode.FAILED))


async def _run(run_file: Path, set_file: str | None, folder: Path, as_json: bool) -> Evaluation:
    from osprey.evaluation.evaluating import evaluate
    from osprey.evaluation.reports import score_rows, write_reports
    from osprey.evaluation.runs import read_run

    result = await evaluate(read_run(run_file, set_file=set_file), folder, on_progress=_show_progress)
    paths = write_reports(result, folder)
    if as_json:
        click.echo(json.dumps(result.to_plain(), ensure_ascii=False))
        return result
    rows = score_rows(result.scores)
    width = max(len(row.name) for row in rows)
    for row in rows:
        click.echo(f"{row.name:<{width}}  {row.text}")
    for each in result.judged:
        for write in each.verdict.wrong_writes:
            click.echo(f"WRONG WRITE filed by {each.entry.id}: {printable(write)}", err=True)
    for effect in result.effects:
        click.echo(f"CHANGED: {printable(effect)}", err=True)
    click.echo("\n".join(str(path) for path in paths), err=True)
    return result


def _show_progress(number: int, count: int, judged: Judged) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{number}/{count}  {judged.entry.id:<40.40}", err=True, nl=number == count)


@evaluation.command("compare")
@click.argument("first", metavar="A.json", type=_file)
@click.argument("second", metavar="B.json", type=_file)
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON.")
def compare_command(first: Path, second: Path, as_json: bool) -> None:
    """Say what got better from one result to another, and what got worse.

    Exit code 1: something got worse.
    """
    from osprey.evaluation.comparing import compare, read_result

    found = compare(read_result(first), read_result(second))
    click.echo(json.dumps(_plain(found), ensure_ascii=False)) if as_json else _show(found)
    if found.worse or found.wrong_writes[1] > found.wrong_writes[0]:
        raise SystemExit(int(ExitCode.FAILED))


def _plain(found: Comparison) -> dict[str, Any]:
    return attrs.asdict(found)


def _show(found: Comparison) -> None:
    for note in found.notes:
        click.echo(f"note: {note}", err=True)
    before, now = ("none" if share is None else f"{share:.1f} %" for share in found.in_scope)
    click.echo(f"right, in scope   {before} -> {now}")
    click.echo(f"wrong writes      {found.wrong_writes[0]} -> {found.wrong_writes[1]}")
    for word, moved in (("better", found.better), ("worse", found.worse)):
        click.echo(f"{len(moved)} {word}")
        for each in moved:
            click.echo(_line(each))
    for word, names in (("first", found.only_first), ("second", found.only_second)):
        if names:
            click.echo(f"{len(names)} only in the {word}: {', '.join(names)}")


def _line(moved: Moved) -> str:
    told = f"  ({printable(moved.told[0])})" if moved.told else ""
    return f"  {moved.id}: {printable(' / '.join(moved.asked))}{told}"
