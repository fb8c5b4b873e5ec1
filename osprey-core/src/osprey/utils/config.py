"""The seeds' spelling of the configuration's accessors, for the project of the current context."""

from __future__ import annotations

from typing import Any

from osprey.config import config_to_plain, value_at
from osprey.project import current_project

__all__ = ["get_config_value", "get_full_configuration"]


def get_full_configuration() -> dict[str, Any]:
    """Give the whole configuration of the current project as plain values, without secrets."""
    return config_to_plain(current_project().config)


def get_config_value(path: str, default: Any = None) -> Any:
    """Give the value at a dotted path such as ``execution.execution_method``, else `default`.

    :raises ConfigError: the value names an environment variable that is not set.
    """
    return value_at(current_project().config, path, default)
