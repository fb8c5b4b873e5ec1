"""The page on the house names every room, on the floor where the linter holds it."""

from __future__ import annotations

import re
import tomllib

from tests.docs.generate import REFERENCE
from tests.docs.rules import SOURCE

PAGE = (REFERENCE.parent / "explanations/architecture.md").read_text(encoding="utf-8")
ROOT = REFERENCE.parents[1]


def test_every_room_is_named() -> None:
    folders = [path for path in SOURCE.iterdir() if (path / "__init__.py").exists() and path.name != "services"]
    folders += [path for path in (SOURCE / "services").iterdir() if (path / "__init__.py").exists()]
    for folder in folders:
        name = ".".join(("osprey", *folder.relative_to(SOURCE).parts))
        assert f"`{name}`" in PAGE, f"{name} is not on the page"


def test_the_floors_are_those_that_the_linter_holds() -> None:
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]
    held = [set(layer.split(" | ")) for layer in contract["layers"]]
    floors: dict[int, set[str]] = {}
    for number, room in re.findall(r"^\| (\d+) \| `([\w.]+)` \|", PAGE, re.MULTILINE):
        floors.setdefault(int(number), set()).add(room)
    drawn = [floors[number] for number in sorted(floors, reverse=True)]
    assert drawn[:-1] == held[: len(drawn) - 1]
    # The ground floor is drawn as one; the linter also holds an order among its modules.
    assert drawn[-1] == set().union(*held[len(drawn) - 1 :])
