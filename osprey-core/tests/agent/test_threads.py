"""One process at a time works on a thread."""

from __future__ import annotations

from pathlib import Path

import pytest

from osprey.agent.threads import locked_thread
from osprey.errors import ConflictError, UsageError


def test_a_second_worker_is_told(tmp_path: Path) -> None:
    with (
        locked_thread(tmp_path, "a"),
        pytest.raises(ConflictError, match="another process"),
        locked_thread(tmp_path, "a"),
    ):
        pass


def test_threads_do_not_disturb_each_other_and_locks_are_freed(tmp_path: Path) -> None:
    with locked_thread(tmp_path, "a"), locked_thread(tmp_path, "b"):
        pass
    with locked_thread(tmp_path, "a"):
        pass


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "x" * 101, "a\0b"])
def test_a_name_that_could_leave_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="thread"), locked_thread(tmp_path, name):
        pass
