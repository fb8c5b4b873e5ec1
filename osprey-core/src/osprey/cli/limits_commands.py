"""`osprey limits`: what would decide about a write, where a channel's limits come from, what is wrong with the file."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import click

from osprey.cli.context import cli_project
from osprey.errors import ConfigError, ConnectorError, ExitCode, UsageError

if TYPE_CHECKING:
    from osprey.control.limits.explaining import Origin
    from osprey.control.limits.limits import Limits
    from osprey.control.limits.linting import Finding, Surroundings
    from osprey.control.requests import JudgedItem, Judgement
    from osprey.control.targets import Target
    from osprey.project import Project

_TARGET = click.option("--target", metavar="NAME", help="A target other than the default one.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one object.")


@click.group()
def limits() -> None:
    """Say what the limits allow, where they come from, and what is wrong with them."""


# A value may begin with a minus; it is not an option then.
@limits.command("check", context_settings={"ignore_unknown_options": True})
@click.argument("channel")
@click.argument("value", type=click.UNPROCESSED)
@_TARGET
@click.option("--unit", help="The unit you mean; another one than the channel's is refused.")
@_JSON
@click.pass_context
def check(ctx: click.Context, channel: str, value: str, target: str | None, unit: str | None, as_json: bool) -> None:
    """Ask the guard whether a write would be allowed now, and by which rule not; nothing is sent.

    VALUE is a number, true or false, a state, a text, or a JSON list. Exit code 0: allowed (a person still
    approves it), 3: refused.
    """
    judgement = anyio.run(_judge, channel, value, target, unit)
    item = judgement.items[0]
    if as_json:
        click.echo(json.dumps(_plain_verdict(judgement, item), ensure_ascii=False))
    else:
        _print_verdict(judgement, item)
    if not judgement.is_allowed:
        ctx.exit(ExitCode.REFUSED)


@limits.command("show")
@click.argument("channel")
@_TARGET
@_JSON
def show(channel: str, target: str | None, as_json: bool) -> None:
    """Show every setting that the limits file has for a channel, and which entry it comes from."""
    origins = anyio.run(_origins, channel, target)
    if as_json:
        click.echo(json.dumps([_plain_origin(origin) for origin in origins], ensure_ascii=False))
        return
    if not origins:
        click.echo(f"No entry of the limits lists {channel}.", err=True)
    for origin in origins:
        note = "" if origin.is_in_force else "  (a narrower or more specific entry decides)"
        click.echo(f"{origin.key:<18}  {json.dumps(origin.value, ensure_ascii=False)}  from {origin.source}{note}")


@limits.command("lint")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@_TARGET
@click.option("--offline", is_flag=True, help="Look at the file and the channel list only; ask no control system.")
@_JSON
@click.pass_context
def lint(ctx: click.Context, file: Path | None, target: str | None, offline: bool, as_json: bool) -> None:
    """Find what cannot be meant: unknown names, empty ranges, settings without effect.

    FILE: another file than the target's. Exit code 0: no error, 1: errors.
    """
    from osprey.control.limits.linting import Grade

    findings = anyio.run(_lint, file, target, offline)
    if as_json:
        click.echo(json.dumps([_plain_finding(finding) for finding in findings], ensure_ascii=False))
    else:
        for finding in findings:
            where = f"{finding.entry!r}: " if finding.entry else ""
            click.echo(f"{finding.grade}: {where}{finding.message} [{finding.rule}]")
        if not findings:
            click.echo("Nothing is wrong with the limits.", err=True)
    if any(finding.grade is Grade.ERROR for finding in findings):
        ctx.exit(ExitCode.FAILED)


async def _judge(channel: str, text: str, target: str | None, unit: str | None) -> Judgement:
    from osprey.approval import current_actor
    from osprey.control.guard.guard import guard_of
    from osprey.control.requests import Actor, JudgeRequest, WriteBatch, WriteItem
    from osprey.control.targets import targets_of

    async with cli_project() as project:
        opened = await targets_of(project).get(target)
        item = WriteItem(channel=channel, value=await _value_of(opened, channel, text), unit=unit)
        who = current_actor()
        actor = Actor(subject=who.subject, terminal=who.terminal, host=who.host)
        batch = WriteBatch(target=opened.name, groups=((item,),))
        return await guard_of(project).judge(JudgeRequest(batch=batch, actor=actor))


async def _value_of(target: Target, channel: str, text: str) -> Any:
    """Read a value as its channel takes it: to a text channel ``5`` is a text."""
    from osprey.control.values import ChannelInfo, DType

    (info,) = await target.connector.describe([channel], timeout_s=target.config.read_timeout_s)
    if isinstance(info, ChannelInfo) and info.dtype is DType.STR and not info.shape:
        return text
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError):
        return _special(text)
    if value is None or isinstance(value, dict):
        raise UsageError(f"{text!r} is no value: give a number, true or false, a state, a text or a list")
    return value


def _special(text: str) -> Any:
    """Give a number that JSON has no word for, so that the guard refuses it as the number it is."""
    try:
        number = float(text)
    except ValueError:
        return text
    return number if not math.isfinite(number) else text


async def _origins(channel: str, target: str | None) -> list[Origin]:
    from osprey.control.limits.explaining import origins_of
    from osprey.control.targets import targets_of
    from osprey.control.values import ChannelInfo

    async with cli_project() as project:
        opened = await targets_of(project).get(target)
        (info,) = await opened.connector.describe([channel], timeout_s=opened.config.read_timeout_s)
        name = channel
        if isinstance(info, ChannelInfo) and info.name:
            name = info.name if info.is_value_field else f"{info.name}.{info.field}"
        return origins_of(opened.limits, name)


async def _lint(file: Path | None, target: str | None, offline: bool) -> list[Finding]:
    from osprey.control.limits.limits_file import load_limits
    from osprey.control.limits.linting import Finding, Grade, lint_limits
    from osprey.control.targets import naming_of, targets_of

    async with cli_project() as project:
        config = targets_of(project).config(target)
        path = file or config.limits.file
        if path is None:
            raise UsageError(f"target {config.name!r} has no `limits.file`; name a file")
        naming = naming_of(project.registry.entry("connectors", config.connector).registration)
        try:
            found = load_limits(path, naming=naming)
        except ConfigError as exc:
            return [Finding(grade=Grade.ERROR, rule="schema", entry="", message=str(exc))]
        return lint_limits(found, await _surroundings(project, config.name, found, offline))


async def _surroundings(project: Project, target: str, found: Limits, offline: bool) -> Surroundings:
    """Give what the channel list and the control system know; what cannot be asked is told and left out."""
    from osprey.control.channels.channel_file import load_channels
    from osprey.control.guard.survey import describe_channels
    from osprey.control.limits.linting import Surroundings, names_to_ask
    from osprey.control.targets import targets_of

    config = targets_of(project).config(target)
    if offline:
        listed = [] if config.channels is None else load_channels(config.channels)
        return Surroundings(names=[record.name for record in listed])
    try:
        opened = await targets_of(project).get(target)
        directory = await opened.directory()
        infos = await describe_channels(opened, names_to_ask(found))
    except ConnectorError as exc:
        click.echo(f"The control system cannot be asked: {exc}", err=True)
        return await _surroundings(project, target, found, offline=True)
    return Surroundings(names=[record.name for record in directory.records], infos=infos)


def _print_verdict(judgement: Judgement, item: JudgedItem) -> None:
    simulated = " (simulated)" if judgement.simulated else ""
    if not item.is_allowed:
        click.echo(f"refused on {judgement.target}{simulated} by {item.rule}: {item.reason}")
        return
    unit = f" {item.unit}" if item.unit else ""
    now = "" if item.before is None else f", now {item.before}{unit}"
    low, high = item.bounds.low, item.bounds.high
    bounds = "" if low is None and high is None else f", bounds {_bound(low)} to {_bound(high)}"
    click.echo(f"allowed on {judgement.target}{simulated}: {item.name} = {item.label or item.value}{unit}{now}{bounds}")


def _bound(bound: float | None) -> str:
    return "none" if bound is None else f"{bound:g}"


def _plain_verdict(judgement: Judgement, item: JudgedItem) -> dict[str, Any]:
    from osprey.control.wire import to_wire

    return {
        "target": judgement.target,
        "simulated": judgement.simulated,
        "channel": item.channel,
        "name": item.name,
        "value": to_wire(item.value),
        "label": item.label,
        "unit": item.unit,
        "allowed": item.is_allowed,
        "rule": item.rule,
        "reason": item.reason,
        "before": to_wire(item.before),
        "min": item.bounds.low,
        "max": item.bounds.high,
        "tolerance": item.tolerance,
        "readback": item.readback,
        "limits_sha256": judgement.limits_sha256,
    }


def _plain_origin(origin: Origin) -> dict[str, Any]:
    return {"key": origin.key, "value": origin.value, "source": origin.source, "in_force": origin.is_in_force}


def _plain_finding(finding: Finding) -> dict[str, Any]:
    return {
        "grade": finding.grade.value,
        "rule": finding.rule,
        "entry": finding.entry,
        "message": finding.message,
    }
