"""Searching many channels: the index gives what reading every channel would give, in memory and from its file."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osprey.control import ChannelRecord, DType
from osprey.control.channels import library
from osprey.control.channels.bitset import members
from osprey.control.channels.directory import ChannelDirectory
from osprey.control.channels.entries import entry_of
from osprey.control.channels.library import open_directory
from osprey.control.channels.shelf import MemoryShelf
from osprey.control.channels.stored_shelf import StoredShelf, store_shelf
from osprey.control.channels.tables import Kind
from osprey.control.channels.word_index import WordIndex
from osprey.control.channels.words import words_of_text
from osprey.errors import ConfigError, StorageError

WORDS = ("beam", "current", "pressure", "vacuum", "gauge", "cavity", "voltage", "horizontal", "arc", "dump")
QUERIES = st.lists(st.sampled_from((*WORDS, "curent", "hcm", "3", "readback", "xyzzy")), min_size=1, max_size=5)


@st.composite
def records(draw: st.DrawFn) -> list[ChannelRecord]:
    size = draw(st.integers(1, 30))
    return [
        ChannelRecord(
            name=f"SR:S{draw(st.integers(1, 4)):02d}:{draw(st.sampled_from(('HCM', 'VG', 'CAV')))}{place:02d}",
            description=" ".join(draw(st.lists(st.sampled_from(WORDS), max_size=4))),
            device=f"D{place % 7}",
            family=draw(st.sampled_from(("", "HCM", "BPM"))),
            sector=draw(st.sampled_from((None, 1, 2))),
            quantity=draw(st.sampled_from(("", "current", "pressure"))),
            role=draw(st.sampled_from(("readback", "setpoint", "status"))),
            aliases=(f"A{place % 5}",),
            dtype=draw(st.sampled_from((None, DType.FLOAT))),
            labels=draw(st.sampled_from(((), ("OFF", "ON")))),
        )
        for place in range(size)
    ]


def _has(record: ChannelRecord, index: WordIndex, shelf: MemoryShelf, word: str, place: int) -> float:
    """Say how well one channel has one word, from the tables of that word alone."""
    if index.has(word):
        spellings = {word: 1.0}
    else:
        begun = shelf.words_beginning(word, 12) if len(word) > 2 else []
        spellings = dict.fromkeys(begun, 0.8)
        for spelling, likeness in index.nearly(word):
            spellings[spelling] = max(spellings.get(spelling, 0.0), likeness)
    strengths = [0.0]
    for spelling, likeness in spellings.items():
        if place in shelf.table(Kind.WORD).get(spelling, ()):
            strengths.append(likeness)
        if spelling in words_of_text(record.description):
            strengths.append(0.9 * likeness)
    return max(strengths)


@given(records(), QUERIES.map(lambda words: sorted(set(words))))
def test_the_index_ranks_as_reading_every_channel_does(listed: list[ChannelRecord], words: list[str]) -> None:
    shelf = MemoryShelf(listed)
    index = WordIndex(shelf)
    expected: dict[int, float] = {}
    for place, record in enumerate(listed):
        share = sum(_has(record, index, shelf, word, place) for word in words) / len(words)
        if share:
            expected[place] = share
    best = max(expected.values(), default=0.0)
    least = 0.85 if best >= 0.85 else 0.6 * best
    found = {place: group.share for group in index.rank(words) for place in members(group.bits)}
    assert set(found) == {place for place, share in expected.items() if share >= least}
    assert all(math.isclose(found[place], expected[place]) for place in found)


@given(listed=records(), words=QUERIES)
def test_a_kept_index_answers_as_the_one_in_memory(
    tmp_path_factory: pytest.TempPathFactory, listed: list[ChannelRecord], words: list[str]
) -> None:
    shelf = MemoryShelf(listed)
    path = tmp_path_factory.mktemp("kept") / "list.index"
    store_shelf(shelf, path)
    kept = StoredShelf(path)
    ours, theirs = ChannelDirectory(shelf), ChannelDirectory(kept)
    query = " ".join(words)
    assert theirs.records == ours.records == tuple(listed)
    assert theirs.find(query) == ours.find(query)
    assert theirs.find(f"{query} sector 1") == ours.find(f"{query} sector 1")
    assert theirs.matching(words) == ours.matching(words)
    assert theirs.closest(listed[0].name[:-1]) == ours.closest(listed[0].name[:-1])
    assert (theirs.devices, theirs.sectors) == (ours.devices, ours.sectors)
    for name in (listed[0].name, "A1", "a 1", "d3", "D03", query):
        assert theirs.get(name) == ours.get(name)
        assert theirs.named(name) == ours.named(name)
        assert theirs.nearly_named(name) == ours.nearly_named(name)
    assert theirs.select(family="HCM", sector=1) == ours.select(family="HCM", sector=1)
    kept.close()


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("temperatuer", "TC:T"),  # two letters exchanged
        ("tmperature", "TC:T"),  # one left out
        ("temmperature", "TC:T"),  # one too many
        ("temperazure", "TC:T"),  # another one
        ("tempera", "TC:T"),  # its beginning
        ("tmep", "TC:T"),  # a short word
        ("horiz steerer", "HCM:SP"),
    ],
)
def test_slips_and_beginnings_of_words_are_forgiven(query: str, first: str) -> None:
    directory = ChannelDirectory(
        [
            ChannelRecord(name="VG:P", quantity="pressure", description="vacuum in the arc"),
            ChannelRecord(name="TC:T", quantity="temperature", description="temp of the wall"),
            ChannelRecord(name="HCM:SP", family_words=("horizontal corrector",), family="HCM", role="setpoint"),
        ]
    )
    assert directory.search(query)[0].name == first


def test_a_word_that_is_known_is_taken_as_it_is() -> None:
    directory = ChannelDirectory(ChannelRecord(name=f"HCM{n:03d}:SP") for n in range(1, 400))
    assert [record.name for record in directory.search("HCM123")] == ["HCM123:SP"]


def test_all_that_was_found_is_counted() -> None:
    directory = ChannelDirectory(ChannelRecord(name=f"VG{n}:P", quantity="pressure") for n in range(5000))
    found = directory.find("pressure", limit=3)
    assert (len(found.records), found.count) == (3, 5000)
    assert directory.find("VG77:P").count == 1
    assert directory.find("sector 9").count == 0


def test_a_query_of_a_hundred_words_ends() -> None:
    directory = ChannelDirectory(
        ChannelRecord(name=f"N{n}", description=" ".join(f"w{n % k}" for k in range(2, 40))) for n in range(2000)
    )
    assert directory.find(" ".join(f"w{n}" for n in range(100))).records


def test_the_closest_of_many_names_is_first() -> None:
    directory = ChannelDirectory(
        ChannelRecord(name=f"SR:S{n % 24 + 1:02d}:HCM{n:04d}:{tail}", device=f"HCM{n:04d}")
        for n in range(3000)
        for tail in ("SP", "RB")
    )
    assert directory.closest("SR:S13:HCN1236:SP")[0] == "SR:S13:HCM1236:SP"
    assert directory.closest("HCM12367")[0] == "HCM1236"
    assert directory.closest("qqqqqqqqqq") == []


@pytest.fixture
def long_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A list that is long enough for its index to be kept."""
    import json

    monkeypatch.setattr(library, "_WORTH_KEEPING", 100)
    path = tmp_path / "channels.json"
    listed = [ChannelRecord(name=f"VG{n}:P", quantity="pressure", description="gäuge ☃") for n in range(50)]
    path.write_text(json.dumps([entry_of(record) for record in listed]), encoding="utf-8")
    yield path


def _kept(folder: Path) -> list[Path]:
    return sorted(folder.glob("channels-*"))


def test_a_long_lists_index_is_kept_and_used_again(
    long_list: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "kept"
    first = open_directory(long_list, folder)
    [kept] = _kept(folder)
    assert kept.stat().st_mode & 0o077 == 0
    monkeypatch.setattr(library, "parse_channels", None)  # the list itself is not read again
    again = open_directory(long_list, folder)
    assert again.find("presure") == first.find("presure")
    assert again.get("VG7:P") == first.get("VG7:P")


def test_a_changed_list_has_a_new_index_and_the_old_one_goes(long_list: Path, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    open_directory(long_list, folder)
    [before] = _kept(folder)
    long_list.write_text(long_list.read_text().replace("VG7:P", "VG7:PRESSURE"), encoding="utf-8")
    assert open_directory(long_list, folder).get("VG7:PRESSURE") is not None
    [after] = _kept(folder)
    assert after != before


@pytest.mark.parametrize("damage", [b"", b"not a database", b"SQLite format 3\0" + bytes(200)])
def test_a_damaged_index_is_made_anew(long_list: Path, tmp_path: Path, damage: bytes) -> None:
    folder = tmp_path / "kept"
    open_directory(long_list, folder)
    [kept] = _kept(folder)
    kept.write_bytes(damage)
    assert open_directory(long_list, folder).get("VG7:P") is not None
    assert len(StoredShelf(kept)) == 50


def test_a_folder_that_cannot_be_written_makes_no_difference(long_list: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert open_directory(long_list, tmp_path / "file" / "kept").get("VG7:P") is not None


def test_a_broken_list_is_named_and_leaves_nothing_behind(long_list: Path, tmp_path: Path) -> None:
    long_list.write_text('[{"name": "A"}, {"name": "A"}]' + " " * 200, encoding="utf-8")
    with pytest.raises(ConfigError, match="the same name as channel 1"):
        open_directory(long_list, tmp_path / "kept")
    assert _kept(tmp_path / "kept") == []


def test_an_index_that_breaks_while_it_is_used_is_named_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "channels-1.index"
    store_shelf(MemoryShelf([ChannelRecord(name="A")]), path)
    with sqlite3.connect(path) as file:
        file.execute("DROP TABLE sets")
    file.close()
    shelf = StoredShelf(path)
    with pytest.raises(StorageError, match="remove it"):
        ChannelDirectory(shelf).get("A")
    shelf.close()
