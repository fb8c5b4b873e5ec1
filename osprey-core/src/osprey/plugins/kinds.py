"""Which registration each extension point takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from osprey.plugins.points import WRITE_POLICIES
from osprey.registrations import (
    ApprovalKind,
    Archiver,
    Capability,
    CodeAnalyzer,
    Command,
    Connector,
    Deployer,
    ExecutionPolicy,
    Generator,
    Model,
    Notifier,
    Prompt,
    Provider,
    Registration,
    Service,
    WritePolicy,
)

KINDS: Final[Mapping[str, type[Registration]]] = {
    "approval_kinds": ApprovalKind,
    "archivers": Archiver,
    "capabilities": Capability,
    "code_analyzers": CodeAnalyzer,
    "commands": Command,
    "connectors": Connector,
    "deployers": Deployer,
    "execution_policies": ExecutionPolicy,
    "generators": Generator,
    "models": Model,
    "notifiers": Notifier,
    "prompts": Prompt,
    "providers": Provider,
    "services": Service,
    WRITE_POLICIES: WritePolicy,
}
"""Extension point -> what its hook yields."""
