"""What Claude Code may do: read in its own folder. Every call of a tool passes here, whatever else allows it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from attrs import define, field

READING_TOOLS: Final = ("Read", "Grep", "Glob")
_PLACES: Final = {"Read": ("file_path",), "Grep": ("path",), "Glob": ("path",)}
"""Where a tool's arguments hold a path."""


@define
class Gate:
    """The gate of one program; it keeps what it refused."""

    work: Path
    refused: list[str] = field(factory=list[str])

    def reason_against(self, tool: str, arguments: Mapping[str, Any]) -> str:
        """Say why a call may not be; empty if it may."""
        reason = self._reason(tool, arguments)
        if reason:
            self.refused.append(f"{tool}: {reason}")
        return reason

    def _reason(self, tool: str, arguments: Mapping[str, Any]) -> str:
        if tool not in READING_TOOLS:
            return f"there are {', '.join(READING_TOOLS)} and no other tools: answer with the program"
        for name in _PLACES[tool]:
            given = arguments.get(name)
            if given is not None and not self._is_inside(given):
                return f"only files in {self.work} may be read"
        pattern = arguments.get("pattern") if tool == "Glob" else arguments.get("glob")
        if isinstance(pattern, str) and (".." in Path(pattern).parts or Path(pattern).is_absolute()):
            return "a pattern stays in the folder: no '..', and no path from the root"
        return ""

    def _is_inside(self, given: object) -> bool:
        if not isinstance(given, str) or "\0" in given:
            return False
        # Resolved, because a link may lie in a copied folder, and because `..` is a way out.
        return (self.work / given).resolve().is_relative_to(self.work)
