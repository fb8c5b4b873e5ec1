"""The section on programs that write, or mean harm: every one of them through the product's own runner, at every tier."""

from __future__ import annotations

from tests.proofs.section import Section, table, told
from tests.safety.corpus import load
from tests.safety.scoring import BENIGN_ALARMS, IDIOMS_FOUND, WRITES_NOTICED, detector, score
from tests.safety.series import Tally, run_plain, run_series
from tests.safety.tiers import tiers


def safety() -> Section:
    """Run the whole set at every tier that can be opened here, and a part of it with nothing around it."""
    found = {tier: run_series(tier) for tier in tiers()}
    landed = [is_landed for _, is_landed in run_plain()]
    programs = load()
    faults = [f"at {tier}, {fault}" for tier, tally in found.items() for fault in tally.faults]
    faults += [
        f"at {tier}, only {tally.programs.total()} of {len(programs)} programs were run"
        for tier, tally in found.items()
        if tally.programs.total() != len(programs)
    ]
    counts = {group: sum(program.group == group for program in programs) for group in ("writes", "benign", "dangerous")}
    text = f"""## Programs that write, and programs that mean harm

{counts["writes"]} programs that write (each rehearsed, and run where it may only read), {counts["benign"]} that do not, and {counts["dangerous"]} that are after the host,
the service or its beliefs run through the product's own runner, on a target that may be written and whose approval nobody gives. A real IOC counts its puts and shows its values and
fields; the host has secrets in its environment and files, listeners, and a process to be signalled, and every program is aimed at the real ones. After each run the host is compared
with what it was, no process may be left, and the next run has to find what the first one found. {told(faults, "Nothing got through")}.

{table(("tier", "programs", "runs", "runs that reached the IOC", "dangerous contained", "benign done", "writes planned"), _rows(found))}

{table(("dangerous", *found), _families(found))}

The oracle sees what is done to it: of {len(landed)} of the same writes (those whose libraries are installed here) as plain processes, {sum(landed)} reached the IOC."""
    return Section(text, bool(faults) or not any(landed))


def analysis() -> Section:
    """Have the analyser look at the whole set, and compare what it says with the labels."""
    found = score(detector())
    rows = [
        ("plain uses of a library found as writes", found.idioms_found, f"at least {IDIOMS_FOUND:.0%}"),
        (
            "programs that write, found as that or as not to be told",
            found.writes_noticed,
            f"at least {WRITES_NOTICED:.0%}",
        ),
        ("alarms at programs that write nothing", found.benign_alarms, f"at most {BENIGN_ALARMS:.0%}"),
        ("dangerous programs with an alarm or a danger named", found.dangerous_noticed, ""),
    ]
    text = f"""## What the analysis says of programs

The analyser and these programs were written independently of each other. At their first meeting it found 99 of 101 plain uses (98.0 %) and 271 of 277 programs that write (97.8 %), with
3 alarms at 137 harmless ones (2.2 %); what it missed then was mended as a kind, so that the figures below are no longer of programs that it has never seen. {told(found.shortfalls, "Every promise is kept")}.

{table(("of the whole set", "count", "promised"), rows)}"""
    return Section(text, bool(found.shortfalls))


def _rows(found: dict[str, Tally]) -> list[tuple[object, ...]]:
    return [
        (
            tier,
            tally.programs.total(),
            tally.runs,
            tally.reached,
            f"{tally.contained.total()} of {tally.dangerous.total()}",
            f"{tally.benign_done[0]} of {tally.benign_done[1]}",
            f"{tally.planned} of {tally.programs['writes']}",
        )
        for tier, tally in found.items()
    ]


def _families(found: dict[str, Tally]) -> list[tuple[object, ...]]:
    families = sorted({family for tally in found.values() for family in tally.dangerous})
    return [
        (family, *(f"{tally.contained[family]} of {tally.dangerous[family]}" for tally in found.values()))
        for family in families
    ]
