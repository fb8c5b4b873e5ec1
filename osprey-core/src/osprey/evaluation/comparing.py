"""Compares two results: which requests became right, which became wrong, and how the figures moved."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, cast

from attrs import frozen

from osprey.errors import UsageError
from osprey.evaluation.evaluating import SCHEMA

_NEEDED: Final = frozenset({"schema", "run", "sha256", "scores", "requests"})


@frozen(kw_only=True)
class Moved:
    """A request whose verdict is another one now."""

    id: str
    asked: tuple[str, ...]
    told: tuple[str, ...]
    """What was wrong, before or now."""


@frozen(kw_only=True)
class Comparison:
    """Two results side by side."""

    better: tuple[Moved, ...]
    worse: tuple[Moved, ...]
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]
    in_scope: tuple[float | None, float | None]
    """Per cent right, before and now."""
    wrong_writes: tuple[int, int]
    notes: tuple[str, ...]


def read_result(path: Path) -> dict[str, Any]:
    """Read a `result.json`.

    :raises UsageError: it cannot be read, or is none of this version.
    """
    try:
        found: Any = json.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        msg = f"{path} cannot be read ({exc.strerror}): name the result.json of a run"
        raise UsageError(msg) from exc
    except (ValueError, RecursionError) as exc:
        msg = f"{path} is no JSON: name the result.json of a run"
        raise UsageError(msg) from exc
    if not isinstance(found, dict) or not found.keys() >= _NEEDED or found["schema"] != SCHEMA:
        msg = f"{path} is no result of this version of `osprey eval`: run it again"
        raise UsageError(msg)
    return cast("dict[str, Any]", found)


def compare(first: dict[str, Any], second: dict[str, Any]) -> Comparison:
    """Compare request by request. With repetitions a request is right if it was right each time."""
    before, now = _verdicts(first), _verdicts(second)
    both = [name for name in before if name in now]
    return Comparison(
        better=tuple(_moved(name, before[name]) for name in both if now[name].is_right > before[name].is_right),
        worse=tuple(_moved(name, now[name]) for name in both if now[name].is_right < before[name].is_right),
        only_first=tuple(name for name in before if name not in now),
        only_second=tuple(name for name in now if name not in before),
        in_scope=(_percent(first), _percent(second)),
        wrong_writes=(first["scores"]["wrong_writes"], second["scores"]["wrong_writes"]),
        notes=tuple(_notes(first, second)),
    )


@frozen
class _Verdict:
    is_right: bool
    asked: tuple[str, ...]
    misses: tuple[str, ...]


def _verdicts(result: dict[str, Any]) -> dict[str, _Verdict]:
    found: dict[str, _Verdict] = {}
    for each in result["requests"]:
        earlier = found.get(each["id"])
        misses = tuple(dict.fromkeys([*(earlier.misses if earlier else ()), *each["misses"]]))
        found[each["id"]] = _Verdict(not misses, tuple(each["asked"]), misses)
    return found


def _moved(name: str, verdict: _Verdict) -> Moved:
    return Moved(id=name, asked=verdict.asked, told=verdict.misses)


def _percent(result: dict[str, Any]) -> float | None:
    share = result["scores"]["in_scope"]
    return 100 * share["right"] / share["of"] if share["of"] else None


def _notes(first: dict[str, Any], second: dict[str, Any]) -> list[str]:
    if first["sha256"] == second["sha256"]:
        return []
    return ["the two ran different sets, or versions of one: an expectation may have changed, not an answer"]
