"""The name for what crosses every border of this room."""

from __future__ import annotations

from typing import Any

JsonValue = Any
"""None, a truth value, a finite number, a text, or a list or mapping of them."""
