"""`osprey config` and `osprey init`: what is in force and from where, what is wrong, and a new project."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from osprey.cli.context import load_options, project_start

if TYPE_CHECKING:
    from osprey.cli.config_report import Report
    from osprey.config import Config

_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def config() -> None:
    """Show the configuration that is in force, and say what is wrong with the file."""


@config.command("show")
@click.option("--origin", is_flag=True, help="Say of each value where it comes from.")
@_as_json
def show_command(origin: bool, as_json: bool) -> None:
    """Show every value that is in force; secrets are masked."""
    from osprey.cli.config_report import registry_of
    from osprey.cli.config_view import origins_json, values_text
    from osprey.config import config_to_plain, section_statuses
    from osprey.config.sections import SectionState

    found = _load()
    if as_json:
        _print_json(origins_json(found) if origin else config_to_plain(found))
    else:
        click.echo(values_text(found, origin=origin))
    click.echo(f"from {found.source or 'the embedded defaults: no config.yml was found'}", err=True)
    for status in section_statuses(found, registry_of(found, load_options())):
        if status.state is not SectionState.OK:
            click.echo(f"note: {status.sentence()}", err=True)


@config.command("check")
@_as_json
def check_command(as_json: bool) -> None:
    """Say everything that is wrong with the file, and every key of it that has no effect."""
    from osprey.cli.config_report import make_report
    from osprey.cli.config_view import report_json, report_text

    report = make_report(project_start(), load_options())
    if as_json:
        _print_json(report_json(report))
    else:
        click.echo(report_text(report))
    _conclude(report)


def _conclude(report: Report) -> None:
    from osprey.config import InvalidConfigError

    if report.problems:
        raise InvalidConfigError(report.problems)


@click.command()
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(file_okay=False, path_type=Path))
@click.option("--ioc", metavar="HOST[:PORT]", help="An IOC that becomes the target `epics` beside the simulated ring.")
@click.option(
    "--channels",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file that lists the channels of the IOC with their descriptions.",
)
def init(folder: Path | None, ioc: str | None, channels: Path | None) -> None:
    """Make DIR (else the present folder) a project: a commented config.yml. No file is overwritten."""
    from osprey.config import write_project
    from osprey.config.scaffold import Ioc

    place = folder or project_start() or Path.cwd()
    if channels is not None:
        from osprey.control.channels.channel_file import load_channels

        load_channels(channels)  # a broken list is found now, by the one who has it at hand
    made = write_project(place, ioc=None if ioc is None else Ioc.parse(ioc), channels=channels)
    for file in made.written:
        click.echo(f"wrote {file}")
    for hint in made.hints:
        click.echo(f"left to do: {hint}")
    if place.resolve() != Path.cwd():
        click.echo(f"next: cd {place}")
    click.echo("next: osprey config check")
    click.echo(f"next: osprey ask {_first_question(is_ioc=ioc is not None, is_listed=channels is not None)}")


def _first_question(*, is_ioc: bool, is_listed: bool) -> str:
    if not is_ioc:
        return '"what is the beam current"'
    # An IOC cannot list its channels: without a list of them only a full name is understood.
    return '--target epics "what is the beam current"' if is_listed else '--target epics "what is MY:CHANNEL"'


def _load() -> Config:
    from osprey.config import load_config

    return load_config(project_start(), environ=os.environ)


def _print_json(document: Any) -> None:
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))
