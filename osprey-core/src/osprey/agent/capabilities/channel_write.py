"""Write channels: set, step, or scan, each as one approved list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osprey.agent.capabilities.write_lists import groups_of_scan, groups_of_writes
from osprey.agent.capabilities.write_requests import KIND, WriteList, WriteListCapability
from osprey.control import WriteBatch, targets_of

__all__ = ["KIND", "ChannelWriteCapability"]


class ChannelWriteCapability(WriteListCapability):
    """Write what the plan lists."""

    name = "channel_write"
    description = "Set, step or scan channels after a person's approval"
    provides = ("CHANNEL_WRITE_RESULTS",)

    async def planned_writes(self) -> WriteList:
        target = await targets_of(self._project).get(self.target)
        parameters: Mapping[str, Any] = self.step.parameters
        observe: Mapping[str, Any] = parameters.get("observe", {})
        if "scan" in parameters:
            groups = await groups_of_scan(target, parameters["scan"])
        else:
            groups = await groups_of_writes(target, self.parameter("groups"))
        return WriteList(
            batch=WriteBatch(
                target=self.target,
                groups=groups,
                observe=tuple(observe.get("channels", ())),
                settle_s=float(observe.get("settle_s", 0.0)),
            )
        )
