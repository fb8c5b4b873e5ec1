"""Plugins as plain aligned text and as the JSON that scripts read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from osprey.plugins.status import PluginStatus

_LISTED = ("name", "distribution", "version", "status", "summary", "origin", "requires", "reason")


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Align rows of text; the last column may be as long as it likes."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    lines = ["  ".join([*(c.ljust(w) for c, w in zip(row, widths, strict=False)), row[-1]]) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def listed(status: PluginStatus, *, timing: bool = False) -> dict[str, Any]:
    """Give what a listing says of one plugin."""
    row = status.to_json()
    chosen = {key: row[key] for key in _LISTED}
    return chosen | ({"import_ms": row["import_ms"]} if timing else {})


def shown(status: PluginStatus) -> dict[str, Any]:
    """Give all there is to say of one plugin."""
    from osprey.plugins.points import UNCONSUMED

    unconsumed = sorted(UNCONSUMED & status.provides.keys())
    row = status.to_json()
    return listed(status) | {
        "phase": row["phase"],
        "provides": row["provides"],
        "import_ms": row["import_ms"],
        "unconsumed": unconsumed,
    }


def list_text(plugins: Sequence[PluginStatus], *, timing: bool) -> str:
    """Lay out a listing for people; what is wrong stands below the table, a paragraph each."""
    head = ["NAME", "STATUS", "VERSION", "ORIGIN", *(["IMPORT"] if timing else []), "SUMMARY"]
    rows = [head] + [
        [
            status.name,
            status.status.value,
            status.version or "-",
            status.origin.value,
            *([_milliseconds(status)] if timing else []),
            status.summary,
        ]
        for status in plugins
    ]
    reasons = [f"{status.name}: {status.reason}" for status in plugins if status.reason]
    return "\n\n".join([columns(rows), *reasons])


def show_text(status: PluginStatus) -> str:
    """Lay out one plugin for people."""
    from osprey.plugins.points import UNCONSUMED

    rows = [
        ["name", status.name],
        ["distribution", " ".join(filter(None, (status.distribution, status.version))) or "-"],
        ["status", f"{status.status} (phase {status.phase})"],
        ["summary", status.summary],
        ["origin", status.origin.value],
        ["import", _milliseconds(status)],
    ]
    rows += [["requires", line] for line in status.requires]
    for point, names in sorted(status.provides.items()):
        remark = "  (nothing in this release asks for these yet)" if point in UNCONSUMED else ""
        rows.append([point, ", ".join(names) + remark])
    rows += [["reason", status.reason]] if status.reason else []
    return columns(rows)


def _milliseconds(status: PluginStatus) -> str:
    return "-" if status.import_ms is None else f"{status.import_ms:.1f} ms"
