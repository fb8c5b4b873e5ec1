"""`osprey channels`: find, read, write, watch and explain channels, on any target."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import click
from attrs import evolve

from osprey.cli.context import cli_project
from osprey.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from osprey.base import ExecutionPlan
    from osprey.cli.channel_names import Named
    from osprey.cli.channel_values import Intended
    from osprey.control import ChannelDirectory, ChannelRecord, ReadResult, Target
    from osprey.control.channels.directory import SearchResult
    from osprey.project import Project

_TARGET = click.option("--target", metavar="NAME", help="A target other than the default one.")
_CHANNELS = click.argument("channels", metavar="CHANNEL...", nargs=-1, required=True)


@click.group()
def channels() -> None:
    """Find, read, write, watch and explain channels.

    CHANNEL is a name as the control system knows it, an alias or a device of the channel list, or words that
    mean one channel alone, in quotes: "beam lifetime".
    """


@channels.command("find")
@click.argument("words", metavar="WORDS...", nargs=-1, required=True)
@_TARGET
@click.option("--limit", type=click.IntRange(min=1), default=25, show_default=True, help="Show so many.")
@click.option("--json", "as_json", is_flag=True, help="Print one object: the count and the channels.")
@click.pass_context
def find(ctx: click.Context, words: tuple[str, ...], target: str | None, limit: int, as_json: bool) -> None:
    """Find channels by words, names, devices and sectors; misspelling is forgiven. Exit code 1: none found."""
    result = anyio.run(_find, " ".join(words), target, limit)
    if as_json:
        from osprey.control.channels.entries import entry_of

        listed = [entry_of(record) for record in result.records]
        click.echo(json.dumps({"count": result.count, "channels": listed}, ensure_ascii=False))
    else:
        _print_found(result, " ".join(words))
    if not result.count:
        ctx.exit(ExitCode.FAILED)


@channels.command("read")
@_CHANNELS
@_TARGET
@click.option("--json", "as_json", is_flag=True, help="Print an array of objects, with values in exact form too.")
@click.pass_context
def read(ctx: click.Context, channels: tuple[str, ...], target: str | None, as_json: bool) -> None:
    """Read channels now: value, unit, severity, age. Exit code 1: one or more gave no value."""
    from osprey.cli.channel_view import plain_reading, print_readings
    from osprey.control import Fault

    named, results = anyio.run(_read, channels, target)
    if as_json:
        rows = [plain_reading(name, result) for name, result in zip(named, results, strict=True)]
        click.echo(json.dumps(rows, ensure_ascii=False))
    else:
        print_readings(named, results)
    if any(isinstance(result, Fault) for result in results):
        ctx.exit(ExitCode.FAILED)


# A value may begin with a minus; it is not an option then.
@channels.command("write", context_settings={"ignore_unknown_options": True})
@click.argument("assignments", metavar="CHANNEL VALUE | CHANNEL=VALUE...", nargs=-1, type=click.UNPROCESSED)
@_TARGET
@click.option("--unit", help="The unit you mean; another one than the channel's is refused, never converted.")
@click.option("--group", "together", is_flag=True, help="Put all together; else one after the other, in order.")
@click.option("--from", "file", type=click.File(), help="Lines of CHANNEL VALUE [UNIT]; - is the standard input.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON; never ask for a decision.")
def write(
    assignments: tuple[str, ...], target: str | None, unit: str | None, together: bool, file: Any, as_json: bool
) -> None:
    """Request writes, and carry them out once a person has approved them.

    Without a terminal, and with --json, it ends with exit code 4 and says how to decide and go on. A refusal ends
    with exit code 3 and names its rule. The first write that is not confirmed stops those after it.
    """
    from osprey.cli.channel_values import intended_in, intended_of

    if bool(assignments) == bool(file):
        msg = "say what to write: CHANNEL VALUE, CHANNEL=VALUE ..., or --from FILE, and only one of them"
        raise UsageError(msg)
    intended = intended_in(Path(file.name).name, file, unit) if file else intended_of(assignments, unit)
    anyio.run(_write, intended, target, together, as_json)


@channels.command("watch")
@_CHANNELS
@_TARGET
@click.option("--for", "seconds", type=click.FloatRange(min=0, min_open=True), help="End after so many seconds.")
@click.option("--count", type=click.IntRange(min=1), help="End after so many updates.")
@click.option("--rate", type=click.FloatRange(0.1, 100), default=10.0, show_default=True, help="Lists a second.")
@click.option("--json", "as_json", is_flag=True, help="Print one object an update, a line each.")
def watch(
    channels: tuple[str, ...], target: str | None, seconds: float | None, count: int | None, rate: float, as_json: bool
) -> None:
    """Show channels as they change: a live table, or in a pipe one line an update. Ctrl-C ends it."""
    from osprey.cli.channel_watch import WatchOptions, watch_channels

    options = WatchOptions(seconds=seconds, count=count, rate_hz=rate, as_json=as_json)
    try:
        anyio.run(watch_channels, channels, target, options)
    except KeyboardInterrupt:
        # Ending it is what Ctrl-C is for here.
        return


@channels.command("info")
@_CHANNELS
@_TARGET
@click.option("--json", "as_json", is_flag=True, help="Print an array of objects.")
@click.pass_context
def info(ctx: click.Context, channels: tuple[str, ...], target: str | None, as_json: bool) -> None:
    """Tell all that is known of channels: their names, limits and access, and what forbids writing them.

    The guard is asked whether the present value could be written; nothing is sent.
    """
    from osprey.cli.channel_info import known_of, plain_known, print_known

    facts = anyio.run(known_of, channels, target)
    if as_json:
        click.echo(json.dumps([plain_known(each) for each in facts], ensure_ascii=False))
    else:
        print_known(facts)
    if any(each.fault for each in facts):
        ctx.exit(ExitCode.FAILED)


async def _find(words: str, name: str | None, limit: int) -> SearchResult:
    from osprey.control import targets_of

    async with cli_project() as project:
        target = await targets_of(project).get(name)
        directory = await target.directory()
        if not len(directory):
            click.echo(
                f"target {target.name!r} lists no channels: give it a channel list "
                f"(`control_system.targets.{target.name}.channels`)",
                err=True,
            )
        return directory.find(words, limit=limit)


def _print_found(result: SearchResult, words: str) -> None:
    from osprey.cli.channel_view import columns
    from osprey.printable import printable

    if not result.count:
        click.echo(f"No channel matches '{words}'.", err=True)
        return
    for line in columns([tuple(map(printable, _cells(record))) for record in result.records]):
        click.echo(line)
    if result.count > len(result.records):
        more = result.count - len(result.records)
        click.echo(f"... and {more} more; name a sector, a device or a quantity, or use --limit", err=True)


def _cells(record: ChannelRecord) -> tuple[str, ...]:
    return (record.name, record.role, record.unit, record.description)


async def _read(asked: tuple[str, ...], name: str | None) -> tuple[list[Named], list[ReadResult]]:
    from osprey.cli.channel_names import readable
    from osprey.control import targets_of

    async with cli_project() as project:
        target = await targets_of(project).get(name)
        named = readable(await target.directory(), asked)
        timeout_s = target.config.read_timeout_s
        results = await target.connector.read([each.channel for each in named], timeout_s=timeout_s)
        return named, [_with_hint(await target.directory(), result) for result in results]


def _with_hint(directory: ChannelDirectory, result: ReadResult) -> ReadResult:
    from osprey.control import ErrorKind, Fault

    if not isinstance(result, Fault) or result.kind is not ErrorKind.NOT_FOUND or directory.get(result.channel):
        return result
    near = directory.closest(result.channel)
    return evolve(result, message=f"{result.message}; did you mean {' or '.join(near)}?") if near else result


async def _write(intended: list[Intended], name: str | None, together: bool, as_json: bool) -> None:
    from osprey.agent.session import open_agent
    from osprey.cli.ask_commands import conclude_turn
    from osprey.control import targets_of

    async with cli_project() as project, open_agent(project) as agent:
        target = await targets_of(project).get(name)
        plan = await _plan(project, target, intended, together)
        typed = ", ".join(f"{each.asked} = {each.text}" for each in intended[:5])
        more = f" and {len(intended) - 5} more" if len(intended) > 5 else ""
        result = await agent.carry_out(plan, question=f"osprey channels write {typed}{more}", target=target.name)
        await conclude_turn(project, agent, result, as_json)


async def _plan(project: Project, target: Target, intended: list[Intended], together: bool) -> ExecutionPlan:
    from osprey.base import ExecutionPlan, PlannedStep
    from osprey.cli.channel_names import settable
    from osprey.cli.channel_values import value_of
    from osprey.control import ChannelInfo

    directory = await target.directory()
    named = [settable(directory, each.asked) for each in intended]
    infos = await target.connector.describe([n.channel for n in named], timeout_s=target.config.read_timeout_s)
    known = [info if isinstance(info, ChannelInfo) else None for info in infos]
    values = [value_of(each, info) for each, info in zip(intended, known, strict=True)]
    writes: list[dict[str, Any]] = [
        {"channel": n.channel, "value": value, "unit": each.unit}
        for n, value, each in zip(named, values, intended, strict=True)
    ]
    first = f"Set {named[0].channel} to {intended[0].text}{' ' + intended[0].unit if intended[0].unit else ''}"
    step = PlannedStep(
        context_key="writing",
        capability="channel_write",
        task_objective=first if len(writes) == 1 else f"Write {len(writes)} channels",
        success_criteria="Every write is confirmed",
        expected_output="CHANNEL_WRITE_RESULTS",
        parameters={"groups": [writes] if together else [[write] for write in writes]},
    )
    said = [f"'{n.asked}' is taken as {n.channel}" for n in named if n.asked.removesuffix(".VAL") != n.channel]
    return ExecutionPlan(steps=(step,), assumptions=tuple(said))
