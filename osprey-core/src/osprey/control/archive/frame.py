"""A view for pandas: an extra, imported when it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from osprey.control.archive.columns import columns_of, plain_list
from osprey.control.archive.series import ArchiveSeries
from osprey.errors import UsageError

if TYPE_CHECKING:
    from pandas import DataFrame


def to_frame(series: ArchiveSeries | Sequence[ArchiveSeries]) -> DataFrame:
    """Show series as a table whose index is the time in UTC, to the nanosecond.

    One series has the columns ``value`` and ``severity`` (numbers of `SEVERITIES`); several have a column of values
    for each channel, with an outer join of their times and nothing filled in. A value marked INVALID is NaN.

    :raises UsageError: pandas is not installed, or a series carries a fault.
    """
    many = [series] if isinstance(series, ArchiveSeries) else list(series)
    for one in many:
        if one.fault is not None:
            msg = f"{one.channel}: {one.fault.message}"
            raise UsageError(msg)
    pandas = _pandas()
    if isinstance(series, ArchiveSeries):
        columns = {"value": columns_of(series).values, "severity": plain_list(series.severities)}
        return pandas.DataFrame(columns, index=_index(pandas, series)).astype({"value": "float64", "severity": "int8"})
    columns = {
        one.channel: pandas.Series(columns_of(one).values, index=_index(pandas, one), dtype="float64")
        # A time that stands twice keeps its last sample, or the join would multiply rows.
        .groupby(level=0)
        .last()
        for one in many
    }
    return pandas.DataFrame(columns) if columns else pandas.DataFrame(index=_index(pandas, ArchiveSeries(channel="")))


def _index(pandas: Any, series: ArchiveSeries) -> Any:
    import numpy as np

    times = np.asarray(series.times_ns, dtype="int64").view("M8[ns]")
    return pandas.DatetimeIndex(times, name="time").tz_localize("UTC")


def _pandas() -> Any:
    try:
        import pandas
    except ImportError as exc:
        msg = "a table needs pandas, which is not installed: pip install 'osprey-core[pandas]'"
        raise UsageError(msg) from exc
    return pandas
