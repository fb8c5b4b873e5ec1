"""How tests open connectors: the fixture `connect` is one of these."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

Opener = Callable[..., Awaitable[Any]]
"""Takes a URL and settings, and gives a connector that is closed with the test."""
