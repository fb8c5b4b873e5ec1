"""`osprey snapshot`: keep what channels read, compare it, and ask for the way back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import click

from osprey.cli.context import cli_project
from osprey.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from osprey.control import ChannelDirectory
    from osprey.control.snapshots import Difference, Snapshot, WayBack

_NAME = click.argument("name", metavar="NAME")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def snapshot() -> None:
    """Save, compare and restore what channels read; a restore is a list of writes to approve.

    A snapshot is a file, snapshots/NAME.json in the project's folder, sealed by a hash.
    """


@snapshot.command("save")
@_NAME
@click.argument("channels", metavar="[CHANNEL]...", nargs=-1)
@click.option("--pattern", "patterns", multiple=True, metavar="GLOB", help="Listed channels such as 'SR:S01:*:SP'.")
@click.option("--family", "families", multiple=True, metavar="NAME", help="Listed channels of a family, such as HCM.")
@click.option("--setpoints", is_flag=True, help="Of the listed channels the set points alone.")
@click.option("--target", metavar="NAME", help="A target other than the default one.")
@click.option("--note", default="", help="What it is for; it is kept.")
@click.option("--replace", is_flag=True, help="Write over a snapshot of this name.")
@_JSON
@click.pass_context
def save(
    ctx: click.Context,
    name: str,
    channels: tuple[str, ...],
    patterns: tuple[str, ...],
    families: tuple[str, ...],
    setpoints: bool,
    target: str | None,
    note: str,
    replace: bool,
    as_json: bool,
) -> None:
    """Read channels now and keep what they read: those named, or all that the target lists.

    Exit code 1: not one gave a value; nothing is kept then.
    """
    from osprey.cli.snapshot_view import plain_snapshot, told_of
    from osprey.control import Fault

    async def work() -> tuple[Snapshot, Path | None]:
        from osprey.approval import current_actor
        from osprey.control import targets_of
        from osprey.control.snapshots import SnapshotFolder, capture

        async with cli_project() as project:
            folder = SnapshotFolder(project.root)
            folder.file(name)
            found = await targets_of(project).get(target)
            chosen = _chosen(await found.directory(), channels, patterns, families, setpoints=setpoints)
            taken = await capture(found, chosen, name=name, saved_by=current_actor().subject, note=note)
            if all(isinstance(result, Fault) for result in taken.results):
                return taken, None
            return taken, folder.save(taken, replace=replace)

    taken, file = anyio.run(work)
    for line in told_of(taken):
        click.echo(line, err=True)
    if file is None:
        click.echo("Not one channel gave a value: nothing was kept.", err=True)
        ctx.exit(ExitCode.FAILED)
    if as_json:
        click.echo(json.dumps({**plain_snapshot(taken), "file": str(file)}, ensure_ascii=False))
    else:
        count = sum(not isinstance(result, Fault) for result in taken.results)
        click.echo(f"Saved {count} channels of {taken.target} in {file}")


@snapshot.command("list")
@_JSON
def list_snapshots(as_json: bool) -> None:
    """List the snapshots of the project."""
    from osprey.cli.snapshot_view import head_of, print_heads

    found = anyio.run(_all)
    if as_json:
        heads = [head_of(one) if not isinstance(one, tuple) else {"name": one[0], "error": one[1]} for one in found]
        click.echo(json.dumps(heads, ensure_ascii=False))
    else:
        print_heads(found)


@snapshot.command("show")
@_NAME
@_JSON
def show(name: str, as_json: bool) -> None:
    """Show what a snapshot holds."""
    from osprey.cli.snapshot_view import plain_snapshot, print_snapshot

    found = anyio.run(_load, name)
    if as_json:
        click.echo(json.dumps(plain_snapshot(found), ensure_ascii=False))
    else:
        print_snapshot(found)


@snapshot.command("diff")
@_NAME
@click.option("--against", default="machine", show_default=True, metavar="NAME", help="Another snapshot.")
@click.option("--tolerance", type=click.FloatRange(min=0), help="For every channel, instead of that of its limits.")
@_JSON
def diff(name: str, against: str, tolerance: float | None, as_json: bool) -> None:
    """Show what is different on the machine now, or in another snapshot; the largest change first."""
    from osprey.cli.snapshot_view import plain_difference, print_difference

    difference = anyio.run(_difference, name, against, tolerance)
    if as_json:
        click.echo(json.dumps(plain_difference(difference), ensure_ascii=False))
    else:
        print_difference(difference, name, against)


@snapshot.command("restore")
@_NAME
@click.option("--order", type=click.Choice(["saved", "reversed", "name"]), default="saved", show_default=True)
@click.option(
    "--group-by",
    "grouping",
    type=click.Choice(["each", "device", "family", "all"]),
    default="each",
    show_default=True,
    help="What is put together; the next group waits until one is confirmed.",
)
@_JSON
def restore(name: str, order: str, grouping: str, as_json: bool) -> None:
    """Request the writes that bring a machine back to a snapshot, and carry them out once a person has approved them.

    Channels that are as they were are left out, and so are those that cannot be written; these are named.
    """
    anyio.run(_restore, name, order, grouping, as_json)


def _chosen(
    directory: ChannelDirectory,
    channels: Sequence[str],
    patterns: Sequence[str],
    families: Sequence[str],
    *,
    setpoints: bool,
) -> list[str]:
    from osprey.cli.channel_names import readable
    from osprey.cli.snapshot_view import listed

    named = [each.channel for each in readable(directory, channels)]
    if channels and not (patterns or families):
        return named
    return named + listed(directory, patterns, families, setpoints=setpoints)


async def _all() -> list[Snapshot | tuple[str, str]]:
    from osprey.control.snapshots import SnapshotFolder

    found: list[Snapshot | tuple[str, str]] = []
    async with cli_project(needs_plugins=False) as project:
        folder = SnapshotFolder(project.root)
        for name in folder.names():
            try:
                found.append(folder.load(name))
            except UsageError as exc:
                found.append((name, str(exc)))
    return found


async def _load(name: str) -> Snapshot:
    from osprey.control.snapshots import SnapshotFolder

    async with cli_project(needs_plugins=False) as project:
        return SnapshotFolder(project.root).load(name)


async def _difference(name: str, against: str, tolerance: float | None) -> Difference:
    from osprey.control import targets_of
    from osprey.control.snapshots import SnapshotFolder, Tolerances, capture, compare

    async with cli_project() as project:
        folder = SnapshotFolder(project.root)
        saved = folder.load(name)
        target = await targets_of(project).get(saved.target)
        if against == "machine":
            other = await capture(target, list(saved.by_channel()), name="now", saved_by="")
        else:
            other = folder.load(against)
            if other.target != saved.target:
                msg = f"{name!r} is of target {saved.target!r}, {against!r} of {other.target!r}: compare like with like"
                raise UsageError(msg)
        tolerances = Tolerances(limits=target.limits, absolute=tolerance)
        return compare(saved.by_channel(), other.by_channel(), tolerances)


async def _restore(name: str, order: str, grouping: str, as_json: bool) -> None:
    from osprey.agent.session import open_agent
    from osprey.cli.ask_commands import conclude_turn
    from osprey.cli.snapshot_view import told_of_way
    from osprey.control import targets_of
    from osprey.control.snapshots import Grouping, Order, SnapshotFolder, way_back

    async with cli_project() as project:
        saved = SnapshotFolder(project.root).load(name)
        target = await targets_of(project).get(saved.target)
        way = await way_back(target, saved, order=Order(order), grouping=Grouping(grouping))
        for line in told_of_way(way):
            click.echo(line, err=True)
        if not way.groups:
            _say_nothing_is_written(way, as_json=as_json)
            return
        async with open_agent(project) as agent:
            question = f"osprey snapshot restore {name}"
            result = await agent.carry_out(_plan(saved, way), question=question, target=target.name)
            await conclude_turn(project, agent, result, as_json)


def _say_nothing_is_written(way: WayBack, *, as_json: bool) -> None:
    """Say so; what does not answer now is not as good as unchanged."""
    status, message = "done", "There is nothing to bring back."
    if way.silent:
        status, message = "failed", f"Nothing can be brought back: {len(way.silent)} channels do not answer now."
    nothing: dict[str, Any] = {"thread": None, "status": status, "answer": message, "approval": None}
    click.echo(json.dumps(nothing) if as_json else message)
    if way.silent:
        raise SystemExit(int(ExitCode.FAILED))


def _plan(saved: Snapshot, way: WayBack) -> Any:
    from osprey.agent.planning.steps import planned
    from osprey.base import PlannedStep
    from osprey.control.wire import to_wire

    groups = [
        [{"channel": item.channel, "value": to_wire(item.value), "unit": item.unit} for item in group]
        for group in way.groups
    ]
    count = sum(map(len, groups))
    step = PlannedStep(
        context_key="restoring",
        capability="channel_write",
        task_objective=f"Bring {count} channel{'s' if count > 1 else ''} back to snapshot {saved.name}",
        success_criteria="Every write is confirmed",
        expected_output="CHANNEL_WRITE_RESULTS",
        parameters={"groups": groups},
    )
    notes = [f"{channel} is left out: it {reason}" for channel, reason in way.left_out[:20]]
    if len(way.left_out) > len(notes):
        notes.append(f"{len(way.left_out) - len(notes)} more channels are left out")
    return planned([step], notes)
