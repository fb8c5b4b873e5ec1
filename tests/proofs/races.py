"""Sixteen processes decide and carry out one request at once: one decision takes effect, and one execution."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections import Counter
from contextlib import ExitStack
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from attrs import define, field
from tests.proofs.racer import Order, race

from osprey.journal import Journal, NewRequest, RequestRow, Who
from osprey.storage import Database

RACERS: Final = 16


@define
class RaceTally:
    """What the rounds showed."""

    rounds: int = 0
    decisions: Counter[str] = field(factory=Counter)
    """By the state that the winner has made of the request."""
    executed: int = 0
    withdrawn: int = 0
    """How many approved requests were taken back before anybody could carry them out."""
    faults: list[str] = field(factory=list)


class Racers:
    """Sixteen processes that wait for orders."""

    def __init__(self, folder: Path) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["tests.proofs.racer"])
        self._ends: list[Connection] = []
        self._processes = []
        for number in range(RACERS):
            here, there = context.Pipe()
            process = context.Process(target=race, args=(str(folder), f"racer{number}", there), daemon=True)
            process.start()
            there.close()
            self._ends.append(here)
            self._processes.append(process)
        assert [end.recv() for end in self._ends] == ["ready"] * RACERS

    def run(self, orders: list[Order]) -> list[str]:
        """Give each an order, all before the first answer is read; give what each has to say."""
        for end, order in zip(self._ends, orders, strict=True):
            end.send(order)
        return [end.recv() for end in self._ends]

    def close(self) -> None:
        for end in self._ends:
            end.send(None)
        for process in self._processes:
            process.join(timeout=60)


async def run_races(folder: Path, rounds: int, seed: int) -> RaceTally:
    """Race so many rounds on requests of one journal."""
    chance, tally = random.Random(seed), RaceTally()
    database = Database.open(folder, busy_timeout_s=60)
    journal = Journal.open(database)
    with ExitStack() as stack:
        racers = Racers(folder)
        stack.callback(racers.close)
        for _ in range(rounds):
            await _round(journal, racers, chance, tally)
    if not (await journal.audit.verify()).is_intact:
        tally.faults.append("the audit is not intact")
    executed = Counter((folder / "executed").read_text(encoding="utf-8").split())
    tally.executed = executed.total()
    tally.faults += [f"{request} was carried out {count} times" for request, count in executed.items() if count > 1]
    if tally.executed != tally.decisions["approved"] - tally.withdrawn:
        tally.faults.append(f"{tally.executed} executions of {tally.decisions['approved']} approved requests")
    await journal.aclose()
    database.close()
    return tally


async def _round(journal: Journal, racers: Racers, chance: random.Random, tally: RaceTally) -> None:
    row = await _file(journal, tally.rounds)
    tally.rounds += 1
    words = chance.choices(["approve", "reject"], weights=[chance.choice([1, 4, 9]), 1], k=RACERS)
    winner = _winner(row, words, racers, tally)
    state = str((await journal.requests.get(row.id)).state)
    if state != {"approve": "approved", "reject": "rejected"}.get(winner):
        tally.faults.append(f"{row.id}: {winner} took effect, and it is {state}")
    tally.decisions[state] += 1
    # Somebody may take it back while the others carry it out: one of both happens.
    words = [chance.choice(["claim", "spend"])] * RACERS
    words[chance.randrange(RACERS)] = chance.choice([words[0], "withdraw"])
    ended = _winner(row, words, racers, tally, is_any=state == "approved")
    tally.withdrawn += ended == "withdraw"


def _winner(row: RequestRow, words: list[str], racers: Racers, tally: RaceTally, *, is_any: bool = True) -> str:
    """Have everybody follow their word at once; give the one that was done, of which there has to be one if any."""
    said = racers.run([(word, row.id, row.sha256) for word in words])
    winners = [word for word, answer in zip(words, said, strict=True) if answer == "won"]
    refused = sum(answer.startswith("approval.") for answer in said)
    if len(winners) != int(is_any) or refused + len(winners) != RACERS:
        tally.faults.append(f"{row.id}: {winners} took effect, and others were told {sorted(set(said))}")
    return winners[0] if winners else ""


async def _file(journal: Journal, number: int) -> RequestRow:
    document = f'{{"number":{number},"writes":{{"groups":[[]]}}}}'
    about = {"kind": "channel_write", "title": "t", "thread": "t", "risk": "", "requester": "os:alice"}
    expires_ns = time.time_ns() + 3600 * 10**9
    row = await journal.requests.create(NewRequest(document=document, expires_ns=expires_ns, **about))
    await journal.requests.comment(row.id, Who("os:alice"), "ready")
    return row
