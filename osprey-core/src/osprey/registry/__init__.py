"""The seeds' spelling of the plugin registry, for the project of the current context."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osprey.project import current_project

if TYPE_CHECKING:
    from osprey.plugins import Registry

__all__ = ["get_registry"]


def get_registry() -> Registry:
    """Give the registry of the current project: every registration of every usable plugin."""
    return current_project().registry
