"""The section `approval`, from its layout in the file to values."""

from __future__ import annotations

from pathlib import Path

from osprey.config import layout as layouts
from osprey.config.approval import ApprovalConfig
from osprey.config.targets import absolute


def read_approval(root: Path, layout: layouts.ApprovalLayout) -> ApprovalConfig:
    """Give the section as values; what the file does not state keeps its default."""
    stated = ("expires_after_s", "warn_before_s", "global_mode", "inbox_url", "desk_users")
    return ApprovalConfig(
        capabilities=layout.capabilities,
        people=layout.people,
        policies=layout.policies,
        notify=layout.notify,
        desk_socket=absolute(root, layout.desk_socket),
        **layouts.given(layout, *stated),
    )
