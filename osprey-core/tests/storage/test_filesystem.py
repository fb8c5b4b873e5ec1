"""The kind of file system is found by the longest mount point above a folder."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from osprey.storage import file_system_of

names = st.text(alphabet="ab \t\\ü", min_size=1, max_size=4)
folders = st.lists(names, max_size=4).map(lambda parts: Path("/nowhere", *parts))


def escaped(path: Path) -> str:
    return str(path).replace("\\", "\\134").replace(" ", "\\040").replace("\t", "\\011")


@given(mounted=st.lists(folders, unique=True, max_size=5), folder=folders)
def test_the_longest_mount_point_above_decides(tmp_path_factory, mounted: list[Path], folder: Path) -> None:
    mounts = tmp_path_factory.mktemp("m") / "mounts"
    lines = ["/dev/sda / ext4 rw 0 0"]
    lines += [f"dev {escaped(point)} kind{number} rw 0 0" for number, point in enumerate(mounted)]
    mounts.write_text("\n".join(lines))
    above = [point for point in mounted if point == folder or point in folder.parents]
    expected = "ext4"
    if above:
        longest = max(above, key=lambda point: len(point.parts))
        expected = f"kind{mounted.index(longest)}"
    assert file_system_of(folder, mounts=mounts).kind == expected


def test_a_later_mount_hides_an_earlier_one_on_the_same_point(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text("a /data ext4 rw 0 0\nb /data nfs rw 0 0\n")
    found = file_system_of(Path("/data/project"), mounts=mounts)
    assert (found.kind, found.mount, found.is_network) == ("nfs", "/data", True)


def test_a_name_that_only_begins_alike_is_not_above(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text("a / ext4 rw 0 0\nb /data nfs rw 0 0\n")
    assert not file_system_of(Path("/database"), mounts=mounts).is_network


def test_a_link_is_followed_to_where_the_files_are(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "near").symlink_to(tmp_path / "far")
    mounts = tmp_path / "mounts"
    mounts.write_text(f"a / ext4 rw 0 0\nb {tmp_path / 'far'} nfs rw 0 0\n")
    assert file_system_of(tmp_path / "near" / "state", mounts=mounts).is_network


def test_where_there_is_no_table_of_mounts_the_check_is_skipped_with_a_reason(tmp_path: Path) -> None:
    found = file_system_of(tmp_path, mounts=tmp_path / "none")
    assert not found.is_network
    assert "was not checked" in found.unchecked
