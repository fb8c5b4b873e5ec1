"""The configuration, and what is wrong with it, as aligned text and as the JSON that scripts read."""

from __future__ import annotations

from typing import Any

import attrs

from osprey.cli.config_report import Report
from osprey.cli.plugin_view import columns
from osprey.config import Config, Problem, config_to_plain, origin_of
from osprey.config.plain import leaves


def values_text(config: Config, *, origin: bool) -> str:
    """Lay out every value, a line each, with where it comes from if that is wanted."""
    rows: list[list[str]] = []
    for path, value in leaves(config_to_plain(config)):
        where = [str(origin_of(config, path))] if origin else []
        rows.append([".".join(path), *([_text(value), *where])])
    return columns(rows)


def origins_json(config: Config) -> list[dict[str, Any]]:
    """Give every value with its origin: `{key, value, origin: {kind, file, line, variables}}`."""
    rows: list[dict[str, Any]] = []
    for path, value in leaves(config_to_plain(config)):
        origin = origin_of(config, path)
        rows.append(
            {
                "key": ".".join(path),
                "value": value,
                "origin": {
                    "kind": origin.kind.value,
                    "file": None if origin.file is None else str(origin.file),
                    "line": origin.line,
                    "variables": list(origin.variables),
                },
            }
        )
    return rows


def report_text(report: Report) -> str:
    """Lay out a check for people; the problems themselves follow as the command's error."""
    where = report.source or f"{report.root} has no config.yml, so the embedded defaults"
    count = len(report.problems)
    verdict = "can be used" if not count else f"cannot be used: {count} problem{'s' if count > 1 else ''}"
    lines = [f"{where} {verdict}"]
    lines += _block(
        "asked for, and not done by this version; the part that would need it refuses to work:",
        [demand.sentence() for demand in report.demands],
    )
    lines += _block(
        "accepted, without effect in this version:",
        [f"{key.path} (line {key.line}): {key.why}" for key in report.unserved],
    )
    lines += _block("warnings:", list(report.warnings))
    lines += _block("sections of plugins:", [section.sentence() for section in report.sections])
    lines += _block("approval beyond that of writes (capability: key -> kind of request):", _asked(report))
    return "\n".join(lines)


def _asked(report: Report) -> list[str]:
    return [
        f"{one.capability}: {one.key} -> {one.kind}: {'asked' if one.is_asked else 'not asked'} ({one.rule})"
        for one in report.asked
    ]


def report_json(report: Report) -> dict[str, Any]:
    """Give a check as JSON."""
    return {
        "file": None if report.source is None else str(report.source),
        "root": str(report.root),
        "usable": not report.problems,
        "problems": [_problem_json(problem) for problem in report.problems],
        "demands": [attrs.asdict(demand) for demand in report.demands],
        "unserved": [attrs.asdict(key) for key in report.unserved],
        "warnings": list(report.warnings),
        "sections": [
            {
                "path": section.path,
                "line": section.line,
                "state": section.state.value,
                "reason": section.reason,
                "problems": [_problem_json(problem) for problem in section.problems],
            }
            for section in report.sections
        ],
        "approval": [attrs.asdict(one) for one in report.asked],
    }


def _problem_json(problem: Problem) -> dict[str, Any]:
    mark = problem.mark
    return {
        "path": problem.path,
        "message": problem.message,
        "file": None if mark is None else str(mark.file),
        "line": None if mark is None else mark.line,
        "column": None if mark is None else mark.column,
    }


def _block(title: str, lines: list[str]) -> list[str]:
    return ["", title, *(f"  {line}" for line in lines)] if lines else []


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if value != "" else '""'
