"""A figure of a simulation says so in its corner; one of a real machine is left as it was drawn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import matplotlib as mpl
import pytest

from osprey.guest.figures import send_figures

mpl.use("Agg")


class FakeLink:
    """Keeps what is handed to the parent."""

    def __init__(self) -> None:
        self.figures: list[str] = []

    def call(self, op: str, **request: Any) -> None:
        assert op == "figure"
        self.figures.append(request["png"])


@pytest.fixture
def pyplot() -> Iterator[Any]:
    from matplotlib import pyplot

    pyplot.plot([1, 2])
    yield pyplot
    pyplot.close("all")


@pytest.mark.parametrize("mark", ["simulation", ""])
def test_the_mark_stands_on_the_figure(pyplot: Any, tmp_path: Any, mark: str) -> None:
    link: Any = FakeLink()
    assert send_figures(link, 5, str(tmp_path), mark) == []
    assert len(link.figures) == 1
    assert [text.get_text() for text in pyplot.gcf().texts] == ([mark] if mark else [])
