"""Find channels by what they are, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osprey.agent.capabilities.choosing import chooser_of
from osprey.base import BaseCapability, StepResult
from osprey.base.contexts import ChannelAddresses
from osprey.config import PipelineMode
from osprey.control import ChannelRecord, targets_of
from osprey.control.channels.pipelines import ChannelFinding, find_channels
from osprey.errors import UsageError

_SHOWN = 25


class ChannelFindCapability(BaseCapability):
    """Search the target's channel directory by the configured pipeline."""

    name = "channel_find"
    description = "Find channels by device, family, sector, quantity or description"
    is_independent = True
    provides = ("CHANNEL_ADDRESSES",)

    direct_chat_enabled = True

    @classmethod
    def chat_parameters(cls, text: str) -> Mapping[str, Any]:
        return {"query": text}

    async def execute(self) -> StepResult:
        target = await targets_of(self._project).get(self.target)
        query, kept = self.text_parameter("query"), self._limit()
        found = await find_channels(
            query,
            await target.directory(),
            self._mode(),
            chooser=chooser_of(self._project),
            limit=max(kept, _SHOWN),
        )
        names = tuple(record.name for record in found.records[:kept])
        left = ChannelAddresses(channels=names, query=query, count=found.count, pipeline=found.pipeline.value)
        context = await self.leave(left, channels=names)
        if not found.count:
            told = f"No channel of target {self.target} matches '{query}'."
            return StepResult(text=told, context=context, warnings=found.notes)
        # All are counted, so that the figure shown is not that of the limit.
        return StepResult(text=_listing(query, found), context=context, warnings=found.notes)

    def _limit(self) -> int:
        limit = self.step.parameters.get("limit", 100)
        if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
            msg = f"step '{self.step.context_key}': 'limit' is a whole number from 1, not {limit!r}"
            raise UsageError(msg)
        return limit

    def _mode(self) -> PipelineMode:
        """Give the pipeline of the step, else that of the configuration."""
        stated = self.step.parameters.get("pipeline")
        if stated is None:
            return self._project.config.channel_finder.pipeline_mode
        try:
            return PipelineMode(stated)
        except ValueError as exc:
            msg = f"there is no pipeline {stated!r}; there are {', '.join(PipelineMode)}"
            raise UsageError(msg) from exc


def _listing(query: str, found: ChannelFinding) -> str:
    shown = found.records[:_SHOWN]
    width = max(len(record.name) for record in shown)
    # Who counts devices is told so, where all that was found is at hand.
    devices = {record.device for record in found.records if record.device}
    counted = f" ({len(devices)} devices)" if len(devices) > 1 and len(found.records) == found.count else ""
    lines = [f"{found.count} channels match '{query}'{_by(found)}{counted}:"]
    lines += [f"  {r.name:<{width}}  {r.description}{_unit(r)}" for r in shown]
    if found.count > len(shown):
        lines.append(f"  ... and {found.count - len(shown)} more; name a sector, a device or a quantity to see fewer")
    return "\n".join(lines)


def _by(found: ChannelFinding) -> str:
    return f" ({'; '.join(found.trail)})" if found.trail else ""


def _unit(record: ChannelRecord) -> str:
    return f" [{record.unit}]" if record.unit else ""
