"""The whole database exchanged for an earlier copy of itself, with everything that was approved in it."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from pathlib import Path
from typing import Final

from tests.proofs.intruder import Intruder
from tests.proofs.room import Clock, Room, open_room, write_project
from tests.proofs.tampering import Tally, Trial

from osprey.journal import RequestRow

AT_ONCE: Final = 10
"""Requests that one copy brings back to life."""
_NAME: Final = "the_whole_database_of_before"


async def run_rollbacks(folder: Path, trials: int, seed: int) -> Tally:
    """Have requests carried out, put back the database of before, and try to have them carried out again."""
    chance, tally = random.Random(seed), Tally()
    tally.rules[_NAME] = Counter()
    while tally.trials < trials:
        place = folder / f"rollback{tally.trials}"
        write_project(place)
        clock = Clock()
        rows = await _carried_out(place, clock, chance, tally)
        for path in (place / ".osprey").glob("osprey.db*"):
            path.unlink()
        for path in (folder / "kept").iterdir():
            shutil.copy(path, place / ".osprey")
        for _ in range(2):  # a restart does not make it right
            async with open_room(place, clock) as room:
                await _try_again(room, rows[: trials - tally.trials], tally)
        shutil.rmtree(place)
        shutil.rmtree(folder / "kept")
    return tally


async def _carried_out(place: Path, clock: Clock, chance: random.Random, tally: Tally) -> list[RequestRow]:
    """Approve requests, keep a copy of the database, and carry them out."""
    async with open_room(place, clock) as room:
        intruder = Intruder(room.project.database.path)
        rows = [await Trial(room, intruder, chance, number).approved() for number in range(AT_ONCE)]
        await room.project.database.safety.settle()
        intruder.copy_to(place.parent / "kept")
        intruder.close()
        for row in rows:
            tally.honest += 1
            if await room.execute(row) != "done":
                tally.faults.append("an honest request was not carried out")
    return rows


async def _try_again(room: Room, rows: list[RequestRow], tally: Tally) -> None:
    before = room.executed()
    for row in rows:
        rule = await room.execute(row)
        tally.rules[_NAME][rule] += 1
        if rule != "audit.rolled_back" or await room.last_refusal() != rule:
            tally.faults.append(f"{_NAME}: refused by {rule}")
    if room.executed() != before:
        tally.faults.append(f"{_NAME}: carried out")
