"""What earlier steps have left behind, for a person or a planner to look at. Nothing is changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from osprey.base import BaseCapability, StepResult
from osprey.base.contexts import preview
from osprey.base.contexts.context import CONTEXT_TYPE_KEY, PREVIEW_KEY, PROVENANCE_KEY, untyped
from osprey.config.closest import did_you_mean
from osprey.control.wording import format_time
from osprey.errors import UsageError

_MOST_LISTED = 50


class ContextCapability(BaseCapability):
    """List what is there, or show one of it with where it comes from."""

    name = "context"
    description = "List or show what earlier steps left behind"

    async def execute(self) -> StepResult:
        operation = str(self.step.parameters.get("op", "list"))
        match operation:
            case "list":
                return StepResult(text=self._listed())
            case "show":
                return StepResult(text=self._shown(str(self.parameter("key"))))
            case _:
                msg = f"capability 'context' has no operation {operation!r}; it has 'list' and 'show'"
                raise UsageError(msg)

    def _listed(self) -> str:
        contexts = self._state.contexts()
        if not contexts:
            return "No earlier step has left anything behind."
        lines = [f"{len(contexts)} left behind, the latest last:"]
        lines += [f"  {key}: {self._head(one)}" for key, one in list(contexts.items())[-_MOST_LISTED:]]
        return "\n".join(lines)

    def _shown(self, key: str) -> str:
        contexts = self._state.contexts()
        if key not in contexts:
            there = ", ".join(list(contexts)[:10]) or "nothing"
            msg = f"no step has left {key!r} behind; {did_you_mean(key, contexts) or f'there is {there}'}"
            raise UsageError(msg)
        context = contexts[key]
        fields = context.get(PREVIEW_KEY) or preview.preview_of(untyped(context))
        lines = [f"{key}: {self._head(context)}"]
        lines += [f"  {name}: {json.dumps(value, ensure_ascii=False)}" for name, value in fields.items()]
        return "\n".join(lines)

    def _head(self, context: Mapping[str, Any]) -> str:
        provenance: Mapping[str, Any] = context.get(PROVENANCE_KEY) or {}
        zone = self._project.config.facility.time_zone
        parts = [str(context.get(CONTEXT_TYPE_KEY) or "without a type")]
        if provenance:
            parts.append(f"of {provenance['capability']}, {format_time(provenance['made_ns'], zone)}")
        if count := provenance.get("channel_count"):
            parts.append(f"{count} channel{'' if count == 1 else 's'} of {provenance['target']}")
        if provenance.get("request_id"):
            parts.append(f"request {provenance['request_id']}")
        return ", ".join(parts)
