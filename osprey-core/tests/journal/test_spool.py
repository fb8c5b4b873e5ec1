"""The spool's file: what it keeps on a full disk, what it counts, and what it does not take for its own."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest
from attrs import evolve

from osprey.journal.audit import spool as spool_module
from osprey.journal.audit.spool import HEAD_BYTES, SPOOL_BYTES, Spool
from osprey.journal.audit.spool_records import LateRefusal, line_of_overflow, line_of_refusal

KEY = b"k" * 32
REFUSAL = LateRefusal(
    actor="os:alice",
    terminal="/dev/pts/1",
    host="console",
    subject="req-1",
    ns=1_800_000_000_000_000_000,
    detail={"what": "claim", "rule": "limits.max", "reason": "too much µA", "target": "ring"},
    cause="the disk is full",
)


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    made = Spool(tmp_path, KEY)
    made.prepare()
    return made


def keep(spool: Spool, *refusals: LateRefusal) -> list[bool]:
    with spool.opened() as held:
        return [held.keep(refusal) for refusal in refusals]


def change(spool: Spool, offset: int, data: bytes) -> None:
    descriptor = os.open(spool.path, os.O_WRONLY)
    os.pwrite(descriptor, data, offset)
    os.close(descriptor)


def test_it_is_private_has_its_size_from_the_start_and_is_made_once(spool: Spool, tmp_path: Path) -> None:
    status = spool.path.stat()
    assert (status.st_mode & 0o777, status.st_size) == (0o600, SPOOL_BYTES)
    assert status.st_blocks * 512 >= SPOOL_BYTES
    assert not spool.has_any()
    keep(spool, REFUSAL)
    spool.prepare()
    assert spool.read().refusals == (REFUSAL,)
    assert [path.name for path in tmp_path.iterdir()] == ["audit.spool"]


def test_what_is_kept_is_read_again_in_order_and_the_file_never_grows(spool: Spool) -> None:
    other = evolve(REFUSAL, subject="req-2", id="ab")
    assert keep(spool, REFUSAL, other) == [True, True]
    assert spool.has_any()
    assert spool.read().refusals == (REFUSAL, other)
    assert spool.path.stat().st_size == SPOOL_BYTES


def test_it_is_empty_after_it_was_cleared_and_can_be_used_again(spool: Spool) -> None:
    keep(spool, *[REFUSAL] * 20)
    with spool.opened() as held:
        held.clear()
    assert not spool.has_any()
    assert spool.read().is_empty
    # What lies in the file beyond its end is of no account, however the next ones run into it.
    keep(spool, evolve(REFUSAL, id="x"), evolve(REFUSAL, id="yy"))
    assert [one.id for one in spool.read().refusals] == ["x", "yy"]
    assert spool.read().foreign == 0


def test_what_does_not_fit_is_counted_with_its_times(spool: Spool) -> None:
    fits = keep(spool, *(evolve(REFUSAL, ns=number, id=f"{number}") for number in range(400)))
    kept = sum(fits)
    assert fits == [True] * kept + [False] * (400 - kept)
    overflow = spool.read().overflow
    assert overflow is not None
    assert (overflow.count, overflow.since_ns, overflow.until_ns) == (400 - kept, kept, 399)
    assert len(spool.read().refusals) == kept
    assert spool.path.stat().st_size == SPOOL_BYTES


def test_a_very_long_refusal_is_shortened_so_that_others_have_room(spool: Spool) -> None:
    long = evolve(
        REFUSAL, detail={**REFUSAL.detail, "reason": "r" * 60_000, "more": list(range(9000))}, cause="c" * 9000
    )
    keep(spool, long)
    (read,) = spool.read().refusals
    assert (read.detail["rule"], read.detail["shortened"], read.id) == ("limits.max", True, long.id)
    assert read.detail["reason"].startswith("rrr")
    assert "more" not in read.detail
    assert len(line_of_refusal(KEY, long)) < 4096


def test_a_record_of_somebody_without_the_key_is_told_and_not_taken(spool: Spool) -> None:
    keep(spool, REFUSAL)
    forged = line_of_refusal(b"o" * 32, evolve(REFUSAL, actor="os:mallory"))
    used = len(line_of_refusal(KEY, REFUSAL))
    change(spool, HEAD_BYTES + used, forged + b"\0")
    content = spool.read()
    assert content.refusals == (REFUSAL,)
    assert content.foreign == 1


@pytest.mark.parametrize("place", [1, 40, 200])
def test_a_changed_record_is_told_and_not_taken(spool: Spool, place: int) -> None:
    keep(spool, REFUSAL)
    change(spool, HEAD_BYTES + place, b"~")
    content = spool.read()
    assert (content.refusals, content.foreign) == ((), 1)


def test_a_genuine_head_is_no_record_and_a_genuine_record_is_no_head(spool: Spool) -> None:
    keep(spool, *[REFUSAL] * 400)
    overflow = spool.read().overflow
    assert overflow is not None
    with spool.opened() as held:
        held.clear()
    change(spool, HEAD_BYTES, line_of_overflow(KEY, overflow) + b"\0")
    change(spool, 0, line_of_refusal(KEY, evolve(REFUSAL, detail={}))[:HEAD_BYTES])
    content = spool.read()
    assert (content.refusals, content.overflow, content.foreign) == ((), None, 2)


@pytest.mark.parametrize("length", range(1, 300, 23))
def test_a_record_that_a_crash_cut_short_swallows_no_later_one(spool: Spool, length: int) -> None:
    keep(spool, REFUSAL)
    torn = line_of_refusal(KEY, evolve(REFUSAL, id="torn"))[:length]
    change(spool, HEAD_BYTES + len(line_of_refusal(KEY, REFUSAL)), torn)
    later = evolve(REFUSAL, id="later")
    assert keep(spool, later) == [True]
    content = spool.read()
    assert content.refusals == (REFUSAL, later)
    assert content.foreign == 1


def test_a_spool_that_was_cut_is_made_whole_and_keeps_what_is_left(spool: Spool) -> None:
    keep(spool, REFUSAL)
    os.truncate(spool.path, 2048)
    spool.prepare()
    assert spool.path.stat().st_size == SPOOL_BYTES
    assert spool.read().refusals == (REFUSAL,)


def test_a_spool_that_is_not_there_holds_nothing_and_keeps_nothing(tmp_path: Path) -> None:
    spool = Spool(tmp_path, KEY)
    assert not spool.has_any()
    assert spool.read().is_empty
    with pytest.raises(FileNotFoundError):
        keep(spool, REFUSAL)


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(bytes(SPOOL_BYTES))
    (tmp_path / "audit.spool").symlink_to(elsewhere)
    with pytest.raises(OSError, match="symbolic links"):
        keep(Spool(tmp_path, KEY), REFUSAL)
    assert elsewhere.read_bytes() == bytes(SPOOL_BYTES)


def test_a_disk_without_room_for_it_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OSError, match="No space left"):
        Spool(tmp_path, KEY).prepare()
    assert list(tmp_path.iterdir()) == []


def test_a_stopped_process_that_holds_the_lock_is_not_waited_for_without_an_end(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool_module, "_WAIT_S", 0.05)
    holder = os.open(spool.path, os.O_RDWR)
    fcntl.flock(holder, fcntl.LOCK_EX)
    try:
        with pytest.raises(TimeoutError, match="another process has held its lock"):
            keep(spool, REFUSAL)
        assert spool.read().is_empty
    finally:
        os.close(holder)
