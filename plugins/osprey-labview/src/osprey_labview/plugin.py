"""LabVIEW over OPC UA and HTTP/JSON. This module is imported by listings: it declares, and imports nothing else."""

from __future__ import annotations

from collections.abc import Iterable

from osprey.api import Connector, hookimpl


@hookimpl
def osprey_connectors() -> Iterable[Connector]:
    """Declare LabVIEW, whose settings choose the way to it."""
    yield Connector(
        name="labview",
        summary="LabVIEW over OPC UA, or over an HTTP/JSON web service: batched reads and writes with their status",
        implementation="osprey_labview.connector:LabviewConnector",
        requires=("asyncua", "httpx"),
        settings="osprey_labview.settings:LabviewSettings",
    )
