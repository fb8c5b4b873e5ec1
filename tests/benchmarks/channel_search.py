"""Searching 200,000 channels, beside a plain scan of names and descriptions. Prints two tables.

The peer reads every channel for every query: it counts the query's words in name and description and, where none
is found, compares the words letter by letter (`difflib`, as the standard library offers it). It has no synonyms.
"""

from __future__ import annotations

import difflib
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from osprey.control import ChannelRecord
from osprey.control.channels.channel_file import load_channels
from osprey.control.channels.directory import ChannelDirectory
from osprey.control.channels.library import open_directory

COUNT = 200_000
ROUNDS = 5
PEER_QUERIES = 3
FAMILIES = (
    ("HCM", "horizontal corrector", "current", "A", ("SP", "RB")),
    ("VCM", "vertical corrector", "current", "A", ("SP", "RB")),
    ("QF", "focusing quadrupole", "current", "A", ("SP", "RB")),
    ("BPM", "beam position monitor", "x", "mm", ("X", "Y")),
    ("VG", "vacuum gauge", "pressure", "mbar", ("PRESSURE", "STATUS")),
    ("IP", "ion pump", "pressure", "mbar", ("PRESSURE", "VOLTAGE")),
    ("TC", "thermocouple", "temperature", "degC", ("TEMPERATURE", "ALARM")),
    ("CAV", "radio frequency cavity", "voltage", "kV", ("VOLTAGE", "PHASE")),
)
QUERIES = {
    "exact name": ["SR:S07:HCM0123:RB", "SR:S11:VG0777:PRESSURE", "SR:S02:CAV0042:PHASE"],
    "words": ["horizontal corrector current sector 7", "ion pump voltage", "beam position monitor", "pressure"],
    "synonyms": ["vacuum", "steerer setpoint sector 3", "magnet current", "radiofrequency", "temp sector 12"],
    "typos": ["horizontl corector", "presure gague sector 4", "themocouple", "quadrupol curent", "cavty voltge"],
    "a name misspelt": ["SR:S07:HCN0123:RB", "SR:S11:VG0777:PRESURE", "HCM99999"],
    "nonsense": ["qqqqqqq", "zwyx vutsr qponm", "xylophone banana", "8f3a9c"],
}


def channels() -> list[ChannelRecord]:
    """Make a machine of 200,000 channels in 24 sectors."""
    records: list[ChannelRecord] = []
    number = 0
    while len(records) < COUNT:
        family, words, quantity, unit, tails = FAMILIES[number % len(FAMILIES)]
        device, sector = f"{family}{number // len(FAMILIES):04d}", number // len(FAMILIES) % 24 + 1
        for tail in tails:
            role = {"SP": "setpoint", "STATUS": "status", "ALARM": "status"}.get(tail, "readback")
            records.append(
                ChannelRecord(
                    name=f"SR:S{sector:02d}:{device}:{tail}",
                    description=f"{words} {device} in sector {sector}, {tail.lower()}",
                    device=device,
                    family=family,
                    family_words=(words,),
                    sector=sector,
                    quantity=tail.lower() if tail in ("VOLTAGE", "PHASE", "Y") else quantity,
                    role=role,
                    unit=unit,
                    aliases=(f"{device}:{tail}",),
                )
            )
        number += 1
    return records[:COUNT]


def write_list(folder: Path, records: Sequence[ChannelRecord]) -> Path:
    """Write the list as a facility would keep it."""
    from osprey.control.channels.entries import entry_of

    path = folder / "channels.json"
    path.write_text(json.dumps([entry_of(record) for record in records]), encoding="utf-8")
    return path


def scan(records: Sequence[ChannelRecord], query: str) -> list[ChannelRecord]:
    """Search by reading everything: the peer."""
    words = [word.lower() for word in query.split()]
    texts = [f"{record.name} {record.description}".lower() for record in records]
    scores = [sum(word in text for word in words) for text in texts]
    best = max(scores)
    if best:
        return [records[place] for place, score in enumerate(scores) if score == best][:10]
    vocabulary = {word for text in texts for word in text.split()}
    near = [match for word in words for match in difflib.get_close_matches(word, vocabulary, n=3)]
    return [records[p] for p, text in enumerate(texts) if any(word in text for word in near)][:10]


def measure(call: Callable[[str], object], queries: Sequence[str], rounds: int) -> list[float]:
    """Give the milliseconds of every call."""
    spent: list[float] = []
    for _ in range(rounds):
        for query in random.Random(1).sample(list(queries), len(queries)):
            started = time.perf_counter()
            call(query)
            spent.append((time.perf_counter() - started) * 1e3)
    return spent


def cold_start(path: Path, folder: Path) -> float:
    """Give the seconds of a new process that opens the kept index and finds a channel."""
    code = (
        "import sys; from pathlib import Path; from osprey.control.channels.library import open_directory; "
        "assert open_directory(Path(sys.argv[1]), Path(sys.argv[2])).search('vacuum sector 4')"
    )
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code, str(path), str(folder)], check=True)
    return time.perf_counter() - started


def percentile(values: Sequence[float], share: float) -> float:
    """Give the value that `share` of all do not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def main() -> None:
    """Measure and print."""
    records = channels()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = write_list(folder, records)
        started = time.perf_counter()
        load_channels(path)
        loaded = time.perf_counter()
        open_directory(path, folder / "kept").search("vacuum")
        built = time.perf_counter()
        opened = [cold_start(path, folder / "kept") for _ in range(ROUNDS)]
        directory = open_directory(path, folder / "kept")
        size = sum(file.stat().st_size for file in (folder / "kept").iterdir())
        _queries(directory, records)
        print("\n| getting ready | time |\n|---|---|")
        print(f"| reading the list ({path.stat().st_size / 1e6:.0f} MB of JSON) alone | {loaded - started:.1f} s |")
        print(f"| first start: reading, building, keeping an index of {size / 1e6:.0f} MB | {built - loaded:.1f} s |")
        print(f"| every later start: a new process, the index opened, one search | {statistics.median(opened):.2f} s |")


def _queries(directory: ChannelDirectory, records: Sequence[ChannelRecord]) -> None:
    print("| 200,000 channels | p50, ms | p95, ms | plain scan p50, ms | ratio |\n|---|---|---|---|---|")
    for kind, queries in QUERIES.items():
        ask = directory.closest if kind == "a name misspelt" else directory.search
        ours = measure(ask, queries, ROUNDS)
        peer = measure(lambda query: scan(records, query), queries[:PEER_QUERIES], 1)
        half, most, theirs = statistics.median(ours), percentile(ours, 0.95), statistics.median(peer)
        print(f"| {kind} | {half:.1f} | {most:.1f} | {theirs:.0f} | {half / theirs:.4f} |")


if __name__ == "__main__":
    main()
