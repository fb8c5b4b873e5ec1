"""The type of the fixture that opens connectors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from osprey_tango.connector import TangoConnector

Opener = Callable[..., Awaitable[TangoConnector]]
"""Takes keys of the section; the connector is closed with the test."""
