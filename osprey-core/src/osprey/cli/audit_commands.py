"""`osprey audit`: what was asked, decided, sent and refused, by whom, and the proof that nobody changed it since."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from osprey.cli import audit_view
from osprey.cli.context import on_journal, on_project
from osprey.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from osprey.journal import AuditRow, AuditVerdict, Journal
    from osprey.journal.audit.copy_check import CopyVerdict
    from osprey.journal.audit.protection import Protection
    from osprey.journal.audit.records import RequestTrail, SealedRow
    from osprey.project import Project

_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_since = click.option("--since", metavar="TIME", help="Only from then on, such as 'yesterday' or '2026-11-20 08:00'.")


@click.group()
def audit() -> None:
    """Show, check and copy the audit."""


@audit.command("log")
@click.option("--subject", metavar="ID", help="Only what is about this request, intent or person.")
@click.option("--event", metavar="PATTERN", help="Only such events, such as 'refused' or 'request.*'.")
@click.option("--actor", metavar="PATTERN", help="Only by these, such as 'os:alice' or 'token:*'.")
@_since
@click.option("--limit", type=click.IntRange(min=1), default=None, help="The newest so many rows only.")
@_as_json
def show_log(
    subject: str | None, event: str | None, actor: str | None, since: str | None, limit: int | None, as_json: bool
) -> None:
    """List what was asked, decided, sent, refused, recovered, settled and configured, oldest first."""
    from osprey.journal import journal_of
    from osprey.journal.audit.records import AuditFilter

    async def work(project: Project) -> list[AuditRow]:
        since_ns = _moment(project, since)
        wanted = AuditFilter(subject=subject, event=event, actor=actor, since_ns=since_ns, limit=limit)
        return await journal_of(project).records.list(wanted)

    rows = on_project(work)
    if as_json:
        _print_json([audit_view.plain_audit_row(row) for row in rows])
        return
    if not rows:
        click.echo("The audit has no such row.", err=True)
    for row in rows:
        click.echo(audit_view.line_of(row))


@audit.command("show")
@click.argument("what", metavar="ROW|REQUEST_ID")
@_as_json
def show_one(what: str, as_json: bool) -> None:
    """Show one row in full, or everything about one request: filed, votes, decision, claim, effects, refusals."""
    if what.isascii() and what.isdigit():
        _show_row(int(what), as_json=as_json)
    else:
        _show_trail(what, as_json=as_json)


def _show_row(seq: int, *, as_json: bool) -> None:
    async def work(journal: Journal) -> SealedRow:
        return await journal.records.row(seq)

    row = on_journal(work)
    if as_json:
        _print_json(audit_view.plain_sealed_row(row))
    else:
        click.echo(audit_view.sealed_row_text(row))


def _show_trail(request_id: str, *, as_json: bool) -> None:
    async def work(journal: Journal) -> RequestTrail:
        return await journal.records.of_request(request_id)

    trail = on_journal(work)
    if as_json:
        _print_json(audit_view.plain_trail(request_id, trail))
    else:
        click.echo(audit_view.trail_text(request_id, trail))


@audit.command("verify")
@click.option(
    "--export",
    "copy",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Check this copy, and the audit against it.",
)
@_as_json
@click.pass_context
def verify_audit(ctx: click.Context, copy: Path | None, as_json: bool) -> None:
    """Check every row's seal, the order, the end, and the anchor; exit code 1 if anything was tampered with.

    It says which tampering such a check finds in this project as it is set up, and which it does not.
    """
    verdict = _verify(as_json=as_json) if copy is None else _verify_copy(copy, as_json=as_json)
    if not verdict.is_intact:
        ctx.exit(ExitCode.FAILED)


def _verify(*, as_json: bool) -> AuditVerdict:
    async def work(journal: Journal) -> tuple[AuditVerdict, tuple[Protection, ...]]:
        return await journal.audit.verify(), journal.records.protections()

    verdict, protections = on_journal(work)
    if as_json:
        _print_json(audit_view.plain_verdict(verdict, protections))
        return verdict
    click.echo(audit_view.verdict_text(verdict, protections))
    if verdict.note:
        click.echo(verdict.note, err=True)
    return verdict


def _verify_copy(copy: Path, *, as_json: bool) -> CopyVerdict:
    async def work(journal: Journal) -> CopyVerdict:
        return await journal.records.check_copy(copy)

    verdict = on_journal(work)
    if as_json:
        _print_json(audit_view.plain_copy_verdict(verdict))
    else:
        click.echo(audit_view.copy_verdict_text(verdict))
    return verdict


@audit.command("export")
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "csv"]),
    default="jsonl",
    show_default=True,
    help="Lines of JSON can be checked later; CSV is for reading.",
)
@_since
@click.option(
    "--output",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A new file, for its owner's eyes; else standard output.",
)
@click.pass_context
def export_audit(ctx: click.Context, form: str, since: str | None, output: Path | None) -> None:
    """Copy the audit with its seals, to be kept where nobody who can change the audit can change the copy."""
    from osprey.journal import journal_of
    from osprey.journal.audit.copies import CopyForm

    async def work(project: Project) -> tuple[int, AuditVerdict]:
        journal, since_ns = journal_of(project), _moment(project, since)
        with _opened(output) as file:
            count = await journal.records.write_copy(file, CopyForm(form), since_ns)
        return count, await journal.audit.verify()

    count, verdict = on_project(work)
    click.echo(f"Copied {count} rows{f' to {output}' if output else ''}.", err=True)
    if not verdict.is_intact:
        click.echo("The audit is NOT INTACT, and so is the copy: run `osprey audit verify`.", err=True)
        ctx.exit(ExitCode.FAILED)


@contextmanager
def _opened(output: Path | None) -> Generator[IO[str]]:
    """Give where the copy goes: a new file, which is there wholly or not at all, or standard output."""
    if output is None:
        yield sys.stdout
        return
    try:
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as exc:
        told = (
            "a copy is never replaced: give another name" if isinstance(exc, FileExistsError) else "give another place"
        )
        msg = f"the copy cannot be written to {output}: {exc.strerror}: {told}"
        raise UsageError(msg) from exc
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
    except OSError as exc:
        output.unlink(missing_ok=True)
        msg = f"the copy could not be written to {output}: {exc.strerror}: give another place"
        raise UsageError(msg) from exc
    except BaseException:
        output.unlink(missing_ok=True)
        raise


def _moment(project: Project, text: str | None) -> int | None:
    """Read a time as the facility's clock shows it; None without one."""
    if text is None:
        return None
    from osprey.cli.archive_times import moment_of

    return moment_of("--since", text, now_ns=time.time_ns(), zone=ZoneInfo(project.config.facility.time_zone))


def _print_json(document: Any) -> None:
    click.echo(json.dumps(document, ensure_ascii=False))


@audit.command("accept-clock")
@click.option("--reason", required=True, help="What was wrong with the clock; it is kept.")
def accept_clock(reason: str) -> None:
    """Say that the clock is right now, after it ran ahead and claims are refused (rule approval.clock)."""

    async def work(journal: Journal) -> None:
        from osprey.approval import current_actor

        await journal.audit.accept_clock(current_actor(), reason)

    on_journal(work)
    click.echo("Accepted: claims are judged by the clock as it is now.")
