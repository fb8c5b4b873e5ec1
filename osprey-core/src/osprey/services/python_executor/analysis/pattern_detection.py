"""The seeds' function: does a text read or write the control system?

The analyser answers. Regular expressions, of the configuration or of the caller, are searched for in the text
besides, and only ever add: none of them makes a write harmless.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, cast

from osprey.errors import ConfigError
from osprey.project import current_project
from osprey.services.python_executor.analysis.combining import analyst_of
from osprey.services.python_executor.analysis.report import Access, Verdict, strictest

__all__ = ["detect_control_system_operations"]


def detect_control_system_operations(
    code: str, patterns: Mapping[str, Any] | None = None, control_system_type: str | None = None
) -> dict[str, Any]:
    """Say whether a text reads or writes a control system, for the project of the current context.

    The result has the keys ``has_writes``, ``has_reads``, ``control_system_type``, ``detected_patterns`` (``writes``
    and ``reads``: what was found, as texts) and ``verdict``. Where it cannot be told, ``has_writes`` is true.

    :param patterns: further regular expressions, as ``control_system.patterns`` has them: lists ``write`` and ``read``,
        by kind of control system or flat.
    :param control_system_type: take only the patterns of this kind and those for all; None: of every kind.
    :raises ConfigError: the configuration is broken, or a pattern is no regular expression.
    """
    project = current_project()
    analysis = analyst_of(project).analyse(code)
    config = project.config.control_system
    listed = [(kind, found.write, found.read) for kind, found in config.patterns.items()]
    listed += _given(patterns or {})
    wanted = [each for each in listed if control_system_type is None or each[0] in ("", control_system_type)]
    writes = _matching(code, (text for _, write, _ in wanted for text in write))
    reads = _matching(code, (text for _, _, read in wanted for text in read))
    verdict = strictest(analysis.verdict, Verdict.WRITES if writes else Verdict.READS_ONLY)
    return {
        "has_writes": verdict is not Verdict.READS_ONLY,
        "has_reads": bool(analysis.reads or reads),
        "control_system_type": control_system_type or config.targets[config.default_target].connector,
        "detected_patterns": {
            "writes": [*map(_shown, analysis.writes), *writes],
            "reads": [*map(_shown, analysis.reads), *reads],
        },
        "verdict": verdict.value,
    }


def _given(patterns: Mapping[str, Any]) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """Read patterns of a caller, nested by kind or flat."""
    by_kind: dict[str, Any] = {name: found for name, found in patterns.items() if isinstance(found, Mapping)}
    flat = {name: found for name, found in patterns.items() if name not in by_kind}
    if unknown := flat.keys() - {"write", "read"}:
        raise ConfigError(f"patterns: {', '.join(sorted(unknown))}: give lists `write` and `read`")
    found: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = []
    every: dict[str, Any] = {"": flat, **by_kind}
    for kind, lists in every.items():
        given = cast("Mapping[str, Iterable[str]]", lists)
        found.append((kind, tuple(given.get("write", ())), tuple(given.get("read", ()))))
    return found


def _matching(code: str, patterns: Iterable[str]) -> list[str]:
    found: list[str] = []
    for pattern in dict.fromkeys(patterns):
        try:
            if re.search(pattern, code):
                found.append(pattern)
        except re.error as exc:
            raise ConfigError(f"{pattern!r} is no regular expression: {exc}") from exc
    return found


def _shown(access: Access) -> str:
    channel = f" {access.channel}" if access.channel else ""
    return f"line {access.line}: {access.call}{channel}"
