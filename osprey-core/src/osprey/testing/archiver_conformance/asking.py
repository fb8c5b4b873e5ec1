"""What an archive says of its channels, and the end of an archiver's life."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import anyio

from osprey.control import ArchiveInfo, Archiver, ArchiveSpan, ErrorKind, Fault
from osprey.errors import OspreyError
from osprey.testing.archiver_conformance.peer import ArchiverPeer

_HANG_S: Final = 60.0


async def test_it_is_an_archiver(archiver: Archiver) -> None:
    assert isinstance(archiver, Archiver)


async def test_descriptions_come_in_the_order_asked(archiver: Archiver, peer: ArchiverPeer) -> None:
    names = [peer.missing, peer.archived, peer.missing]
    infos = await archiver.describe(names, timeout_s=peer.deadline_s)
    assert [info.channel for info in infos] == names


async def test_what_is_archived_is_described(archiver: Archiver, peer: ArchiverPeer) -> None:
    (info,) = await archiver.describe([peer.archived], timeout_s=peer.deadline_s)
    assert isinstance(info, ArchiveInfo), info
    assert info.is_archived
    assert info.unit in ("", peer.unit)
    for time_ns in (info.first_ns, info.last_ns):
        assert time_ns is None or type(time_ns) is int
    if info.first_ns is not None and info.last_ns is not None:
        assert info.first_ns <= info.last_ns


async def test_what_is_not_archived_is_never_called_archived(archiver: Archiver, peer: ArchiverPeer) -> None:
    (info,) = await archiver.describe([peer.missing], timeout_s=peer.deadline_s)
    if isinstance(info, Fault):
        assert info.kind is ErrorKind.NOT_FOUND
    else:
        assert not info.is_archived


async def test_a_search_finds_what_is_archived(archiver: Archiver, peer: ArchiverPeer) -> None:
    found = await archiver.search(peer.pattern, limit=100_000, timeout_s=peer.deadline_s)
    assert peer.archived in found
    assert len(set(found)) == len(found)
    limited = await archiver.search(peer.pattern, limit=1, timeout_s=peer.deadline_s)
    assert len(limited) == 1


async def test_a_search_for_what_is_not_there_finds_nothing(archiver: Archiver, peer: ArchiverPeer) -> None:
    assert await archiver.search("no-such-thing-qzx*", limit=10, timeout_s=peer.deadline_s) == []


async def test_it_can_be_closed_twice(peer: ArchiverPeer, tmp_path: Path) -> None:
    archiver = await peer.connect(tmp_path)
    with anyio.fail_after(_HANG_S):
        await archiver.aclose()
        await archiver.aclose()


async def test_fetching_after_the_close_is_an_error_and_no_hang(peer: ArchiverPeer, tmp_path: Path) -> None:
    archiver = await peer.connect(tmp_path)
    await archiver.aclose()
    start_ns, end_ns = peer.span_ns()
    with anyio.fail_after(_HANG_S):
        try:
            (series,) = await archiver.fetch(
                [peer.archived], ArchiveSpan(start_ns=start_ns, end_ns=end_ns), timeout_s=1.0
            )
        except OspreyError:
            return
    assert series.fault is not None


async def test_closing_one_does_not_disturb_another(peer: ArchiverPeer, tmp_path: Path) -> None:
    first, second = await peer.connect(tmp_path), await peer.connect(tmp_path)
    await first.aclose()
    (info,) = await second.describe([peer.archived], timeout_s=peer.deadline_s)
    assert isinstance(info, ArchiveInfo)
    await second.aclose()
