"""The columns of a series as plain lists, with a gap wherever the archive says that a value means nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeVar, cast

from attrs import frozen

from osprey.control.archive.series import INVALID_NUMBER, ArchiveSeries

T = TypeVar("T")


@frozen(kw_only=True)
class Columns:
    """What may be plotted and summed up."""

    times_ns: list[int]
    values: list[float]
    """NaN stands for a sample that is no measurement, so that a plot breaks there."""
    invalid: int
    """How many samples the archive marks INVALID."""

    @property
    def numbers(self) -> list[float]:
        """The values that figures may be computed of."""
        return [value for value in self.values if math.isfinite(value)]


def columns_of(series: ArchiveSeries) -> Columns:
    """Give times, and values with gaps for what is marked INVALID."""
    values, severities = plain_list(series.values), plain_list(series.severities)
    invalid = [index for index, severity in enumerate(severities) if severity == INVALID_NUMBER]
    for index in invalid:
        values[index] = math.nan
    return Columns(times_ns=plain_list(series.times_ns), values=values, invalid=len(invalid))


def plain_list(column: Sequence[T]) -> list[T]:
    """Give a column as a list of Python's own numbers; a NumPy array converts itself, and much faster."""
    convert: Any = getattr(column, "tolist", None)
    return cast("list[T]", convert()) if convert is not None else list(column)
