"""Find channels by what they are, in words."""

from __future__ import annotations

from osprey.base import BaseCapability, StepResult
from osprey.control import ChannelRecord, targets_of
from osprey.control.channels.directory import SearchResult

_SHOWN = 25


class ChannelFindCapability(BaseCapability):
    """Search the target's channel directory."""

    name = "channel_find"
    description = "Find channels by device, family, sector, quantity or description"

    async def execute(self) -> StepResult:
        target = await targets_of(self._project).get(self.target)
        directory = await target.directory()
        query = str(self.parameter("query"))
        kept = int(self._step.parameters.get("limit", 100))
        # All are counted, so that the figure shown is not that of the limit.
        found = directory.find(query, limit=max(kept, _SHOWN))
        if not found.count:
            return StepResult(text=f"No channel of target {self.target} matches '{query}'.")
        return StepResult(text=_listing(query, found), context={"channels": [r.name for r in found.records[:kept]]})


def _listing(query: str, found: SearchResult) -> str:
    shown = found.records[:_SHOWN]
    width = max(len(record.name) for record in shown)
    # Who counts devices is told so, where all that was found is at hand.
    devices = {record.device for record in found.records if record.device}
    counted = f" ({len(devices)} devices)" if len(devices) > 1 and len(found.records) == found.count else ""
    lines = [f"{found.count} channels match '{query}'{counted}:"]
    lines += [f"  {r.name:<{width}}  {r.description}{_unit(r)}" for r in shown]
    if found.count > len(shown):
        lines.append(f"  ... and {found.count - len(shown)} more; name a sector, a device or a quantity to see fewer")
    return "\n".join(lines)


def _unit(record: ChannelRecord) -> str:
    return f" [{record.unit}]" if record.unit else ""
