"""The type of the fixture that opens connectors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from osprey_epics.connector import EpicsConnector
from osprey_epics.pva.connector import EpicsPvaConnector

Opener = Callable[..., Awaitable[EpicsConnector]]
"""Takes a port and keys of the section; the connector is closed with the test."""

PvaOpener = Callable[..., Awaitable[EpicsPvaConnector]]
"""The same for PV Access."""
