"""The approval that holds in a thread: what the configuration asks for, or more, never less."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from attrs import evolve

from osprey.config import GlobalMode
from osprey.sessions import ThreadApproval

if TYPE_CHECKING:
    from osprey.config import ApprovalConfig
    from osprey.project import Project


def approval_in(project: Project, state: Mapping[str, Any]) -> ApprovalConfig:
    """Give the approval section by which the steps of this turn are asked for."""
    configured = project.config.approval
    if state.get("approval") != ThreadApproval.ALL:
        return configured
    return evolve(configured, global_mode=GlobalMode.ALL_CAPABILITIES)
