"""A small simulated storage ring: as a connector, with its past, and as a real EPICS IOC.

This module is imported by listings: no NumPy until the ring is used.
"""

from __future__ import annotations

from collections.abc import Iterable

from osprey.api import Archiver, Command, Connector, hookimpl


@hookimpl
def osprey_connectors() -> Iterable[Connector]:
    """Declare the simulated ring as a control system."""
    yield Connector(
        name="sim",
        summary="A simulated storage ring of 12 sectors (no real machine)",
        implementation="osprey_sim.connector:SimConnector",
        requires=("numpy",),
        settings="osprey_sim.settings:SimSettings",
        simulated=True,
        value_field="VAL",
    )


@hookimpl
def osprey_archivers() -> Iterable[Archiver]:
    """Declare the ring's own past."""
    yield Archiver(
        name="sim",
        summary="The past 24 hours of the simulated storage ring",
        implementation="osprey_sim.archiver:SimArchiver",
        requires=("numpy",),
        settings="osprey_sim.settings:SimSettings",
    )


@hookimpl
def osprey_commands() -> Iterable[Command]:
    """Declare `osprey sim`."""
    yield Command(
        name="sim",
        summary="Serve the simulated ring, list its channels, switch its faults",
        implementation="osprey_sim.cli:sim",
    )
