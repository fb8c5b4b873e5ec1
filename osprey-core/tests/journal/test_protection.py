"""Which tampering a check finds depends on the anchor: whether the operating system lets somebody cut it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from osprey.journal.audit import protection
from osprey.journal.audit.protection import is_append_only, protections_of

SET_FLAGS = 0x40086602
GET_FLAGS = 0x80086601
APPEND_ONLY = 0x20


def set_append_only(path: Path, *, to: bool) -> bool:
    """Set or take the attribute as `chattr` does; say whether this user and this file system can."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        flags = int.from_bytes(fcntl.ioctl(descriptor, GET_FLAGS, bytes(8))[:4], "little")
        wanted = flags | APPEND_ONLY if to else flags & ~APPEND_ONLY
        fcntl.ioctl(descriptor, SET_FLAGS, wanted.to_bytes(8, "little"))
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def test_the_attribute_is_seen_where_it_can_be_set(tmp_path: Path) -> None:
    anchor = tmp_path / "audit.anchor"
    anchor.touch()
    assert not is_append_only(anchor)
    could = set_append_only(anchor, to=True)
    try:
        assert is_append_only(anchor) is could
    finally:
        set_append_only(anchor, to=False)
    assert not is_append_only(anchor)


def test_a_file_that_is_not_there_or_has_no_attributes_is_not_append_only(tmp_path: Path) -> None:
    assert not is_append_only(tmp_path / "gone")
    assert not is_append_only(Path("/proc/self/status"))


def _found(anchor: Path) -> dict[str, bool]:
    return {one.tampering: one.is_found for one in protections_of(anchor)}


def test_an_append_only_anchor_finds_what_a_plain_one_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = _found(tmp_path / "audit.anchor")
    monkeypatch.setattr(protection, "is_append_only", lambda _: True)
    strong = _found(tmp_path / "audit.anchor")
    assert [name for name in plain if strong[name] and not plain[name]] == [
        "table and anchor both cut back to the same earlier row",
        "history sealed anew by whoever has the key and can write both files",
    ]
    assert not strong["the whole folder, key and all, exchanged for another one or put back from an earlier copy"]


@pytest.mark.parametrize(("user", "told"), [(0, "Osprey runs as root, which can take that away"), (1000, "only root")])
def test_root_is_told_that_the_attribute_does_not_hold_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user: int, told: str
) -> None:
    monkeypatch.setattr(protection, "is_append_only", lambda _: True)
    monkeypatch.setattr(os, "geteuid", lambda: user)
    (cut,) = [one for one in protections_of(tmp_path) if one.tampering.startswith("table and anchor both")]
    assert told in cut.how


def test_without_it_the_remedies_are_told(tmp_path: Path) -> None:
    (cut,) = [one for one in protections_of(tmp_path / "a") if one.tampering.startswith("table and anchor both")]
    assert f"chattr +a {tmp_path / 'a'}" in cut.how
    assert "osprey audit export" in cut.how
