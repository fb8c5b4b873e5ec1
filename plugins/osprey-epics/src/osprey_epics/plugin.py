"""EPICS through Channel Access and PV Access: batched reads, puts with their real completion status, monitors.

This module is imported by listings: it declares, and imports nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable

from osprey.api import Archiver, Command, Connector, hookimpl


@hookimpl
def osprey_connectors() -> Iterable[Connector]:
    """Declare Channel Access, and PV Access, which needs the extra `pva`."""
    yield Connector(
        name="epics",
        summary="EPICS through Channel Access: batched reads, puts with completion status, monitors",
        implementation="osprey_epics.connector:EpicsConnector",
        requires=("epics",),
        settings="osprey_epics.settings:EpicsSettings",
        value_field="VAL",
    )
    yield Connector(
        name="epics-pva",
        summary="EPICS through PV Access: scalars, arrays, tables and structures, puts with the server's own words",
        implementation="osprey_epics.pva.connector:EpicsPvaConnector",
        requires=("p4p",),
        settings="osprey_epics.pva.settings:PvaSettings",
        value_field="VAL",
    )


@hookimpl
def osprey_archivers() -> Iterable[Archiver]:
    """Declare the Archiver Appliance."""
    yield Archiver(
        name="archiver-appliance",
        summary="Past values from an EPICS Archiver Appliance, reduced by the server to a budget of points",
        implementation="osprey_epics.archiver_appliance.archiver:ApplianceArchiver",
        requires=("httpx", "numpy", "orjson"),
        settings="osprey_epics.archiver_appliance.settings:ApplianceSettings",
    )


@hookimpl
def osprey_commands() -> Iterable[Command]:
    """Declare `osprey generate soft-ioc`, and with it the section `simulation` of the configuration."""
    yield Command(
        name="generate-soft-ioc",
        summary="Write a soft IOC that serves a channel list",
        implementation="osprey_epics.soft_ioc.command:soft_ioc",
        settings="osprey_epics.soft_ioc.settings:SimulationSettings",
    )
