"""Figures: every one that the program left open, else the PNG files that it saved."""

from __future__ import annotations

import base64
import io
import os
import stat
import sys
from typing import Any

from .link import Link

_LARGEST = 4 << 20
_DPI = 110


def send_figures(link: Link, most: int, folder: str, mark: str = "") -> list[str]:
    """Hand the program's figures to the parent, in the order they were made.

    :param mark: written in a corner of every figure that is drawn here, such as ``simulation``.
    :returns: warnings about those that could not be handed over.
    """
    warnings: list[str] = []
    made, open_count = _open_figures(most, warnings, mark)
    if not open_count:
        made = _saved_figures(folder, most, warnings)
    for data in made:
        if len(data) > _LARGEST:
            warnings.append(f"a figure of {len(data)} bytes was left out: the limit is {_LARGEST}")
        else:
            link.call("figure", png=base64.b64encode(data).decode("ascii"))
    return warnings


def _open_figures(most: int, warnings: list[str], mark: str) -> tuple[list[bytes], int]:
    pyplot: Any = sys.modules.get("matplotlib.pyplot")
    if pyplot is None:
        return [], 0
    numbers = pyplot.get_fignums()
    if len(numbers) > most:
        warnings.append(f"{len(numbers)} figures were left open; the first {most} are kept")
    made: list[bytes] = []
    for number in numbers[:most]:
        buffer = io.BytesIO()
        try:
            figure = pyplot.figure(number)
            if mark:
                figure.text(0.995, 0.99, mark, ha="right", va="top", fontsize=8, color="#0a7c8c")
            figure.savefig(buffer, format="png", dpi=_DPI)
        except Exception as exc:  # noqa: BLE001 - one figure that cannot be drawn must not hide the others
            warnings.append(f"figure {number} could not be drawn: {type(exc).__name__}: {exc}")
        else:
            made.append(buffer.getvalue())
    return made, len(numbers)


def _saved_figures(folder: str, most: int, warnings: list[str]) -> list[bytes]:
    found: list[tuple[int, str]] = []
    for place, _folders, files in os.walk(folder):
        for name in files:
            path = os.path.join(place, name)
            if name.lower().endswith(".png") and stat.S_ISREG(os.lstat(path).st_mode):
                found.append((os.lstat(path).st_mtime_ns, path))
    if len(found) > most:
        warnings.append(f"{len(found)} PNG files were saved; the first {most} are kept")
    made: list[bytes] = []
    for _, path in sorted(found)[:most]:
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
            made.append(file.read(_LARGEST + 1))
    return made
