"""A series drawn with the dots of Braille, for a terminal; what is marked invalid is a gap."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from typing import Final

from osprey.control import ArchiveSeries, ArchiveSpan
from osprey.control.archive import columns_of
from osprey.control.wording import format_value

_BLANK: Final = 0x2800
_DOTS: Final = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
_ROWS: Final = 10
_LEAST_WIDTH: Final = 20


def draw(series: ArchiveSeries, span: ArchiveSpan, zone: tzinfo, width: int) -> list[str]:
    """Give the lines of a chart of at most `width` columns: values with their scale, and the ends of the time axis."""
    columns = columns_of(series)
    points = [
        (time_ns, value)
        for time_ns, value in zip(columns.times_ns, columns.values, strict=True)
        if math.isfinite(value)
    ]
    if not points:
        return ["  (nothing to draw)"]
    low, high = min(value for _, value in points), max(value for _, value in points)
    scale = [format_value(high), format_value(low)]
    margin = max(map(len, scale))
    cells = max(_LEAST_WIDTH, width - margin - 3)
    rows = _canvas(points, span, low, high, cells)
    lines: list[str] = []
    for number, row in enumerate(rows):
        label = scale[0] if number == 0 else scale[1] if number == len(rows) - 1 else ""
        lines.append(f"{label:>{margin}} ┤{row}".rstrip())
    return [*lines, _axis(span, zone, margin, cells)]


def _canvas(points: Sequence[tuple[int, float]], span: ArchiveSpan, low: float, high: float, cells: int) -> list[str]:
    """Set one dot a point: half a cell wide, a quarter of one high."""
    grid = [[_BLANK] * cells for _ in range(_ROWS)]
    length, height = span.end_ns - span.start_ns, high - low
    for time_ns, value in points:
        x = min(2 * cells - 1, (time_ns - span.start_ns) * 2 * cells // length)
        # Both halves first, so that no difference of huge values is infinite.
        share = (value / 2 - low / 2) / (high / 2 - low / 2) if height else 0.5
        y = 4 * _ROWS - 1 - round(share * (4 * _ROWS - 1))
        grid[y // 4][x // 2] |= _DOTS[x % 2][y % 4]
    return ["".join(map(chr, row)).rstrip(chr(_BLANK)) for row in grid]


def _axis(span: ArchiveSpan, zone: tzinfo, margin: int, cells: int) -> str:
    ends = [_local(time_ns, zone) for time_ns in (span.start_ns, span.end_ns)]
    gap = max(1, cells - sum(map(len, ends)))
    return f"{'':>{margin}}  {ends[0]}{' ' * gap}{ends[1]}"


def _local(time_ns: int, zone: tzinfo) -> str:
    return datetime.fromtimestamp(time_ns // 10**9, tz=UTC).astimezone(zone).strftime("%Y-%m-%d %H:%M")
