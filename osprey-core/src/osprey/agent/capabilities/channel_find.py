"""Find channels by what they are, in words."""

from __future__ import annotations

from osprey.base import BaseCapability, StepResult
from osprey.control import ChannelRecord, targets_of

_SHOWN = 25


class ChannelFindCapability(BaseCapability):
    """Search the target's channel directory."""

    name = "channel_find"
    description = "Find channels by device, family, sector, quantity or description"

    async def execute(self) -> StepResult:
        target = await targets_of(self._project).get(self.target)
        directory = await target.directory()
        query = str(self.parameter("query"))
        # All are counted, so that the figure shown is not that of the limit.
        found = directory.search(query, limit=len(directory.records))
        kept = int(self._step.parameters.get("limit", 100))
        if not found:
            return StepResult(text=f"No channel of target {self.target} matches '{query}'.")
        return StepResult(text=_listing(query, found), context={"channels": [r.name for r in found[:kept]]})


def _listing(query: str, found: list[ChannelRecord]) -> str:
    shown = found[:_SHOWN]
    width = max(len(record.name) for record in shown)
    lines = [f"{len(found)} channels match '{query}':"]
    lines += [f"  {r.name:<{width}}  {r.description}{_unit(r)}" for r in shown]
    if len(found) > len(shown):
        lines.append(f"  ... and {len(found) - len(shown)} more; name a sector, a device or a quantity to see fewer")
    return "\n".join(lines)


def _unit(record: ChannelRecord) -> str:
    return f" [{record.unit}]" if record.unit else ""
