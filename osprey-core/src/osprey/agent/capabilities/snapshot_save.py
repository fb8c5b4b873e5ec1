"""Keep what channels read now as a snapshot of the project."""

from __future__ import annotations

import time

from osprey.agent.capabilities.reading_contexts import channels_of
from osprey.approval import current_actor
from osprey.base import BaseCapability, StepResult, StepStatus
from osprey.base.contexts import SnapshotContext
from osprey.control import Fault, targets_of
from osprey.control.snapshots import SnapshotFolder, capture
from osprey.errors import UsageError


class SnapshotSaveCapability(BaseCapability):
    """Read the channels that are named or were found before, and keep what they read in `snapshots/`."""

    name = "snapshot_save"
    description = "Save what channels read now, so that they can be brought back later"
    provides = ("SNAPSHOT",)

    async def execute(self) -> StepResult:
        folder = SnapshotFolder(self._project.root)
        name = str(self.step.parameters.get("name") or time.strftime("snapshot-%Y%m%d-%H%M%S", time.gmtime()))
        folder.file(name)
        stated = self.channel_parameter()
        channels = list(dict.fromkeys([*stated, *channels_of((await self.loaded_inputs()).values())]))
        if not channels:
            msg = f"step '{self.step.context_key}' names no channel to save: give 'channels', or find some before"
            raise UsageError(msg)
        target = await targets_of(self._project).get(self.target)
        note, by = str(self.step.parameters.get("note", "")), current_actor().subject
        taken = await capture(target, channels, name=name, saved_by=by, note=note)
        faults = [result for result in taken.results if isinstance(result, Fault)]
        if len(faults) == len(taken.results):
            return StepResult(
                status=StepStatus.FAILED,
                text="\n".join(["Not one channel gave a value: nothing was kept.", *map(_why, faults[:10])]),
            )
        file = folder.save(taken, replace=self.step.parameters.get("replace", False) is True)
        missing = tuple(fault.channel for fault in faults)
        left = SnapshotContext(
            name=name, file=str(file), saved_ns=taken.saved_ns, channels=tuple(channels), missing=missing
        )
        count = len(taken.results) - len(faults)
        return StepResult(
            text=f"Saved {count} of {len(taken.results)} channels of {taken.target} as snapshot '{name}'.",
            context=await self.leave(left, channels=tuple(channels)),
            artifacts=(str(file),),
            warnings=tuple(map(_why, faults)),
        )


def _why(fault: Fault) -> str:
    return f"{fault.channel}: {fault.message}"
