"""The file of settings of its own: read, and written for whoever wants to begin with one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

from attrs import evolve
from ruamel.yaml import YAML, YAMLError

from osprey.api import ConfigError, structure_settings
from osprey_claude.code.settings import ClaudeFile, Guidance

NAME: Final = "claude_generator_config.yml"

EXAMPLE: Final = """\
# How Claude Code writes Python for this project: execution.generators.claude_code.claude_config_path names this file.
# What stands in config.yml goes before it.

# model_id: claude-haiku-4-5-20251001

# Profiles of your own, beside fast (write), balanced (plan, write) and robust (scan, plan, write).
# profiles:
#   night:
#     phases: [plan, write, review]
#     max_turns: 20
#     max_budget_usd: 2.0
#     timeout_s: 600

# What a phase asks; the program stands in the answer to the last phase.
# phases:
#   review: |
#     Look your program over: units, sectors, limits. Answer with the whole program, mended.

# Programs of your facility to learn from; paths from this file's folder. Only copies are read.
# codebase_guidance:
#   orbit:
#     directories: [scripts/orbit]
#     guidance: Orbits are read with BPMs that are enabled; see orbit/README.md.

# system_prompt: You write for the operators of our storage ring.
# system_prompt_extensions:
#   - Positions are in mm, currents in A.
"""


def read_claude_file(path: Path | None, root: Path) -> ClaudeFile:
    """Read the file; without a path there is nothing that it says.

    :raises ConfigError: it cannot be read, is no YAML, or says what is not known; the message names file and key.
    """
    if path is None:
        return ClaudeFile()
    place = root / path
    try:
        content: object = YAML(typ="safe", pure=True).load(place.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError) as exc:
        msg = f"{place} cannot be read: {exc}; `osprey generate claude-config` writes one to begin with"
        raise ConfigError(msg) from exc
    if content is None:
        return ClaudeFile()
    if not isinstance(content, Mapping):
        raise ConfigError(f"{place}: expected 'key: value' lines, not {type(content).__name__}")
    try:
        read: ClaudeFile = structure_settings(ClaudeFile, cast("Mapping[str, Any]", content), NAME)
    except ConfigError as exc:
        raise ConfigError(f"{place}: {exc}") from exc
    return evolve(read, codebase_guidance=_placed(read.codebase_guidance, place.parent))


def _placed(guidance: Mapping[str, Guidance], folder: Path) -> dict[str, Guidance]:
    """Give the folders from where the file lies.

    :raises ConfigError: one is not there.
    """
    placed: dict[str, Guidance] = {}
    for name, one in guidance.items():
        folders = tuple((folder / path).resolve() for path in one.directories)
        if missing := [str(path) for path in folders if not path.is_dir()]:
            raise ConfigError(f"codebase_guidance.{name}.directories: there is no folder {missing[0]}")
        placed[name] = evolve(one, directories=folders)
    return placed
