"""Where Anthropic answers, and what its dialect asks of every question: data, and nothing else."""

from __future__ import annotations

from typing import Final

BASE_URL: Final = "https://api.anthropic.com"
DIALECT_VERSION: Final = "2023-06-01"
MAX_TOKENS: Final = 4096
"""The longest answer where neither the question nor the configuration says one: the dialect requires it."""
