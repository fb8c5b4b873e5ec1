"""EPICS through Channel Access: batched reads, puts with their real completion status, monitors.

This module is imported by listings: it declares, and imports nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable

from osprey.api import Connector, hookimpl


@hookimpl
def osprey_connectors() -> Iterable[Connector]:
    """Declare Channel Access."""
    yield Connector(
        name="epics",
        summary="EPICS through Channel Access: batched reads, puts with completion status, monitors",
        implementation="osprey_epics.connector:EpicsConnector",
        requires=("epics",),
        settings="osprey_epics.settings:EpicsSettings",
    )
