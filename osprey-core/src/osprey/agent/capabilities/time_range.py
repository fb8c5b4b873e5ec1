"""A span of time, in words, as a result that later steps are handed."""

from __future__ import annotations

import time

from osprey.base import BaseCapability, StepResult, StepStatus
from osprey.base.contexts import TimeRange
from osprey.control.wording import format_time
from osprey.models.phrasebook import Clarification, NotUnderstood, parse_span


class TimeRangeCapability(BaseCapability):
    """Read `yesterday between 8 and 9` in the facility's time zone."""

    name = "time_range"
    description = "Turn words such as 'yesterday between 8 and 9' into a span of time"
    is_independent = True
    provides = ("TIME_RANGE",)

    async def execute(self) -> StepResult:
        zone = self._project.config.facility.time_zone
        text = self.text_parameter("text")
        span = parse_span(text, now_ns=time.time_ns(), time_zone=zone)
        if isinstance(span, NotUnderstood | Clarification):
            return StepResult(status=StepStatus.FAILED, text=str(span))
        found = TimeRange(start_ns=span.start_ns, end_ns=span.end_ns, text=span.text, time_zone=zone)
        told = f"'{span.text}' is {format_time(span.start_ns, zone)} to {format_time(span.end_ns, zone)}."
        return StepResult(text=told, context=await self.leave(found))
