"""A plan drawn as a graph in text: a line a step, a lane for each result that a later step still needs."""

from __future__ import annotations

from collections.abc import Sequence

from osprey.base import PlannedStep

_HERE, _THROUGH, _TAKEN = "●", "│", "╯"


def draw_flow(steps: Sequence[PlannedStep]) -> str:
    """Draw the steps in order; ``●`` is a step, ``│`` a result on its way, ``╯`` one that is used for the last time.

    An arrow names the steps whose results a step takes, with the type of each.
    """
    last_use = _last_uses(steps)
    number_of = {step.context_key: number for number, step in enumerate(steps, start=1)}
    lanes: list[str | None] = []
    lines: list[str] = []
    for number, step in enumerate(steps, start=1):
        taken = [key for named in step.inputs for key in named.values()]
        ended = {key for key in taken if last_use.get(key) == number}
        marks = [_mark(lane, ended) for lane in lanes]
        lanes = [None if lane in ended else lane for lane in lanes]
        place = next((i for i, lane in enumerate(lanes) if lane is None and marks[i] == " "), len(lanes))
        if place == len(lanes):
            lanes.append(None)
            marks.append(" ")
        marks[place] = _HERE
        lanes[place] = step.context_key if step.context_key in last_use else None
        while lanes and lanes[-1] is None:
            lanes.pop()
        lines.append(f"{' '.join(marks)}  {_label(number, step, number_of)}")
    width = max((line.index("  ") for line in lines), default=0)
    return "\n".join(_aligned(line, width) for line in lines)


def _last_uses(steps: Sequence[PlannedStep]) -> dict[str, int]:
    return {
        key: number
        for number, step in enumerate(steps, start=1)
        for named in step.inputs
        for key in named.values()
    }  # fmt: skip


def _mark(lane: str | None, ended: set[str]) -> str:
    if lane is None:
        return " "
    return _TAKEN if lane in ended else _THROUGH


def _label(number: int, step: PlannedStep, number_of: dict[str, int]) -> str:
    label = f"{number}. {step.context_key} ({step.capability})"
    sources = [f"{number_of.get(key, '?')} {kind}" for named in step.inputs for kind, key in named.items()]
    return f"{label}  <- {', '.join(sources)}" if sources else label


def _aligned(line: str, width: int) -> str:
    marks, _, label = line.partition("  ")
    return f"{marks.ljust(width)}  {label}"
