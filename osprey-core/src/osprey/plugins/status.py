"""What became of a plugin, as values that are shown, cached and compared."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from attrs import field, frozen


class Status(StrEnum):
    """How a plugin stands."""

    OK = "ok"
    DISABLED = "disabled"
    """Blocked by the user before anything of it was imported."""
    INCOMPATIBLE = "incompatible"
    """It asks for another version of the core, or of something else that is installed."""
    BROKEN = "broken"
    """Its metadata, its import, its hooks or what they yield failed."""
    CONFLICTING = "conflicting"
    """Another plugin declares the same name; neither gets it."""
    MISSING = "missing"
    """It, or something it needs, is not installed or not usable."""


class Phase(StrEnum):
    """How far a plugin came; for a bad one, where it failed."""

    METADATA = "metadata"
    COMPATIBLE = "compatible"
    IMPORT = "import"
    VALIDATE = "validate"
    DECLARE = "declare"


class Origin(StrEnum):
    """Where a plugin came from."""

    BUILTIN = "builtin"
    INSTALLED = "installed"
    LOCAL = "local"
    """A file given with `--plugin`."""


@frozen(kw_only=True)
class PluginStatus:
    """One plugin and what became of it."""

    name: str
    distribution: str
    version: str
    status: Status
    phase: Phase
    summary: str = ""
    origin: Origin = Origin.INSTALLED
    requires: tuple[str, ...] = ()
    """Its requirements as its metadata states them."""
    reason: str = ""
    """What is wrong and how to mend it; empty for a plugin that is ok."""
    provides: Mapping[str, tuple[str, ...]] = field(factory=dict[str, tuple[str, ...]])
    """Extension point -> names that it declares, whether or not a conflict withholds them."""
    import_ms: float | None = None
    trace: str = ""
    """The traceback behind `reason`, for `osprey plugins doctor`."""

    @property
    def is_bad(self) -> bool:
        """True if something must be mended; a plugin that a person disabled is not bad."""
        return self.status not in {Status.OK, Status.DISABLED}

    def to_json(self) -> dict[str, Any]:
        """Give every field as JSON knows it."""
        return {
            "name": self.name,
            "distribution": self.distribution,
            "version": self.version,
            "status": self.status.value,
            "phase": self.phase.value,
            "summary": self.summary,
            "origin": self.origin.value,
            "requires": list(self.requires),
            "reason": self.reason,
            "provides": {point: list(names) for point, names in self.provides.items()},
            "import_ms": self.import_ms,
            "trace": self.trace,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> PluginStatus:
        """Read back what `to_json` gave.

        :raises KeyError, TypeError, ValueError: the data is of another shape; a cache is then ignored.
        """
        return cls(
            name=str(data["name"]),
            distribution=str(data["distribution"]),
            version=str(data["version"]),
            status=Status(data["status"]),
            phase=Phase(data["phase"]),
            summary=str(data["summary"]),
            origin=Origin(data["origin"]),
            requires=tuple(str(line) for line in data["requires"]),
            reason=str(data["reason"]),
            provides={str(p): tuple(str(n) for n in names) for p, names in dict(data["provides"]).items()},
            import_ms=None if data["import_ms"] is None else float(data["import_ms"]),
            trace=str(data["trace"]),
        )
