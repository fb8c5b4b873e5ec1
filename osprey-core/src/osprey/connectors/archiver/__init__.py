"""Connectors to archivers, as the seeds call them."""

from __future__ import annotations

from osprey.connectors.archiver.base import ArchiverConnector, ArchiverMetadata

__all__ = ["ArchiverConnector", "ArchiverMetadata"]
