"""The extension points by name, each with the registration that its hook yields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from osprey.registrations import (
    Archiver,
    Capability,
    Command,
    Connector,
    Deployer,
    Generator,
    Provider,
    Registration,
    WritePolicy,
)

HOOK_PREFIX: Final = "osprey_"
WRITE_POLICIES: Final = "write_policies"

POINTS: Final[Mapping[str, type[Registration]]] = {
    "archivers": Archiver,
    "capabilities": Capability,
    "commands": Command,
    "connectors": Connector,
    "deployers": Deployer,
    "generators": Generator,
    "providers": Provider,
    WRITE_POLICIES: WritePolicy,
}

UNCONSUMED: Final = frozenset({"deployers", "providers"})
"""Points that are declared from the start and that no part of this release asks yet."""


def noun(point: str) -> str:
    """Name one entry of `point` in a sentence: `write_policies` -> `write policy`."""
    words = point.replace("_", " ")
    return words[:-3] + "y" if words.endswith("ies") else words.removesuffix("s")
