"""A project in a folder of its own, loaded with an environment of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from osprey.config import Config, InvalidConfigError, load_config

Load = Callable[..., Config]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Write `config.yml` and load it."""

    def write_and_load(text: str, environ: Mapping[str, str] | None = None) -> Config:
        (tmp_path / "config.yml").write_text(text, encoding="utf-8")
        return load_config(tmp_path, environ=environ or {})

    return write_and_load


@pytest.fixture
def refusal(load: Load) -> Callable[..., str]:
    """Load a file that must be refused, and give the message."""

    def refused(text: str, environ: Mapping[str, str] | None = None) -> str:
        with pytest.raises(InvalidConfigError) as caught:
            load(text, environ)
        return str(caught.value)

    return refused
