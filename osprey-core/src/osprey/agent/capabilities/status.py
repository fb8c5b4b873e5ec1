"""What waits, what may be done to which target, whether writes are halted, what is configured. Nothing is changed."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any, Final

from osprey.base import BaseCapability, StepResult
from osprey.config import config_to_plain
from osprey.config.plain import leaves
from osprey.control import targets_of
from osprey.control.wording import format_time
from osprey.errors import UsageError
from osprey.journal import RequestState, journal_of

_ABOUT: Final = ("all", "waiting", "targets", "halt", "configuration")
_MOST_LINES: Final = 60


class StatusCapability(BaseCapability):
    """Say how things stand in this project."""

    name = "status"
    description = "Say what waits for a decision, which targets there are, if writes are halted, what is configured"

    async def execute(self) -> StepResult:
        about = str(self.step.parameters.get("about", "all"))
        if about not in _ABOUT:
            msg = f"capability 'status' says nothing about {about!r}; it does about {', '.join(_ABOUT)}"
            raise UsageError(msg)
        parts: list[str] = []
        if about in ("all", "halt"):
            parts.append(await self._halt())
        if about in ("all", "waiting"):
            parts.append(await self._waiting())
        if about in ("all", "targets"):
            parts.append(self._targets())
        if about == "configuration":
            parts.append(self._configuration(str(self.step.parameters.get("keys", "*"))))
        return StepResult(text="\n".join(parts))

    async def _halt(self) -> str:
        halt = await journal_of(self._project).halt.state()
        if not halt.is_set:
            return "Writes are not halted."
        since = format_time(halt.since_ns, self._project.config.facility.time_zone)
        return f"Writes are halted since {since} by {halt.actor}: {halt.reason}"

    async def _waiting(self) -> str:
        rows = await journal_of(self._project).requests.list(states=(RequestState.PENDING,))
        if not rows:
            return "Nothing waits for a decision."
        zone = self._project.config.facility.time_zone
        lines = [f"{len(rows)} wait{'s' if len(rows) == 1 else ''} for a decision:"]
        lines += [f"  {row.id}  {row.title} (until {format_time(row.expires_ns, zone)})" for row in rows[:_MOST_LINES]]
        return "\n".join(lines)

    def _targets(self) -> str:
        targets = targets_of(self._project)
        default = self._project.config.control_system.default_target
        lines = ["Targets:"]
        for name in targets.names:
            config = targets.config(name)
            mark = " (default)" if name == default else ""
            writes = "writes enabled" if config.writes_enabled else "no writes"
            lines.append(f"  {name}{mark}: {config.connector}, posture {config.posture}, {writes}")
        return "\n".join(lines)

    def _configuration(self, pattern: str) -> str:
        """Give the values in force whose keys fit a pattern; a secret is masked."""
        found = [(".".join(path), value) for path, value in leaves(config_to_plain(self._project.config))]
        lines = [f"  {key}: {_said(value)}" for key, value in found if fnmatchcase(key, pattern)]
        if not lines:
            return f"No key of the configuration fits '{pattern}'."
        more = [f"  ... and {len(lines) - _MOST_LINES} more; name keys, such as 'approval.*'"]
        return "\n".join(["In force:", *lines[:_MOST_LINES], *(more if len(lines) > _MOST_LINES else ())])


def _said(value: Any) -> str:
    return "nothing" if value in ("", None, [], {}) else str(value)
