"""The environment of Claude Code: what reaches the model's endpoint, and nothing else of this process."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from osprey.api import ModelAddress

_KEPT: Final = frozenset(
    {
        "HTTPS_PROXY",
        "HTTP_PROXY",
        "LANG",
        "LC_ALL",
        "NODE_EXTRA_CA_CERTS",
        "NO_PROXY",
        "PATH",
        "SSL_CERT_DIR",
        "SSL_CERT_FILE",
        "TZ",
        "https_proxy",
        "http_proxy",
        "no_proxy",
    }
)
"""How the site is reached and how text is read; no secret of Osprey has one of these names."""
_QUIET: Final = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_ERROR_REPORTING": "1",
    "DISABLE_TELEMETRY": "1",
    "CLAUDE_CODE_MAX_RETRIES": "2",
    "OTEL_SDK_DISABLED": "true",
}
_PLAIN: Final = {"CLAUDE_CODE_DISABLE_EXPERIMENTAL_BETAS": "1", "MAX_THINKING_TOKENS": "0"}
"""What gateways that know the dialect only roughly reject."""


def environment_of(
    address: ModelAddress, home: Path, inherited: Mapping[str, str], *, experimental_betas: bool
) -> dict[str, str]:
    """Give the variables for one start.

    The SDK lays them over this process's own, so that every other name is given with an empty value.
    """
    ours = {
        "HOME": str(home),
        "CLAUDE_CONFIG_DIR": str(home / "claude"),
        "TMPDIR": str(home),
        "ANTHROPIC_BASE_URL": address.base_url.rstrip("/").removesuffix("/v1"),
        "ANTHROPIC_API_KEY": address.api_key,
        "ANTHROPIC_CUSTOM_HEADERS": "\n".join(f"{name}: {value}" for name, value in address.headers.items()),
        **_QUIET,
        **({} if experimental_betas else _PLAIN),
    }
    blank = {name: "" for name in inherited if name not in _KEPT}
    return {**blank, **ours}
