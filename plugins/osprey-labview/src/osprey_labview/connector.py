"""The connector `labview`: the settings say which way it goes."""

from __future__ import annotations

from attrs import evolve

from osprey.api import ConnectContext, control
from osprey_labview.settings import LabviewSettings, Transport


class LabviewConnector:
    """Opens a connector to LabVIEW over OPC UA or over HTTP; only the library of that way is imported."""

    @classmethod
    async def connect(cls, context: ConnectContext) -> control.Connector:
        """Open it; no server is waited for.

        :raises ConnectorError: a file that the settings name cannot be used.
        """
        settings = context.settings
        if not isinstance(settings, LabviewSettings):
            settings = LabviewSettings(**dict(settings or {}))
            context = evolve(context, settings=settings)
        if settings.transport is Transport.HTTP:
            from osprey_labview.web.connector import WebConnector

            return await WebConnector.connect(context)
        from osprey_labview.opcua.connector import OpcUaConnector

        return await OpcUaConnector.connect(context)
