"""Read channels now."""

from __future__ import annotations

from osprey.agent.capabilities.reading_contexts import channels_of, values_of
from osprey.base import BaseCapability, StepResult, StepStatus
from osprey.control import Fault, targets_of
from osprey.control.wording import format_reading
from osprey.errors import UsageError


class ChannelReadCapability(BaseCapability):
    """Read fresh values with units, alarms and times."""

    name = "channel_read"
    description = "Read the present value of channels"
    is_independent = True
    provides = ("CHANNEL_VALUES",)

    async def execute(self) -> StepResult:
        channels = self.channel_parameter()
        channels += channels_of((await self.loaded_inputs()).values())
        if not channels:
            msg = f"step '{self._step.context_key}' names no channel to read"
            raise UsageError(msg)
        target = await targets_of(self._project).get(self.target)
        results = await target.connector.read(channels, timeout_s=target.config.read_timeout_s)
        directory = await target.directory()
        zone = self._project.config.facility.time_zone
        lines = [format_reading(result, directory.get(result.channel), zone) for result in results]
        faults = [result for result in results if isinstance(result, Fault)]
        return StepResult(
            status=StepStatus.FAILED if len(faults) == len(results) else StepStatus.DONE,
            text="\n".join(lines),
            context=await self.leave(values_of(results), channels=tuple(channels)),
            warnings=tuple(f"{fault.channel}: {fault.message}" for fault in faults),
        )
