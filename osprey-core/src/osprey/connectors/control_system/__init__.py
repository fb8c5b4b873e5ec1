"""Connectors to control systems, as the seeds call them."""

from __future__ import annotations

from osprey.connectors.control_system.base import (
    ChannelMetadata,
    ChannelValue,
    ChannelWriteResult,
    ControlSystemConnector,
    WriteVerification,
)

__all__ = ["ChannelMetadata", "ChannelValue", "ChannelWriteResult", "ControlSystemConnector", "WriteVerification"]
