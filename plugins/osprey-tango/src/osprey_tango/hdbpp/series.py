"""The samples of one attribute within a span and a budget of points."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import numpy as np
from attrs import frozen

from osprey.api import ArchivedSample, ArchiveSeries, ArchiveSpan, describe_coverage
from osprey_tango.hdbpp import statements
from osprey_tango.hdbpp.attributes import Attribute, Facts, Kind
from osprey_tango.hdbpp.database import Session
from osprey_tango.hdbpp.times import from_ns, to_ns

_WORST: Final = 3
Row = tuple[Any, ...]


@frozen(kw_only=True)
class Reader:
    """Reads the samples of one attribute."""

    session: Session
    schema: str
    attribute: Attribute
    facts: Facts

    def read(self, channel: str, span: ArchiveSpan) -> ArchiveSeries:
        """Give the series; with more samples than the budget, what the database made of equal bins."""
        start, end = from_ns(span.start_ns), from_ns(span.end_ns)
        values = {"id": self.attribute.id, "start": start, "end": end, "most": span.max_points + 1}
        before = self._rows(statements.BEFORE, values)
        if start == end or self._rows(statements.COUNT, values)[0][0] <= span.max_points:
            return self._made(channel, span, before, self._rows(statements.SAMPLES, values), width=None)
        length_us = (end - start) // timedelta(microseconds=1)
        width = timedelta(microseconds=-(-length_us // span.max_points))
        is_mean = self.attribute.kind is Kind.NUMBER
        rows = self._rows(statements.MEANS if is_mean else statements.LASTS, {**values, "width": width})
        if is_mean:
            # A mean stands in the middle of its bin.
            rows = [(min(bin_ + width / 2, end - timedelta(microseconds=1)), *rest) for bin_, *rest in rows]
        return self._made(channel, span, before, rows, width=width)

    def _rows(self, statement: Any, values: dict[str, Any]) -> list[Row]:
        table, column = self.attribute.table, self.attribute.column
        return self.session.rows(statements.over(statement, schema=self.schema, table=table, value=column), values)

    def _made(
        self, channel: str, span: ArchiveSpan, before: list[Row], rows: list[Row], *, width: timedelta | None
    ) -> ArchiveSeries:
        labels = list(self.facts.labels)
        held = [_sample(row, labels, self.attribute.kind) for row in before]
        times_ns = np.fromiter((to_ns(row[0]) for row in rows), dtype=np.int64, count=len(rows))
        values = _numbers([row[1] for row in rows], labels, self.attribute.kind)
        count = len(rows)
        return ArchiveSeries(
            channel=channel,
            unit=self.facts.unit,
            times_ns=times_ns,
            values=values,
            severities=_severities([row[2] for row in rows], values),
            labels=tuple(labels),
            before=held[0] if held else None,
            is_reduced=width is not None,
            reduction="" if width is None else self._told(width),
            coverage=describe_coverage(
                span,
                first_ns=int(times_ns[0]) if count else None,
                last_ns=int(times_ns[-1]) if count else None,
                now_ns=time.time_ns(),
                begins=not held,
                held_ns=held[0].time_ns if held else None,
                paused=self.facts.paused,
            ),
        )

    def _told(self, width: timedelta) -> str:
        what = "mean" if self.attribute.kind is Kind.NUMBER else "last sample"
        return f"{what} of {width.total_seconds():.6g} s"


def _sample(row: Row, labels: list[str], kind: Kind) -> ArchivedSample:
    value = _numbers([row[1]], labels, kind)
    return ArchivedSample(time_ns=to_ns(row[0]), value=float(value[0]), severity=int(_severities([row[2]], value)[0]))


def _numbers(column: Sequence[Any], labels: list[str], kind: Kind) -> Any:
    """Give values as numbers: NaN for what has none, and for texts their places in `labels`, which grows."""
    if kind is Kind.TEXT:
        places = {text: float(number) for number, text in enumerate(labels)}
        column = [None if text is None else places.setdefault(text, float(len(places))) for text in column]
        labels[:] = places
    return np.array([math.nan if value is None else float(value) for value in column], dtype=np.float64)


def _severities(numbers: Sequence[Any], values: Any) -> Any:
    """Give severities; where no value was stored, HDB++ recorded an error."""
    severities = np.array(numbers, dtype=np.int8)
    severities[np.isnan(values)] = _WORST
    return severities
