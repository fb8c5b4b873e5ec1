"""The base of typed contexts, where a context comes from, and contexts that have no class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final

from attrs import field, frozen

CONTEXT_TYPE_KEY: Final = "context_type"
PROVENANCE_KEY: Final = "provenance"
ARTIFACT_KEY: Final = "artifact"
PREVIEW_KEY: Final = "preview"
BESIDE_KEY: Final = "beside"
"""Where the further contexts of a step stand, each under a key of its own."""
RESERVED: Final = frozenset({CONTEXT_TYPE_KEY, PROVENANCE_KEY, ARTIFACT_KEY, PREVIEW_KEY, BESIDE_KEY})
"""Keys of a context's JSON that no field can be called."""


@frozen(kw_only=True)
class Provenance:
    """Where a context comes from."""

    capability: str
    step: str
    """The context key of the step that left it."""
    thread: str = ""
    turn: str = ""
    target: str = ""
    """The control system; empty where none was asked."""
    made_ns: int = 0
    """When it was made, int64 ns UTC."""
    channels: tuple[str, ...] = ()
    """The channels that it is about; of a long list the first ones."""
    channel_count: int = 0
    """How many there are."""
    request_id: str = ""
    """The approved request that it is the outcome of."""
    run: str = ""
    """The name of the run's folder under `runs/`."""


@frozen(kw_only=True)
class CapabilityContext:
    """What a step leaves behind. Subclasses are frozen attrs classes whose fields are JSON or attrs classes of such."""

    CONTEXT_TYPE: ClassVar[str] = ""
    """What plans and `requires` call it: capitals, such as ``ORBIT_RESPONSE``. One class, one type."""
    CONTEXT_CATEGORY: ClassVar[str] = ""
    """What kind of data it is, for people; nothing depends on it."""

    provenance: Provenance | None = None
    """Set by the kernel when the step ends."""

    def get_summary(self) -> dict[str, Any]:
        """Give what a person or a planner reads of it; the kernel bounds its size."""
        return {}

    def get_access_details(self, key: str) -> dict[str, Any]:
        """Say how generated code reads it, where the step has this context key."""
        return {"type": self.CONTEXT_TYPE, "access": f"osprey.runtime.inputs[{key!r}]"}


@frozen(eq=False)
class PlainContext(Mapping[str, Any]):
    """A context without a class of its own: the mapping that a step left, read by item or by attribute."""

    context_type: str
    values_: Mapping[str, Any] = field(repr=False)
    provenance: Provenance | None = None

    def __getitem__(self, key: str) -> Any:
        return self.values_[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_)

    def __len__(self) -> int:
        return len(self.values_)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self.values_:
            msg = f"this {self.context_type} has no {name!r}; it has: {', '.join(self.values_) or 'nothing'}"
            raise AttributeError(msg)
        return self.values_[name]


def untyped(context: Mapping[str, Any]) -> dict[str, Any]:
    """Give a context's fields alone, without what the kernel has added."""
    return {key: value for key, value in context.items() if key not in RESERVED}
