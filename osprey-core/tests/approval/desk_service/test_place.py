"""Where the desk's socket may lie: nowhere where another could have put it."""

from __future__ import annotations

import os
import pwd
import stat
from pathlib import Path
from typing import Any

import anyio
import pytest

from osprey.approval.desk_service.client import DeskAbsentError, DeskClient
from osprey.approval.desk_service.place import SOCKET_FILE, require_place, weakness_of
from osprey.approval.desk_service.server import serve_desk
from osprey.errors import RefusedError, UsageError

pytestmark = pytest.mark.anyio

OWN = pwd.getpwuid(os.getuid()).pw_name


async def test_the_socket_is_in_the_private_folder_unless_it_is_placed_elsewhere(served: Any) -> None:
    assert served.path == served.room.project.state_dir / SOCKET_FILE
    assert stat.S_IMODE(served.path.stat().st_mode) == 0o600


async def test_a_place_is_seen_from_the_projects_folder(make_desk_room: Any) -> None:
    room = await make_desk_room({}, desk_socket="run/desk.sock")
    assert room.project.config.approval.desk_socket == room.project.root / "run/desk.sock"


async def test_other_users_can_connect_where_they_can_enter(open_to_all: Any) -> None:
    assert stat.S_IMODE(open_to_all.path.stat().st_mode) == 0o666


async def test_a_desk_for_others_is_not_served_where_they_cannot_come(make_desk_room: Any) -> None:
    room = await make_desk_room(desk_users=["daemon", "bin"])
    with pytest.raises(UsageError, match=r"can enter .*set `approval.desk_socket`"):
        await serve_desk(room.project)


@pytest.mark.parametrize("mode", [0o775, 0o757, 0o777, 0o1777])
async def test_a_folder_that_others_write_to_is_refused_by_both_sides(
    make_desk_room: Any, folder: Path, false_desk: Any, mode: int
) -> None:
    path = folder / "desk.sock"
    room = await make_desk_room(desk_socket=str(path))
    folder.chmod(mode)
    with pytest.raises(UsageError, match="others may write to"):
        await serve_desk(room.project)
    async with false_desk(path) as heard:
        with pytest.raises(RefusedError, match="others may write to") as refused:
            async with DeskClient.connect(path):
                pass
    assert (refused.value.rule, heard) == ("desk.place", [b""]), "not even its version is said there"


async def test_so_is_a_folder_within_one_that_others_write_to(make_desk_room: Any, folder: Path) -> None:
    inner = folder / "inner"
    inner.mkdir(mode=0o755)
    folder.chmod(0o777)
    room = await make_desk_room(desk_socket=str(inner / "desk.sock"))
    with pytest.raises(UsageError, match="others may write to"):
        await serve_desk(room.project)
    folder.chmod(0o1777)
    assert weakness_of(inner / "desk.sock", os.getuid()) == "", "in a sticky folder nobody moves what is another's"


def test_a_folder_of_somebody_else_is_no_place(folder: Path) -> None:
    assert weakness_of(folder / "s", os.getuid()) == ""
    told = weakness_of(folder / "s", pwd.getpwnam("daemon").pw_uid)
    assert told == ("" if os.getuid() == 0 else f"{folder} belongs to {OWN}, who could put another socket there")


async def test_a_path_through_a_symbolic_link_is_refused_with_the_real_one(make_desk_room: Any, folder: Path) -> None:
    (folder / "real").mkdir()
    (folder / "link").symlink_to(folder / "real")
    room = await make_desk_room(desk_socket=str(folder / "link/desk.sock"))
    with pytest.raises(UsageError, match=str(folder / "real/desk.sock")):
        await serve_desk(room.project)


async def test_a_client_does_not_follow_a_symbolic_link(served: Any, folder: Path) -> None:
    (folder / "desk.sock").symlink_to(served.path)
    with pytest.raises(RefusedError, match="another name") as refused:
        async with DeskClient.connect(folder / "desk.sock"):
            pass
    assert refused.value.rule == "desk.place"


@pytest.mark.parametrize("make", [Path.touch, lambda path: path.symlink_to(path.with_name("elsewhere"))])
def test_what_is_no_socket_is_left_alone(folder: Path, make: Any) -> None:
    make(folder / "desk.sock")
    before = (folder / "desk.sock").lstat()
    with pytest.raises(UsageError, match="is no socket"):
        require_place(folder / "desk.sock", os.getuid(), is_for_others=True)
    assert (folder / "desk.sock").lstat().st_ino == before.st_ino


async def test_a_socket_that_a_killed_service_left_is_replaced(make_desk_room: Any, folder: Path, serving: Any) -> None:
    path = folder / "desk.sock"
    async with await anyio.create_unix_listener(path):
        pass
    assert path.is_socket()
    async with serving(await make_desk_room(desk_socket=str(path))) as served:
        await served.answers()
    assert not path.exists()


async def test_two_services_do_not_share_a_socket(make_desk_room: Any, folder: Path, serving: Any) -> None:
    first, second = [await make_desk_room(desk_socket=str(folder / "desk.sock")) for _ in range(2)]
    async with serving(first) as served:
        with pytest.raises(UsageError, match="already serves"):
            await serve_desk(second.project)
        await served.answers()


def test_a_path_that_is_too_long_or_nowhere_is_refused_with_the_remedy(folder: Path) -> None:
    for path in (folder / ("x" * 120), folder / "nowhere/desk.sock"):
        with pytest.raises(UsageError, match=r"approval\.desk_socket"):
            require_place(path, os.getuid(), is_for_others=False)


async def test_a_desk_that_is_not_there_is_named(folder: Path) -> None:
    with pytest.raises(DeskAbsentError, match=r"no desk can be reached at .*osprey desk serve"):
        async with DeskClient.connect(folder / "desk.sock"):
            pass
