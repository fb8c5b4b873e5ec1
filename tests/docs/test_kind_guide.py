"""The kind of request that the guide describes, made of its own snippets: filed, shown, edited, carried out."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.docs.generate import REFERENCE

from osprey.api import RefusedError
from osprey.approval import card_of, identity_of
from osprey.approval.desk import approve, edit
from osprey.journal import RequestState
from osprey.plugins import LoadOptions
from osprey.project import Project, open_project

GUIDE = (REFERENCE.parent / "how-to/add-a-kind-of-request.md").read_text(encoding="utf-8")
pytestmark = pytest.mark.anyio


class Schedule:
    """A schedule of beam time that notes what it is given."""

    def __init__(self, is_open: bool = True) -> None:
        self.given: list[tuple[str, int]] = []
        self._is_open = is_open

    def is_open(self) -> bool:
        return self._is_open

    async def add(self, user: str, hours: int) -> None:
        self.given.append((user, hours))


@pytest.fixture
def facility(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Put the guide's package on the path; its plugin module is loaded as a local one."""
    package = tmp_path / "site/my_facility"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    for snippet in re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL):
        name = re.match(r"# my_facility/(\w+\.py)\n", snippet)
        assert name, snippet
        (package / name[1]).write_text(snippet.removeprefix(name[0]), encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    yield package / "plugin.py"
    for module in [name for name in sys.modules if name.partition(".")[0] == "my_facility"]:
        del sys.modules[module]


@pytest.fixture
def opened(facility: Path, tmp_path: Path) -> Callable[[str], Project]:
    def open_it(approval: str = "{}") -> Project:
        folder = tmp_path / "project"
        folder.mkdir(exist_ok=True)
        (folder / "config.yml").write_text(f"approval: {approval}\n", encoding="utf-8")
        return open_project(folder, options=LoadOptions(local=(facility,)))

    return open_it


async def test_beam_time_is_asked_for_edited_approved_and_given_once(opened: Callable[..., Project]) -> None:
    async with opened() as project:
        from my_facility.asking import ask_for_beam  # type: ignore[import-not-found]
        from my_facility.giving import give_beam  # type: ignore[import-not-found]

        row = await ask_for_beam(project, "alice", 8)
        assert (await ask_for_beam(project, "alice", 8)).id == row.id
        assert {section.title: section.text for section in card_of(project, row).sections} == {
            "for whom": "alice",
            "hours of beam": "8",
        }
        newer = await edit(project, row.id, {"hours": 4}, identity_of(project))
        schedule = Schedule()
        with pytest.raises(RefusedError):
            await give_beam(project, newer.id, newer.sha256, schedule)
        await approve(project, newer.id, newer.sha256[:8], identity_of(project))
        done = await give_beam(project, newer.id, newer.sha256, schedule)
        assert (done.state, dict(done.report or {})) == (RequestState.DONE, {"added": "alice"})
        with pytest.raises(RefusedError):
            await give_beam(project, newer.id, newer.sha256, schedule)
        assert schedule.given == [("alice", 4)]


async def test_a_policy_of_the_facility_applies_to_it_by_itself(opened: Callable[..., Project]) -> None:
    async with opened("{policies: {beam: {kinds: [beam_request], persons: 2}}}") as project:
        from my_facility.asking import ask_for_beam  # type: ignore[import-not-found]

        row = await ask_for_beam(project, "alice", 8)
        assert row.needs.persons == 2
        assert "nobody can approve this as things are" in card_of(project, row).warnings[0]


async def test_what_was_not_done_has_failed_and_is_no_doubt(opened: Callable[..., Project]) -> None:
    async with opened() as project:
        from my_facility.asking import ask_for_beam  # type: ignore[import-not-found]
        from my_facility.giving import give_beam  # type: ignore[import-not-found]

        row = await ask_for_beam(project, "bob", 2)
        await approve(project, row.id, row.sha256[:8], identity_of(project))
        assert (await give_beam(project, row.id, row.sha256, Schedule(is_open=False))).state is RequestState.FAILED


async def test_without_its_plugin_a_request_can_be_neither_filed_nor_approved(
    opened: Callable[..., Project], tmp_path: Path
) -> None:
    async with opened() as project:
        from my_facility.asking import ask_for_beam  # type: ignore[import-not-found]

        row = await ask_for_beam(project, "alice", 8)
    async with open_project(tmp_path / "project") as project:
        with pytest.raises(RefusedError) as refused:
            await approve(project, row.id, row.sha256[:8], identity_of(project))
        assert refused.value.rule == "approval.no_policy"
        with pytest.raises(RefusedError) as refused:
            await ask_for_beam(project, "bob", 1)
        assert refused.value.rule == "approval.no_policy"
