"""A plan drawn as a graph in text: a line a step, a lane for each result that a later step still needs."""

from __future__ import annotations

from collections.abc import Sequence

from osprey.base import PlannedStep

_STEP, _ON_ITS_WAY, _JOINS, _CROSSED, _LINE = "●", "│", "╯", "┼", "─"


def draw_flow(steps: Sequence[PlannedStep]) -> str:
    """Draw the steps in order: ``●`` a step, ``│`` a result on its way, ``─╯`` one that joins a step and ends there.

    A step stands in the lane of the first result that ends with it. The arrow names the steps whose results it takes.
    """
    last_use = {key: number for number, step in enumerate(steps, start=1) for key in _sources(step)}
    number_of = {step.context_key: number for number, step in enumerate(steps, start=1)}
    lanes: list[str | None] = []
    rows: list[tuple[str, str]] = []
    for number, step in enumerate(steps, start=1):
        ended = [i for i, lane in enumerate(lanes) if lane in _sources(step) and last_use[lane or ""] == number]
        free = [i for i, lane in enumerate(lanes) if lane is None]
        place = next(iter([*ended, *free, len(lanes)]))
        if place == len(lanes):
            lanes.append(None)
        rows.append((_drawn(lanes, place, [i for i in ended if i != place]), _label(number, step, number_of)))
        for i in ended:
            lanes[i] = None
        lanes[place] = step.context_key if last_use.get(step.context_key, 0) > number else None
        while lanes and lanes[-1] is None:
            lanes.pop()
    width = max((len(marks) for marks, _ in rows), default=0)
    return "\n".join(f"{marks.ljust(width)}  {label}" for marks, label in rows)


def _sources(step: PlannedStep) -> list[str]:
    return [key for named in step.inputs for key in named.values()]


def _drawn(lanes: Sequence[str | None], place: int, joining: Sequence[int]) -> str:
    cells = [" " if lane is None else _ON_ITS_WAY for lane in lanes]
    gaps = [" "] * len(cells)
    for lane in joining:
        low, high = sorted((place, lane))
        for i in range(low, high):
            gaps[i] = _LINE
            if low < i and i not in joining:
                cells[i] = _LINE if cells[i] == " " else _CROSSED
        cells[lane] = _JOINS if lane > place else "╰"
    cells[place] = _STEP
    return "".join(cell + gap for cell, gap in zip(cells, gaps, strict=True)).rstrip()


def _label(number: int, step: PlannedStep, number_of: dict[str, int]) -> str:
    label = f"{number}. {step.context_key} ({step.capability})"
    sources = [f"{number_of.get(key, '?')} {kind}" for named in step.inputs for kind, key in named.items()]
    return f"{label}  <- {', '.join(sources)}" if sources else label
