"""Finding channels without a model on 10,000 ring-like channels: how many of the right ones are among the first five.

The requests are written by hand, as operators speak, from what the channels are and not from how they are ranked:
paraphrases, abbreviations, misspellings, and sector with family and quantity. What is right is said by family, sector,
quantity and role alone. A request counts with the share of its right channels (of at most five) that the first five
results hold. The peer reads every channel and counts the request's words in name and description.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Sequence

from attrs import frozen

from osprey.control import ChannelRecord
from osprey.control.channels.directory import ChannelDirectory

SECTORS = 42
ROUNDS = 5
FIRST = 5


@frozen
class Family:
    """A kind of device: how many stand in a sector, and its signals as (suffix, quantity, role, unit, words)."""

    name: str
    words: tuple[str, ...]
    count: int
    signals: tuple[tuple[str, str, str, str, str], ...]


def _magnet(name: str, words: tuple[str, ...], count: int) -> Family:
    signals = (
        ("SP", "current", "setpoint", "A", "current setpoint"),
        ("RB", "current", "readback", "A", "current readback"),
        ("STAT", "status", "status", "", "power supply status"),
        ("TEMP", "temperature", "readback", "degC", "coil temperature"),
    )
    return Family(name, words, count, signals)


FAMILIES = (
    Family(
        "BPM",
        ("beam position monitor",),
        12,
        (
            ("X", "x", "readback", "mm", "horizontal position"),
            ("Y", "y", "readback", "mm", "vertical position"),
            ("SUM", "intensity", "readback", "", "sum signal"),
        ),
    ),
    _magnet("HCM", ("horizontal corrector",), 8),
    _magnet("VCM", ("vertical corrector",), 8),
    _magnet("QF", ("focusing quadrupole",), 6),
    _magnet("QD", ("defocusing quadrupole",), 6),
    _magnet("SF", ("focusing sextupole",), 4),
    _magnet("SD", ("defocusing sextupole",), 4),
    _magnet("BEND", ("bending magnet", "dipole"), 2),
    Family(
        "VG",
        ("vacuum gauge",),
        6,
        (("P", "pressure", "readback", "mbar", "pressure"), ("STAT", "status", "status", "", "gauge status")),
    ),
    Family(
        "IP",
        ("ion pump",),
        8,
        (
            ("P", "pressure", "readback", "mbar", "pressure"),
            ("V", "voltage", "readback", "kV", "high voltage"),
            ("I", "current", "readback", "uA", "pump current"),
        ),
    ),
    Family("GV", ("gate valve",), 2, (("POS", "position", "status", "", "open or closed"),)),
    Family("TC", ("thermocouple",), 7, (("T", "temperature", "readback", "degC", "chamber temperature"),)),
    Family("FLOW", ("cooling water flow meter",), 2, (("F", "flow", "readback", "l/min", "cooling water flow"),)),
    Family("RAD", ("radiation monitor",), 1, (("D", "dose", "readback", "uSv/h", "dose rate"),)),
    Family(
        "ID",
        ("insertion device", "undulator"),
        1,
        (("GAP:SP", "gap", "setpoint", "mm", "gap setpoint"), ("GAP:RB", "gap", "readback", "mm", "gap readback")),
    ),
)
ONCE = (
    ("DCCT:CURRENT", "DCCT", "beam current transformer", "current", "readback", "mA", "stored beam current"),
    ("DCCT:LIFETIME", "DCCT", "beam current transformer", "lifetime", "readback", "h", "beam lifetime"),
    ("TUNE:X", "TUNE", "tune measurement", "tune", "readback", "", "horizontal betatron tune"),
    ("TUNE:Y", "TUNE", "tune measurement", "tune", "readback", "", "vertical betatron tune"),
    ("RF:CAV1:V:SP", "CAV", "radio frequency cavity", "voltage", "setpoint", "kV", "cavity voltage setpoint"),
    ("RF:CAV1:V:RB", "CAV", "radio frequency cavity", "voltage", "readback", "kV", "cavity voltage readback"),
    ("RF:CAV1:PHASE", "CAV", "radio frequency cavity", "phase", "readback", "deg", "cavity phase"),
    ("RF:MO:F:SP", "MO", "master oscillator", "frequency", "setpoint", "MHz", "master oscillator frequency setpoint"),
    ("RF:MO:F:RB", "MO", "master oscillator", "frequency", "readback", "MHz", "master oscillator frequency"),
    ("RF:KLY1:PWR", "KLY", "klystron", "power", "readback", "kW", "klystron forward power"),
)


def channels() -> list[ChannelRecord]:
    """Make a ring of 42 sectors and its single devices: 10,006 channels."""
    records = [
        ChannelRecord(
            name=f"SR:{name}",
            description=words,
            device=name.rsplit(":", 1)[0],
            family=family,
            family_words=(kind,),
            quantity=quantity,
            role=role,
            unit=unit,
        )
        for name, family, kind, quantity, role, unit, words in ONCE
    ]
    for sector in range(1, SECTORS + 1):
        for family in FAMILIES:
            for number in range(1, family.count + 1):
                records += _device(family, sector, number)
    return records


def _device(family: Family, sector: int, number: int) -> list[ChannelRecord]:
    device = f"{family.name}{sector:02d}{number:02d}"
    return [
        ChannelRecord(
            name=f"SR{sector:02d}:{family.name}{number:02d}:{suffix}",
            description=f"{family.words[0]} {number} in sector {sector}, {words}",
            device=device,
            family=family.name,
            family_words=family.words,
            sector=sector,
            quantity=quantity,
            role=role,
            unit=unit,
        )
        for suffix, quantity, role, unit, words in family.signals
    ]


@frozen(kw_only=True)
class Wanted:
    """What a request means; an empty field leaves it open."""

    families: tuple[str, ...]
    sector: int | None = None
    quantity: str = ""
    role: str = ""

    def fits(self, record: ChannelRecord) -> bool:
        return (
            record.family in self.families
            and self.sector in (None, record.sector)
            and self.quantity in ("", record.quantity)
            and self.role in ("", record.role)
        )


def _w(families: str, sector: int | None = None, quantity: str = "", role: str = "") -> Wanted:
    return Wanted(families=tuple(families.split()), sector=sector, quantity=quantity, role=role)


REQUESTS: dict[str, tuple[tuple[str, Wanted], ...]] = {
    "sector, family and quantity": (
        ("horizontal corrector current setpoint sector 7", _w("HCM", 7, "current", "setpoint")),
        ("vertical corrector current readback in sector 12", _w("VCM", 12, "current", "readback")),
        ("ion pump pressure sector 3", _w("IP", 3, "pressure")),
        ("vacuum gauge pressure sector 31", _w("VG", 31, "pressure")),
        ("focusing quadrupole current readback sector 9", _w("QF", 9, "current", "readback")),
        ("defocusing quadrupole current setpoint sector 40", _w("QD", 40, "current", "setpoint")),
        ("beam position monitor x in sector 22", _w("BPM", 22, "x")),
        ("beam position monitor y in sector 5", _w("BPM", 5, "y")),
        ("focusing sextupole temperature sector 18", _w("SF", 18, "temperature")),
        ("defocusing sextupole current sector 2", _w("SD", 2, "current")),
        ("thermocouple temperature sector 27", _w("TC", 27, "temperature")),
        ("ion pump voltage in sector 33", _w("IP", 33, "voltage")),
        ("dipole current sector 14", _w("BEND", 14, "current")),
        ("insertion device gap sector 8", _w("ID", 8, "gap")),
        ("radiation monitor dose sector 1", _w("RAD", 1, "dose")),
        ("gate valve position sector 20", _w("GV", 20, "position")),
        ("cooling water flow sector 36", _w("FLOW", 36, "flow")),
        ("horizontal corrector status sector 25", _w("HCM", 25, "status")),
        ("bending magnet coil temperature sector 11", _w("BEND", 11, "temperature")),
        ("ion pump current in sectors 16", _w("IP", 16, "current")),
    ),
    "paraphrases": (
        ("how much current do we have in the ring", _w("DCCT", quantity="current")),
        ("stored beam", _w("DCCT", quantity="current")),
        ("how long does the beam live", _w("DCCT", quantity="lifetime")),
        ("steerers in sector 4", _w("HCM VCM", 4)),
        ("horizontal steering magnet setpoints of sector 6", _w("HCM", 6, role="setpoint")),
        ("where is the beam horizontally in sector 10", _w("BPM", 10, "x")),
        ("orbit in sector 30", _w("BPM", 30)),
        ("vacuum in sector 15", _w("VG IP", 15, "pressure")),
        ("how good is the vacuum around sector 21", _w("VG IP", 21, "pressure")),
        ("undulator opening sector 17", _w("ID", 17, "gap")),
        ("what the bending magnets are set to in sector 3", _w("BEND", 3, "current", "setpoint")),
        ("accelerating voltage of the cavity", _w("CAV", quantity="voltage")),
        ("frequency of the machine's rf", _w("MO", quantity="frequency")),
        ("betatron tunes", _w("TUNE")),
        ("klystron output power", _w("KLY", quantity="power")),
        ("is the valve open in sector 13", _w("GV", 13)),
        ("chamber temperature of sector 39", _w("TC", 39, "temperature")),
        ("water cooling in sector 2", _w("FLOW", 2)),
        ("radiation level in sector 28", _w("RAD", 28)),
        ("measured currents of the focusing quads in sector 5", _w("QF", 5, "current", "readback")),
        ("pump high voltage sector 19", _w("IP", 19, "voltage")),
        ("vertical beam position in sector 34", _w("BPM", 34, "y")),
    ),
    "abbreviations": (
        ("bpm x s07", _w("BPM", 7, "x")),
        ("hcm sp sector 12", _w("HCM", 12, "current", "setpoint")),
        ("vcm rb s03", _w("VCM", 3, "current", "readback")),
        ("quads sector 8", _w("QF QD", 8)),
        ("sext temp sector 20", _w("SF SD", 20, "temperature")),
        ("qf cur s11", _w("QF", 11, "current")),
        ("id gap s24", _w("ID", 24, "gap")),
        ("ip pres sector 9", _w("IP", 9, "pressure")),
        ("rf volt", _w("CAV", quantity="voltage")),
        ("rf freq", _w("MO", quantity="frequency")),
        ("dcct", _w("DCCT")),
        ("tc temp s32", _w("TC", 32, "temperature")),
        ("horiz corr setpt sector 5", _w("HCM", 5, "current", "setpoint")),
        ("vert corr readback sector 6", _w("VCM", 6, "current", "readback")),
        ("vac gauge press s18", _w("VG", 18, "pressure")),
        ("bend curr rb sector 10", _w("BEND", 10, "current", "readback")),
        ("cav phase", _w("CAV", quantity="phase")),
        ("rad mon s05", _w("RAD", 5)),
    ),
    "misspellings": (
        ("horizontl corector current sector 7", _w("HCM", 7, "current")),
        ("vertcal corrector setpoint sector 8", _w("VCM", 8, "current", "setpoint")),
        ("vaccum gauge presure sector 4", _w("VG", 4, "pressure")),
        ("ion pumb voltage sector 10", _w("IP", 10, "voltage")),
        ("quadrupol current sector 6", _w("QF QD", 6, "current")),
        ("beam positon monitor sector 15", _w("BPM", 15)),
        ("sextuple temperature sector 3", _w("SF SD", 3, "temperature")),
        ("themocouple sector 12", _w("TC", 12)),
        ("insertion devise gap sector 26", _w("ID", 26, "gap")),
        ("undulater gap sector 26", _w("ID", 26, "gap")),
        ("klystrom power", _w("KLY", quantity="power")),
        ("cavty voltge", _w("CAV", quantity="voltage")),
        ("bendnig magnet current sector 1", _w("BEND", 1, "current")),
        ("beam liftime", _w("DCCT", quantity="lifetime")),
        ("radation monitor sector 9", _w("RAD", 9)),
        ("gate vlave sector 14", _w("GV", 14)),
        ("coolng water flow sector 22", _w("FLOW", 22)),
        ("master oscilator frequency", _w("MO", quantity="frequency")),
        ("defocussing quadrupole current sector 35", _w("QD", 35, "current")),
        ("dipol current readback sector 17", _w("BEND", 17, "current", "readback")),
    ),
    "names, nearly": (
        ("SR07:HCM03:SP", _w("HCM", 7, "current", "setpoint")),
        ("sr12 bpm05 x", _w("BPM", 12, "x")),
        ("hcm0703", _w("HCM", 7)),
        ("QD 4003 setpoint", _w("QD", 40, "current", "setpoint")),
        ("IP0905 pressure", _w("IP", 9, "pressure")),
        ("TUNE:Y", _w("TUNE")),
    ),
}


def _share(kind: str, found: Sequence[ChannelRecord], wanted: Wanted, records: Sequence[ChannelRecord]) -> float:
    """Give the share of the right channels, of at most five, that stand among the first five."""
    # A name means one channel or device: whether the first results have it is all that counts.
    right = 1 if kind == "names, nearly" else sum(map(wanted.fits, records))
    return min(1.0, sum(map(wanted.fits, found[:FIRST])) / min(FIRST, right))


def count_words(records: Sequence[ChannelRecord], query: str) -> list[ChannelRecord]:
    """Search by reading everything: the peer."""
    words = query.lower().split()
    texts = [f"{record.name} {record.description}".lower() for record in records]
    order = sorted(range(len(records)), key=lambda place: -sum(word in texts[place] for word in words))
    return [records[place] for place in order[:FIRST]]


def recall(search: Callable[[str], Sequence[ChannelRecord]], records: Sequence[ChannelRecord]) -> float:
    """Give the recall over all requests."""
    return statistics.mean(
        _share(kind, search(query), wanted, records) for kind, all_ in REQUESTS.items() for query, wanted in all_
    )


def measure(records: Sequence[ChannelRecord]) -> None:
    """Print a row for each kind of request, and the figures of all together."""
    directory = ChannelDirectory(records)
    directory.search("warm up")
    print("| 10,000 channels | requests | recall in the first 5 | p50, ms | p95, ms | word count, recall |")
    print("|---|---|---|---|---|---|")
    everything: list[float] = []
    spent_all: list[float] = []
    peers: list[float] = []
    for kind, requests in REQUESTS.items():
        ours, theirs, spent = _measured(directory, records, kind, requests)
        everything, spent_all, peers = everything + ours, spent_all + spent, peers + theirs
        print(_row(kind, ours, spent, theirs))
    print(_row("all", everything, spent_all, peers))


def _measured(
    directory: ChannelDirectory, records: Sequence[ChannelRecord], kind: str, requests: Sequence[tuple[str, Wanted]]
) -> tuple[list[float], list[float], list[float]]:
    ours: list[float] = []
    theirs: list[float] = []
    spent: list[float] = []
    for query, wanted in requests:
        found: Sequence[ChannelRecord] = ()
        for _ in range(ROUNDS):
            started = time.perf_counter()
            found = directory.search(query, limit=FIRST)
            spent.append((time.perf_counter() - started) * 1e3)
        ours.append(_share(kind, found, wanted, records))
        theirs.append(_share(kind, count_words(records, query), wanted, records))
        if ours[-1] < 1 and "-v" in sys.argv:
            print(f"{ours[-1]:.2f} {query!r}: {', '.join(record.name for record in found)}", file=sys.stderr)
    return ours, theirs, spent


def percentile(values: Sequence[float], share: float) -> float:
    """Give the value that `share` of all do not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def _row(kind: str, ours: Sequence[float], spent: Sequence[float], theirs: Sequence[float]) -> str:
    recall, peer = statistics.mean(ours), statistics.mean(theirs)
    half, most = statistics.median(spent), percentile(spent, 0.95)
    return f"| {kind} | {len(ours)} | {recall:.1%} | {half:.1f} | {most:.1f} | {peer:.1%} |"


def main() -> None:
    """Measure and print."""
    measure(channels())


if __name__ == "__main__":
    main()
