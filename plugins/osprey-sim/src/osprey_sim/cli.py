"""`osprey sim`: serve the ring, list its channels, switch its faults, forget its history."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import attrs
import click

from osprey.api import UsageError
from osprey_sim.history import History
from osprey_sim.project_state import ring_of_project
from osprey_sim.settings import SimSettings

F = TypeVar("F", bound=Callable[..., Any])


@click.group
def sim() -> None:
    """Serve the simulated ring, list its channels, switch its faults."""


def _which_ring(command: F) -> F:
    """Add the options that name a ring: by its state file, or by a target of the project."""
    for option in (
        click.option("--target", metavar="NAME", help="A target of connector 'sim' (default: the only one)."),
        click.option(
            "--state",
            type=click.Path(path_type=Path, dir_okay=False),
            help="The history of a ring, by its file.",
        ),
    ):
        command = option(command)
    return command


def _find_ring(state: Path | None, target: str | None) -> tuple[Path, SimSettings]:
    if state is not None and target is not None:
        msg = "give --state or --target, not both"
        raise UsageError(msg)
    return (state.absolute(), SimSettings()) if state is not None else ring_of_project(target)


@sim.command
@click.option("--epics", "over_epics", is_flag=True, help="Serve over EPICS Channel Access (needs softioc).")
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="0: any free port.")
@click.option("--interface", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--seed", type=int, help="Which ring it is; default: that of the state file, else 1.")
@click.option("--rate", type=click.FloatRange(0.01, 20.0), default=2.0, show_default=True, help="Updates in Hz.")
@_which_ring
def serve(
    over_epics: bool,
    port: int,
    interface: str,
    seed: int | None,
    rate: float,
    state: Path | None,
    target: str | None,
) -> None:
    """Serve the ring as a real IOC until SIGTERM or Ctrl-C.

    A line that starts with READY names the port when clients can connect.
    """
    if not over_epics:
        msg = "nothing to serve over: give --epics"
        raise UsageError(msg)
    from osprey_sim.ioc import ServeOptions, require_softioc, serve_ring

    require_softioc()
    path, settings = _find_ring(state, target)
    options = ServeOptions(
        port=port,
        state=path,
        seed=settings.seed if seed is None else seed,
        rate_hz=rate,
        noise=settings.noise,
        interface=interface,
    )
    serve_ring(options, partial(print, flush=True))


@sim.command
@click.option("--format", "form", type=click.Choice(["yaml", "json"]), default="yaml", show_default=True)
@click.option("--json", "form", flag_value="json", help="The same as --format json.")
@click.option("--prefix", default="", help="Only channels whose names begin so, such as SR:S04.")
def channels(form: str, prefix: str) -> None:
    """Print the channel list, for a target's `channels` file."""
    from osprey_sim.catalogue import ring_catalogue

    found = [channel.record for channel in ring_catalogue().channels if channel.record.name.startswith(prefix)]
    if not found:
        msg = f"no channel of the simulated ring begins with {prefix!r}"
        raise UsageError(msg)
    if form == "json":
        rows = [attrs.asdict(record, filter=lambda _, value: value not in (None, "", ())) for record in found]
        click.echo(json.dumps({"channels": rows}, indent=2))
    else:
        from osprey.api import dump_channels

        click.echo(dump_channels(found), nl=False)


@sim.group
def fault() -> None:
    """Switch faults: stuck (supply), trip (supply), drift (BPM), leak (vacuum gauge)."""


@fault.command("on")
@click.argument("kind")
@click.argument("device")
@_which_ring
def fault_on(kind: str, device: str, state: Path | None, target: str | None) -> None:
    """Break DEVICE in the way of KIND, such as: stuck HCM03."""
    _switch(kind, device, state, target, is_on=True)


@fault.command("off")
@click.argument("kind")
@click.argument("device")
@_which_ring
def fault_off(kind: str, device: str, state: Path | None, target: str | None) -> None:
    """Repair DEVICE."""
    _switch(kind, device, state, target, is_on=False)


def _switch(kind: str, device: str, state: Path | None, target: str | None, *, is_on: bool) -> None:
    from osprey_sim.faults import check_fault

    name, place = check_fault(kind, device)
    path, settings = _find_ring(state, target)
    History(path, seed=settings.seed).append(fault=name.value, device=place, is_on=is_on)
    click.echo(f"{name.value} {place}: {'on' if is_on else 'off'}", err=True)


@fault.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print an array of {fault, device, since}.")
@_which_ring
def fault_list(as_json: bool, state: Path | None, target: str | None) -> None:
    """List the faults that are on."""
    from osprey_sim.ring import Ring

    path, settings = _find_ring(state, target)
    machine = Ring(History(path, seed=settings.seed)).refresh()
    rows = [
        {"fault": kind.value, "device": device, "since": _text(t_ns)} for (kind, device), t_ns in machine.faults.items()
    ]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    elif rows:
        for row in rows:
            click.echo(f"{row['fault']:<6} {row['device']:<8} since {row['since']}")
    else:
        click.echo("no fault is on", err=True)


@sim.group("state")
def state_group() -> None:
    """Show or forget what was done to the ring."""


@state_group.command("show")
@click.option("--json", "as_json", is_flag=True, help="Print {state, seed, changes}.")
@_which_ring
def state_show(as_json: bool, state: Path | None, target: str | None) -> None:
    """Show where the history is and how long it has become."""
    path, settings = _find_ring(state, target)
    history = History(path, seed=settings.seed)
    history.refresh()
    row = {"state": str(path), "seed": history.seed, "changes": len(history.changes)}
    click.echo(json.dumps(row) if as_json else "\n".join(f"{key}: {value}" for key, value in row.items()))


@state_group.command("reset")
@_which_ring
def state_reset(state: Path | None, target: str | None) -> None:
    """Make the ring as its seed made it; the old history is kept in a file beside it."""
    path, settings = _find_ring(state, target)
    kept = History(path, seed=settings.seed).reset()
    click.echo(f"{path} begins anew; the old history is in {kept}", err=True)


def _text(t_ns: int) -> str:
    return datetime.fromtimestamp(t_ns / 1e9, tz=UTC).isoformat(timespec="seconds")
