"""Notes are kept exactly, by user, and found by their words."""

from __future__ import annotations

from pathlib import Path

import pytest

from osprey.errors import UsageError
from osprey.project import open_project
from osprey.services.memory_storage import notes_of

pytestmark = pytest.mark.anyio


async def test_a_note_is_there_in_the_next_process(tmp_path: Path) -> None:
    async with open_project(tmp_path) as project:
        await notes_of(project).save("os:alice", "BPM17 reads 0.1 mm high")
    async with open_project(tmp_path) as project:
        [note] = await notes_of(project).search("os:alice", "bpm17 HIGH")
    assert note.text == "BPM17 reads 0.1 mm high"


async def test_users_do_not_see_each_other_however_alike_their_names(tmp_path: Path) -> None:
    async with open_project(tmp_path) as project:
        await notes_of(project).save("os:a.b", "mine")
        assert await notes_of(project).search("os:ab") == []


async def test_a_search_takes_words_as_they_are(tmp_path: Path) -> None:
    async with open_project(tmp_path) as project:
        await notes_of(project).save("os:alice", "losses of 5 % at 100_000 turns")
        assert len(await notes_of(project).search("os:alice", "5 % 100_000")) == 1
        assert await notes_of(project).search("os:alice", "100%000") == []


@pytest.mark.parametrize("text", ["", "  \n", "x" * 4001])
async def test_an_empty_or_endless_note_is_refused(tmp_path: Path, text: str) -> None:
    async with open_project(tmp_path) as project:
        with pytest.raises(UsageError, match="4000"):
            await notes_of(project).save("os:alice", text)
