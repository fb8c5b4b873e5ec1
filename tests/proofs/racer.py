"""One of many processes that want to decide and to carry out the same request at the same moment."""

from __future__ import annotations

import os
from collections.abc import Awaitable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import anyio

from osprey.errors import RefusedError
from osprey.journal import Intent, Journal, Voter, Who
from osprey.storage import Database

Order = tuple[str, str, str]
"""A word, a request, and its hash."""


def race(folder: str, name: str, orders: Connection) -> None:
    """Follow orders until there are no more."""
    anyio.run(_race, Path(folder), name, orders)


async def _race(folder: Path, name: str, orders: Connection) -> None:
    database = Database.open(folder, busy_timeout_s=60)
    journal = Journal.open(database)
    orders.send("ready")
    while (order := orders.recv()) is not None:
        orders.send(await _said(_follow(journal, folder, name, order)))
    await journal.aclose()
    database.close()


async def _said(work: Awaitable[Any]) -> str:
    try:
        await work
    except RefusedError as error:
        return error.rule
    return "won"


async def _follow(journal: Journal, folder: Path, name: str, order: Order) -> None:
    word, request, sha256 = order
    who, requests = Who(f"os:{name}"), journal.requests
    match word:
        case "approve":
            await requests.approve(request, sha256, who, voter=Voter(person=name))
        case "reject":
            await requests.reject(request, who, "no")
        case "withdraw":
            await requests.withdraw(request, who, "no")
        case "claim":
            intent = Intent(target="ring", channel=request, group=0, index=0, value="0x1.8p+0")
            await journal.ledger.claim(request, sha256, who, [intent])
            _execute(folder, request)
        case _:
            await journal.ledger.spend(request, sha256, who, lambda *_: _execute(folder, request))


def _execute(folder: Path, request: str) -> dict[str, str]:
    """Do what cannot be undone: a line in a file that everybody appends to."""
    descriptor = os.open(folder / "executed", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(descriptor, f"{request}\n".encode())
    os.close(descriptor)
    return {}
