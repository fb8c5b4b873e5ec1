"""The figure of a scan, by matplotlib where that is installed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from osprey.agent.capabilities.scan_data import figure_columns
from osprey.base.contexts import ScanData
from osprey.services.python_executor.record import write_private

_MOST_PANELS: Final = 6


def draw_scan(data: ScanData, folder: Path, title: str, *, simulated: bool) -> Path | None:
    """Draw what was measured, a panel each; None without matplotlib, or where there is nothing to draw.

    One axis gives curves, two give coloured points on the plane, three the points in their order.
    """
    columns = dict(list(figure_columns(data).items())[:_MOST_PANELS])
    if not columns or find_spec("matplotlib") is None:
        return None
    figures = folder / "figures"
    figures.mkdir(mode=0o700, exist_ok=True)
    path = figures / "scan.png"
    write_private(path, _drawn(data, columns, f"{title} (simulation)" if simulated else title))
    return path


def _drawn(data: ScanData, columns: Mapping[str, Sequence[Any]], title: str) -> bytes:
    from matplotlib.figure import Figure

    figure: Any = Figure(figsize=(7, 1 + 2.6 * len(columns)), layout="constrained")
    figure.suptitle(title)
    panels = figure.subplots(len(columns), squeeze=False)[:, 0]
    for panel, (name, column) in zip(panels, columns.items(), strict=True):
        _panel(figure, panel, data, name, column)
    image = BytesIO()
    figure.savefig(image, format="png", dpi=110)
    return image.getvalue()


def _panel(figure: Any, panel: Any, data: ScanData, name: str, column: Sequence[Any]) -> None:
    values = [float("nan") if value is None else float(value) for value in column]
    label = _labelled(name, data.units.get(name, ""))
    along = next(iter(data.axes))
    if len(data.axes) == 2:
        x, y = data.axes
        points = panel.scatter(x.values[: len(values)], y.values[: len(values)], c=values, cmap="viridis")
        figure.colorbar(points, ax=panel, label=label)
        panel.set_ylabel(_labelled(y.channel, y.unit))
    else:
        places: Sequence[float] = along.values if len(data.axes) == 1 else range(1, len(values) + 1)
        panel.plot(places[: len(values)], values, "o-")
        panel.set_ylabel(label)
    panel.set_xlabel("point" if len(data.axes) > 2 else _labelled(along.channel, along.unit))
    panel.grid(alpha=0.3)


def _labelled(name: str, unit: str) -> str:
    return f"{name} ({unit})" if unit else name
