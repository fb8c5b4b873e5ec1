"""`osprey archive`: past values as a table, as a drawing, and what an archive says of its channels."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import anyio
import click
from attrs import frozen

from osprey.cli.context import cli_project
from osprey.errors import ConfigError, ExitCode, UsageError

if TYPE_CHECKING:
    from osprey.control import ArchiveInfo, Archiver, ArchiveSeries, ArchiveSpan, Fault, Target
    from osprey.project import Project

_TIMEOUT_S = 60.0
_MOST_POINTS = 10_000_000
_CHANNELS = click.argument("channels", metavar="CHANNEL...", nargs=-1, required=True)
_TARGET = click.option("--target", metavar="NAME", help="A target other than the default one.")
_FROM = click.option("--from", "start", metavar="TIME", help="The beginning, such as 'yesterday at 08:00'.")
_TO = click.option("--to", "end", metavar="TIME", help="The end, which is not taken in; without it, now.")
_LAST = click.option("--last", metavar="LENGTH", help="The time up to now, such as 2h; without any option, 1 h.")
_COUNT = click.IntRange(min=1, max=_MOST_POINTS)


@frozen(kw_only=True)
class _Answer:
    """Past values of a target, and how to show them."""

    series: list[ArchiveSeries]
    span: ArchiveSpan
    zone: ZoneInfo
    target: str
    simulated: bool


@click.group()
def archive() -> None:
    """Show past values, and what the archive of a target has.

    TIME is read in the facility's time zone: '2026-11-20 08:00', 'yesterday at 08:00', '10 minutes ago', or with an
    offset, '2026-11-20T08:00:00Z'; a date alone is its beginning.
    """


@archive.command("get")
@_CHANNELS
@_FROM
@_TO
@_LAST
@click.option("--points", type=_COUNT, default=1000, show_default=True, help="At most so many for each channel.")
@_TARGET
@click.option("--json", "as_json", is_flag=True, help="Print an array of objects; times are int64 ns since 1970 UTC.")
@click.option("--csv", "as_csv_", is_flag=True, help="Print a table of all samples for a spreadsheet.")
@click.pass_context
def get(
    ctx: click.Context,
    channels: tuple[str, ...],
    start: str | None,
    end: str | None,
    last: str | None,
    points: int,
    target: str | None,
    as_json: bool,
    as_csv_: bool,
) -> None:
    """Print past values. Exit code 1: one or more channels have none to give."""
    from osprey.cli.archive_view import as_csv, plain_series, print_series

    if as_json and as_csv_:
        msg = "give --json or --csv, not both"
        raise UsageError(msg)
    answer = anyio.run(_fetch, channels, (start, end, last), points, target)
    if as_json:
        rows = [plain_series(series, simulated=answer.simulated) for series in answer.series]
        click.echo(json.dumps(rows, ensure_ascii=False, allow_nan=False))
    elif as_csv_:
        click.echo(as_csv(answer.series, answer.zone), nl=False)
    else:
        for series in answer.series:
            if series.fault is None:
                print_series(series, answer.zone)
    _conclude(ctx, answer, quiet=as_json)


@archive.command("plot")
@_CHANNELS
@_FROM
@_TO
@_LAST
@click.option("--points", type=_COUNT, default=2000, show_default=True, help="At most so many for each channel.")
@_TARGET
@click.option("--png", type=click.Path(dir_okay=False, path_type=Path), help="Write a picture instead of drawing here.")
@click.pass_context
def plot(
    ctx: click.Context,
    channels: tuple[str, ...],
    start: str | None,
    end: str | None,
    last: str | None,
    points: int,
    target: str | None,
    png: Path | None,
) -> None:
    """Draw past values, in the terminal or as a picture. Exit code 1: one or more channels have none to give."""
    answer = anyio.run(_fetch, channels, (start, end, last), points, target)
    good = [series for series in answer.series if series.fault is None]
    if png is None:
        _draw(good, answer)
    elif good:
        from osprey.cli.archive_picture import save_picture

        title = f"target {answer.target}" + (" (simulated)" if answer.simulated else "")
        save_picture(good, png, answer.zone, title)
        click.echo(str(png))
    _conclude(ctx, answer)


@archive.command("info")
@_CHANNELS
@_TARGET
@click.option("--json", "as_json", is_flag=True, help="Print an array of objects.")
@click.pass_context
def info(ctx: click.Context, channels: tuple[str, ...], target: str | None, as_json: bool) -> None:
    """Say what the archive itself knows of channels. Exit code 1: one or more are not archived."""
    from osprey.cli.archive_view import plain_info, print_info
    from osprey.control import Fault

    infos, zone, simulated = anyio.run(_describe, channels, target)
    if as_json:
        rows = [plain_info(each, simulated=simulated) for each in infos]
        click.echo(json.dumps(rows, ensure_ascii=False))
    else:
        for each in infos:
            print_info(each, zone)
        _tell_simulated(simulated)
    if any(isinstance(each, Fault) or not each.is_archived for each in infos):
        ctx.exit(ExitCode.FAILED)


async def _fetch(
    asked: Sequence[str], times: tuple[str | None, str | None, str | None], points: int, name: str | None
) -> _Answer:
    from osprey.cli.archive_times import span_of

    async with cli_project() as project:
        zone = ZoneInfo(project.config.facility.time_zone)
        span = span_of(*times, points=points, now_ns=time.time_ns(), zone=zone)
        target, archiver = await _archiver(project, name)
        channels = await _channels(target, asked)
        series = await archiver.fetch(channels, span, timeout_s=_TIMEOUT_S)
        return _Answer(series=series, span=span, zone=zone, target=target.name, simulated=target.simulated)


async def _describe(asked: Sequence[str], name: str | None) -> tuple[list[ArchiveInfo | Fault], ZoneInfo, bool]:
    async with cli_project() as project:
        target, archiver = await _archiver(project, name)
        infos = await archiver.describe(await _channels(target, asked), timeout_s=_TIMEOUT_S)
        return infos, ZoneInfo(project.config.facility.time_zone), target.simulated


async def _archiver(project: Project, name: str | None) -> tuple[Target, Archiver]:
    from osprey.control import targets_of

    target = await targets_of(project).get(name)
    if target.archiver is None:
        msg = (
            f"target '{target.name}' has no archive; set control_system.targets.{target.name}.archiver in config.yml "
            "(osprey plugins list names what is installed)"
        )
        raise ConfigError(msg)
    return target, target.archiver


async def _channels(target: Target, asked: Sequence[str]) -> list[str]:
    """Give the names of what was asked: names, devices, or words that mean one channel."""
    from osprey.cli.channel_names import readable

    return [named.channel for named in readable(await target.directory(), asked)]


def _draw(good: Sequence[ArchiveSeries], answer: _Answer) -> None:
    from osprey.cli.archive_chart import draw
    from osprey.cli.archive_view import heading

    width = min(120, shutil.get_terminal_size().columns)
    for series in good:
        click.echo(heading(series))
        for line in draw(series, answer.span, answer.zone, width):
            click.echo(line)


def _conclude(ctx: click.Context, answer: _Answer, *, quiet: bool = False) -> None:
    from osprey.cli.archive_view import tell_gaps

    if not quiet:
        for series in answer.series:
            tell_gaps(series, answer.zone)
        _tell_simulated(answer.simulated)
    if any(series.fault is not None for series in answer.series):
        ctx.exit(ExitCode.FAILED)


def _tell_simulated(simulated: Any) -> None:
    if simulated:
        click.echo("simulated: no real machine", err=True)
