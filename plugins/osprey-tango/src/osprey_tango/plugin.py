"""Tango devices: attributes and commands, and what else speaks to them.

This module is imported by listings: it declares, and imports nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable

from osprey.api import Archiver, Connector, hookimpl


@hookimpl
def osprey_connectors() -> Iterable[Connector]:
    """Declare Tango."""
    yield Connector(
        name="tango",
        summary="Tango devices: attributes and commands in batches, change events, discovery in the database",
        implementation="osprey_tango.connector:TangoConnector",
        requires=("tango",),
        settings="osprey_tango.settings:TangoSettings",
        folds_case=True,
    )


@hookimpl
def osprey_archivers() -> Iterable[Archiver]:
    """Declare HDB++."""
    yield Archiver(
        name="hdbpp",
        summary="Past values of Tango attributes from HDB++ on PostgreSQL (osprey-tango[hdbpp])",
        implementation="osprey_tango.hdbpp.archiver:HdbppArchiver",
        requires=("numpy", "psycopg"),
        settings="osprey_tango.hdbpp.settings:HdbppSettings",
    )
