"""Tampered, swapped, replayed and expired requests: nothing of them is ever carried out.

Each trial makes a request that could be carried out, or could not, changes the database as somebody without the audit's
key can, and tries to have it carried out. A way names what was done and the rules that may say no to it. Beside every
twentieth an honest request has to be carried out: a room that refuses everything would prove nothing.
"""

from __future__ import annotations

import itertools
import random
import shutil
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

from attrs import define, field, frozen
from tests.proofs.intruder import Intruder
from tests.proofs.room import CHANNELS, Clock, Room, open_room, write_project

from osprey.journal import RequestRow

HONEST: Final = 20
A_ROOM: Final = 40
"""Trials in one project; the last of them may leave an audit that nothing can be carried out on any more."""
ONE, TWO, THREE = CHANNELS
KINDS: Final = ("channel_write", "memory_save", "logbook_entry")


@define
class Trial:
    """What a family works with."""

    room: Room
    intruder: Intruder
    chance: random.Random
    number: int
    made: int = 0
    """How many requests this trial has filed: each has a content of its own."""

    async def settle(self) -> None:
        """Wait until the anchor has seen every row of the audit: what is cut off before is not seen to be missing."""
        await self.room.project.database.safety.settle()

    async def pending(self, kind: str = "") -> RequestRow:
        """File a request of this kind, or of any of the three that are carried out each in a way of its own."""
        kind = kind or self.chance.choice(KINDS)
        if kind == "channel_write":
            return await self.ask_writes(ONE, THREE)
        return await self.room.ask_text(kind, f"text {self._content()}")

    async def ask_writes(self, *channels: str) -> RequestRow:
        """File a list of writes, each a group of its own."""
        return await self.room.ask_writes(*({channel: self._content() / 1000} for channel in channels))

    def _content(self) -> int:
        self.made += 1
        return self.number % 900 * 10 + self.made

    async def approved(self, kind: str = "") -> RequestRow:
        return await self.room.approve(await self.pending(kind), "bob")

    async def writes(self) -> RequestRow:
        """File a list of writes of two groups and have it approved."""
        return await self.approved("channel_write")

    async def voted(self) -> RequestRow:
        """File what two people have to approve, of whom one has."""
        return await self.room.approve(await self.ask_writes(TWO), "bob")


def _nothing() -> None:
    return


@frozen(kw_only=True)
class Attempt:
    """What is tried after the change: this request, by this hash (its own without one)."""

    row: RequestRow
    sha256: str | None = None
    after: Callable[[], None] = _nothing
    """Undoes what would be in the way of other trials."""


Work = Callable[[Trial], Awaitable[Attempt]]


@frozen(kw_only=True)
class Way:
    """One way to tamper."""

    work: Work
    rules: frozenset[str]
    """Those that may say no to it."""
    is_last: bool
    """Whether nothing can be carried out in this project afterwards."""


class Ways(dict[str, Way]):
    """Ways to tamper, by name; those of several modules are tried together by joining their tables."""

    def add(self, *rules: str, is_last: bool = False) -> Callable[[Work], Work]:
        """Add a way, and the rules that may say no to it."""

        def added(work: Work) -> Work:
            self[work.__name__] = Way(work=work, rules=frozenset(rules), is_last=is_last)
            return work

        return added


@define
class Tally:
    """What a series showed."""

    rules: dict[str, Counter[str]] = field(factory=dict)
    """By way, how often each rule said no."""
    honest: int = 0
    faults: list[str] = field(factory=list)

    @property
    def trials(self) -> int:
        return sum(found.total() for found in self.rules.values())


async def run_series(folder: Path, ways: Mapping[str, Way], trials: int, seed: int) -> Tally:
    """Try so many tamperings, the ways in turn."""
    chance, tally = random.Random(seed), Tally()
    usual = [name for name in sorted(ways) if not ways[name].is_last]
    final = [name for name in sorted(ways) if ways[name].is_last]
    often, last = itertools.cycle(usual or final), itertools.cycle(final or usual)
    number = 0
    while tally.trials < trials:
        place = folder / f"room{number}"
        write_project(place)
        async with open_room(place, Clock()) as room:
            intruder = Intruder(room.project.database.path)
            for left in range(min(A_ROOM, trials - tally.trials), 0, -1):
                number += 1
                trial = Trial(room, intruder, chance, number)
                if number % HONEST == 1:
                    await _honest(trial, tally)
                name = next(last if left == 1 else often)
                await _tampered(trial, name, ways[name], tally)
            intruder.close()
        shutil.rmtree(place)
    return tally


async def _honest(trial: Trial, tally: Tally) -> None:
    row = await trial.approved()
    before = trial.room.executed()
    ended = await trial.room.execute(row)
    tally.honest += 1
    if ended != "done" or trial.room.executed() == before:
        tally.faults.append(f"an honest request of kind {row.kind} ended as {ended}")


async def _tampered(trial: Trial, name: str, way: Way, tally: Tally) -> None:
    attempt = await way.work(trial)
    before = trial.room.executed()
    rule = await trial.room.execute(attempt.row, attempt.sha256)
    tally.rules.setdefault(name, Counter())[rule] += 1
    if trial.room.executed() != before:
        tally.faults.append(f"{name}: carried out, and called {rule}")
    elif rule not in way.rules:
        tally.faults.append(f"{name}: refused by {rule}")
    elif await trial.room.last_refusal() != rule:
        tally.faults.append(f"{name}: {rule} has no row in the audit")
    attempt.after()
