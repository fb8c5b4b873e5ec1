"""`osprey channels watch`: a live table in a terminal, one line an update in a pipe."""

from __future__ import annotations

import json
import math
import sys
import time
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

import anyio
import click
from attrs import define, field, frozen

from osprey.cli.channel_names import Named, readable
from osprey.cli.channel_view import COLOURS, age_text, plain_reading, reason_of, severity_text, value_text
from osprey.cli.context import cli_project
from osprey.control import Fault, Reading, Severity, targets_of
from osprey.printable import printable

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

    from osprey.control import ReadResult, Updates

_BARS = "▁▂▃▄▅▆▇█"
_HISTORY = 24
_RATE_SPAN_S = 5.0
_BUFFER = 200
"""Updates of a channel kept between two lists, so that rates are true; what does not fit is counted as dropped."""
_REDRAW_S = 0.25


@frozen(kw_only=True)
class WatchOptions:
    """What was asked for beside the channels."""

    seconds: float | None
    count: int | None
    rate_hz: float
    as_json: bool


@define(kw_only=True)
class Watched:
    """One channel's row."""

    named: Named
    latest: ReadResult | None = None
    values: deque[float] = field(factory=lambda: deque(maxlen=_HISTORY))
    times: deque[float] = field(factory=lambda: deque(maxlen=2000))
    total: int = 0

    def note(self, result: ReadResult) -> None:
        """Take an update."""
        self.latest = result
        self.total += 1
        self.times.append(time.monotonic())
        if isinstance(result, Reading) and isinstance(result.value, int | float) and math.isfinite(result.value):
            self.values.append(float(result.value))

    def rate_hz(self, now: float) -> float:
        """Give updates a second, over the last seconds."""
        return sum(1 for at in self.times if now - at <= _RATE_SPAN_S) / _RATE_SPAN_S


def sparkline(values: Sequence[float]) -> str:
    """Draw values as bars, the least and the greatest of them at the ends of the scale."""
    if not values:
        return ""
    low, high = min(values), max(values)
    # Halved, so that the distance of the largest numbers stays finite.
    span = high / 2 - low / 2
    if span <= 0:
        return _BARS[3] * len(values)
    return "".join(_BARS[min(7, int((value / 2 - low / 2) / span * 8))] for value in values)


async def watch_channels(asked: Sequence[str], name: str | None, options: WatchOptions) -> None:
    """Subscribe, and show every update until time, count or a person ends it.

    :raises UsageError: words mean several channels.
    """
    async with cli_project() as project:
        target = await targets_of(project).get(name)
        rows = {n.channel: Watched(named=n) for n in readable(await target.directory(), asked)}
        subscription = target.connector.subscribe(list(rows), max_rate_hz=options.rate_hz, buffer=_BUFFER)
        async with subscription as updates:
            with anyio.move_on_after(math.inf if options.seconds is None else options.seconds):
                if sys.stdout.isatty() and not options.as_json:
                    await _table(rows, updates, options)
                else:
                    async with anyio.create_task_group() as tasks:
                        tasks.start_soon(_tell_of_silent, rows, target.config.read_timeout_s)
                        await _lines(rows, updates, options)
                        tasks.cancel_scope.cancel()


async def _lines(rows: dict[str, Watched], updates: Updates, options: WatchOptions) -> None:
    seen = lost = 0
    async for results in updates:
        for result in results:
            row = rows[result.channel]
            row.note(result)
            click.echo(json.dumps(plain_reading(row.named, result)) if options.as_json else _line(row.named, result))
            seen += 1
            if seen == options.count:
                return
        if updates.dropped > lost:
            click.echo(f"{updates.dropped - lost} updates were dropped: the reader is too slow", err=True)
            lost = updates.dropped


async def _tell_of_silent(rows: dict[str, Watched], wait_s: float) -> None:
    await anyio.sleep(wait_s)
    for row in rows.values():
        if row.latest is None:
            click.echo(f"{row.named.channel}: nothing has answered for it yet", err=True)


def _line(named: Named, result: ReadResult) -> str:
    if isinstance(result, Fault):
        return f"{named.channel}  DISCONNECTED  {reason_of(result)}"
    return f"{named.channel}  {value_text(result)}  {printable(result.unit)}  {severity_text(result)}  {_clock(result)}"


def _clock(reading: Reading) -> str:
    seconds = (reading.received_ns if reading.source_ns is None else reading.source_ns) / 1e9
    return time.strftime("%H:%M:%S", time.localtime(seconds)) + f"{seconds % 1:.3f}"[1:]


async def _table(rows: dict[str, Watched], updates: Updates, options: WatchOptions) -> None:
    from rich.live import Live

    with Live(_draw(rows, 0), auto_refresh=False) as live:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_redraw, live, rows, updates)
            await _take(rows, updates, options)
            tasks.cancel_scope.cancel()
        live.update(_draw(rows, updates.dropped), refresh=True)


async def _take(rows: dict[str, Watched], updates: Updates, options: WatchOptions) -> None:
    seen = 0
    async for results in updates:
        for result in results:
            rows[result.channel].note(result)
            seen += 1
            if seen == options.count:
                return


async def _redraw(live: Live, rows: dict[str, Watched], updates: Updates) -> None:
    # Ages grow without any update, so the table is drawn by the clock.
    while True:
        live.update(_draw(rows, updates.dropped), refresh=True)
        await anyio.sleep(_REDRAW_S)


def _draw(rows: dict[str, Watched], dropped: int) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, caption=f"{dropped} updates dropped" if dropped else None)
    for name in ("channel", "value", "unit", "severity", "age", "rate", "trend"):
        table.add_column(name, justify="right" if name in ("value", "rate") else "left", overflow="fold")
    now = time.monotonic()
    for row in rows.values():
        rate = f"{row.rate_hz(now):.1f}/s"
        # Text() keeps what a device says from being read as markup.
        name = Text(printable(row.named.channel))
        match row.latest:
            case None:
                table.add_row(name, "", "", Text("waiting", "dim"), "", "", "")
            case Reading() as reading:
                style = COLOURS[reading.severity] + ("" if reading.severity is Severity.OK else " bold")
                cells = (value_text(reading), printable(reading.unit))
                alarm = Text(severity_text(reading), style)
                table.add_row(name, *map(Text, cells), alarm, age_text(reading), rate, sparkline(row.values))
            case Fault() as fault:
                told = Text(f"DISCONNECTED {reason_of(fault)}", "magenta bold")
                table.add_row(name, "", "", told, "", rate, sparkline(row.values))
    return table
