"""`osprey generate soft-ioc`: from a channel list to a program that serves it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import anyio
import click
from attrs import evolve, frozen

from osprey.api import Bounds, ChannelRecord, ConfigError, Project, UsageError, cli_project, structure_settings
from osprey_epics.soft_ioc.settings import SimulationSettings

_SECTION = "simulation"
_EXAMPLE = """
simulation:
  # any form of channel list; without it that of the default target
  # channel_database: channels.json
  ioc: {name: soft-ioc, port: 5064, output_dir: generated_iocs}
  # mock_style: read-backs follow with a lag, measurements have noise; passthrough: what is written stays
  base: {type: mock_style, noise_level: 0.01, update_rate: 10.0}
  # Python of your own, imported by the generated IOC alone
  # overlays: [{file_path: overlays/orbit.py, class_name: OrbitBackend, params: {}}]
  # set point: read-back
  # pairings: {"SR:HCM01:SP": "SR:HCM01:RB"}
"""


@frozen(kw_only=True)
class Wanted:
    """What the options say."""

    channels: Path | None
    output: Path | None
    name: str | None
    port: int | None
    limits: Path | None
    limit: int | None
    pattern: re.Pattern[str] | None


@click.command("soft-ioc")
@click.option(
    "-c",
    "--channels",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The channel list, or one of the predecessor's databases.",
)
@click.option("-o", "--output", type=click.Path(file_okay=False, path_type=Path), help="The folder to write to.")
@click.option("--name", help="What the files are called.")
@click.option("--port", type=click.IntRange(0, 65535), help="Where it serves unless told otherwise; 0: any free one.")
@click.option(
    "--limits",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The limits file that gives drive limits; default: that of the default target.",
)
@click.option("--limit", type=click.IntRange(min=1), help="The first so many channels only.")
@click.option("--filter-pattern", "pattern", metavar="RE", help="Only channels whose names match this expression.")
@click.option(
    "--pv-count-warning-threshold", "many", type=click.IntRange(min=1), default=1000, show_default=True,
    help="Warn of more channels than this.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Say what would be written, and write nothing.")
@click.option("--init", "is_init", is_flag=True, help="Add a `simulation` section to config.yml to start from.")
@click.option("--force", is_flag=True, help="Write anew what is there already.")
def soft_ioc(
    channels: Path | None,
    output: Path | None,
    name: str | None,
    port: int | None,
    limits: Path | None,
    limit: int | None,
    pattern: str | None,
    many: int,
    dry_run: bool,
    is_init: bool,
    force: bool,
) -> None:
    """Write a soft IOC that serves a channel list over Channel Access and PV Access.

    The options come before the `simulation` section of config.yml. Records get their types from the list where it
    states them, else from the words of names; set points are paired with their read-backs. The program runs on its
    own, with softioc and numpy.
    """
    wanted = Wanted(
        channels=channels,
        output=output,
        name=name,
        port=port,
        limits=limits,
        limit=limit,
        pattern=_compiled(pattern),
    )
    anyio.run(_start_section if is_init else _generate, *(() if is_init else (wanted, many, dry_run, force)))


def _compiled(pattern: str | None) -> re.Pattern[str] | None:
    try:
        return None if pattern is None else re.compile(pattern)
    except re.error as exc:
        msg = f"--filter-pattern {pattern!r} is no regular expression: {exc}"
        raise UsageError(msg) from exc


async def _start_section() -> None:
    async with cli_project() as project:
        file = project.config.source
        if file is None:
            msg = "there is no config.yml here yet: osprey init"
            raise UsageError(msg)
        if any(section.path == _SECTION for section in project.config.sections):
            msg = f"{file} has a `{_SECTION}` section already"
            raise UsageError(msg)
        text = file.read_text(encoding="utf-8")
        file.write_text(text.rstrip("\n") + "\n" + _EXAMPLE, encoding="utf-8")
        click.echo(f"Added a `{_SECTION}` section to {file}. Then: osprey generate soft-ioc")


async def _generate(wanted: Wanted, many: int, dry_run: bool, force: bool) -> None:
    from osprey_epics.soft_ioc.pairs import pair_up
    from osprey_epics.soft_ioc.plans import plan_records
    from osprey_epics.soft_ioc.writing import compose, write_files

    async with cli_project() as project:
        settings = _settings(project, wanted)
        channels = _chosen(_listed(project, settings, wanted), wanted)
        plans = pair_up(plan_records(channels, _bounds(project, wanted)), channels, settings.pairings)
        folder = wanted.output or project.root / settings.ioc.output_dir
        files = compose(settings, plans, channels, folder, project.root)
        if len(plans) > many:
            click.echo(f"warning: {len(plans)} channels; one Python IOC sets about 6000 values a second", err=True)
        if not dry_run:
            write_files(files, force=force)
    _report(plans, files.texts, files.program, dry_run)


def _settings(project: Project, wanted: Wanted) -> SimulationSettings:
    section = next((s.settings for s in project.config.sections if s.path == _SECTION), {})
    settings: SimulationSettings = structure_settings(SimulationSettings, section, _SECTION)
    ioc = settings.ioc
    given = {"name": wanted.name, "port": wanted.port}
    return evolve(settings, ioc=evolve(ioc, **{key: value for key, value in given.items() if value is not None}))


def _listed(project: Project, settings: SimulationSettings, wanted: Wanted) -> list[ChannelRecord]:
    from osprey.api import load_channels

    control = project.config.control_system
    own = control.targets[control.default_target].channels
    named = project.root / settings.channel_database if settings.channel_database else own
    path = wanted.channels or named
    if path is None:
        msg = "there is no channel list: give -c FILE, or `simulation.channel_database` in config.yml"
        raise UsageError(msg)
    return load_channels(path)


def _chosen(channels: Sequence[ChannelRecord], wanted: Wanted) -> list[ChannelRecord]:
    pattern = wanted.pattern
    chosen = [channel for channel in channels if pattern is None or pattern.search(channel.name)][: wanted.limit]
    if not chosen:
        why = (
            f"none of {len(channels)} channels matches {pattern.pattern!r}" if pattern else "the channel list is empty"
        )
        msg = f"there is nothing to serve: {why}"
        raise UsageError(msg)
    return chosen


def _bounds(project: Project, wanted: Wanted) -> Callable[[str], Bounds | None]:
    from osprey.api import load_limits

    control = project.config.control_system
    path = wanted.limits or control.targets[control.default_target].limits.file
    if path is None:
        return lambda _: None
    if not path.is_file():
        msg = f"the limits file {path} is not there: mend `limits.file`, or give --limits"
        raise ConfigError(msg)
    limits = load_limits(path)

    def bounds(name: str) -> Bounds | None:
        rule = limits.rule_for(name)
        return rule.bounds if rule else None

    return bounds


def _report(plans: Sequence[Any], texts: dict[Path, str], program: Path, dry_run: bool) -> None:
    kinds: dict[str, int] = {}
    for plan in plans:
        kinds[plan.record] = kinds.get(plan.record, 0) + 1
    listed = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    pairs = sum(bool(plan.readback) for plan in plans)
    click.echo(f"{len(plans)} channels ({listed}), {pairs} set points with a read-back.")
    for path in texts:
        click.echo(f"{'would write' if dry_run else 'wrote'} {path}")
    if not dry_run:
        click.echo(f"Start it with: python {program}")
