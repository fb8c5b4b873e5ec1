"""What chat models are asked for; the names are those of `models.<role>` in the configuration."""

from __future__ import annotations

from osprey.config.models import ModelRole

__all__ = ["ModelRole"]
