"""Series as a picture, by matplotlib: one panel a unit, a gap wherever a value is marked invalid."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

from osprey.control import ArchiveSeries
from osprey.control.archive import columns_of
from osprey.errors import UsageError


def save_picture(many: Sequence[ArchiveSeries], path: Path, zone: tzinfo, title: str) -> None:
    """Write a PNG.

    :raises UsageError: matplotlib is not installed, or the file cannot be written.
    """
    figure_class, dates = _matplotlib()
    units = list(dict.fromkeys(series.unit for series in many))
    figure = figure_class(figsize=(9, 1 + 3 * len(units)), layout="constrained")
    figure.suptitle(title)
    axes = figure.subplots(len(units), 1, sharex=True, squeeze=False)[:, 0]
    locator = dates.AutoDateLocator(tz=zone)
    for axis, unit in zip(axes, units, strict=True):
        for series in (series for series in many if series.unit == unit):
            columns = columns_of(series)
            moments = [datetime.fromtimestamp(time_ns / 1e9, tz=UTC).astimezone(zone) for time_ns in columns.times_ns]
            style = "steps-post" if series.labels else "default"
            axis.plot(moments, columns.values, label=series.channel, drawstyle=style)
        axis.set_ylabel(unit or "value")
        axis.grid(alpha=0.3)
        axis.legend(fontsize="small")
        axis.xaxis.set_major_locator(locator)
        axis.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator, tz=zone))
    axes[-1].set_xlabel(f"time ({zone})")
    try:
        figure.savefig(path, format="png", dpi=120)
    except OSError as exc:
        msg = f"{path} cannot be written: {exc.strerror or exc}"
        raise UsageError(msg) from exc


def _matplotlib() -> tuple[Any, Any]:
    try:
        from matplotlib import dates
        from matplotlib.figure import Figure
    except ImportError as exc:
        msg = "a picture needs matplotlib, which is not installed: pip install 'osprey-core[analysis]'"
        raise UsageError(msg) from exc
    return Figure, dates
