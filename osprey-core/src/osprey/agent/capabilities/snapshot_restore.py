"""Bring a target back to a snapshot: one list of writes, with its approval."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

from osprey.agent.capabilities.write_requests import WriteList, WriteListCapability
from osprey.base import StepResult, StepStatus
from osprey.control import WriteBatch, targets_of
from osprey.control.snapshots import Grouping, Order, SnapshotFolder, WayBack, way_back
from osprey.errors import UsageError

_MOST_TOLD = 20

E = TypeVar("E", bound=StrEnum)


class SnapshotRestoreCapability(WriteListCapability):
    """Write what has changed since and can be written; what cannot is named before the decision."""

    name = "snapshot_restore"
    description = "Bring channels back to a snapshot after a person's approval"
    provides = ("CHANNEL_WRITE_RESULTS",)

    async def planned_writes(self) -> WriteList | StepResult:
        saved = SnapshotFolder(self._project.root).load(str(self.parameter("name")))
        target = await targets_of(self._project).get(self.target)
        order = _one_of(Order, "order", self.step.parameters.get("order", Order.SAVED.value))
        grouping = _one_of(Grouping, "grouping", self.step.parameters.get("grouping", Grouping.EACH.value))
        way = await way_back(target, saved, order=order, grouping=grouping)
        told = _told(way)
        if not way.groups:
            return _nothing(way, told)
        return WriteList(batch=WriteBatch(target=target.name, groups=way.groups), told=told)


def _one_of(kind: type[E], name: str, value: object) -> E:
    try:
        return kind(value)
    except ValueError as exc:
        msg = f"'{name}' is one of {', '.join(kind)}, not {value!r}"
        raise UsageError(msg) from exc


def _told(way: WayBack) -> tuple[str, ...]:
    lines = [f"{channel} is left out: it {reason}" for channel, reason in way.left_out[:_MOST_TOLD]]
    if len(way.left_out) > _MOST_TOLD:
        lines.append(f"{len(way.left_out) - _MOST_TOLD} more channels are left out")
    if way.unchanged:
        lines.append(f"{len(way.unchanged)} channels are as they were, and are not written")
    return tuple(lines)


def _nothing(way: WayBack, told: tuple[str, ...]) -> StepResult:
    """Say that nothing is written; what does not answer now is not as good as unchanged."""
    if way.silent:
        head = f"Nothing can be brought back: {len(way.silent)} channels do not answer now."
        return StepResult(status=StepStatus.FAILED, text="\n".join([head, *told]))
    return StepResult(text="\n".join(["There is nothing to bring back.", *told]))
