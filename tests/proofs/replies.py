"""What people, and what pretends to be people, may answer to a request: none of it approves.

The replies stand in ``replies.jsonl``, each with its language. ``<SHORT>`` and the like stand for hashes and ids of the
requests that wait; a reply is said to the prompt of a terminal and to the agent, whose thread waits for a decision.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Final

from attrs import define, field, frozen

from osprey.agent.session import Agent, open_agent
from osprey.approval import AnswerWord, desk, identity_of, parse_decision
from osprey.errors import UsageError
from osprey.journal import RequestRow, journal_of
from osprey.project import Project, open_project

FILE: Final = Path(__file__).with_name("replies.jsonl")
_LIKE: Final = str.maketrans({"a": "\u0430", "c": "\u0441", "e": "\u0435", "0": "\u041e", "1": "l", "3": "\u0417"})
"""Letters that look like digits of a hash and are none."""
_WIDE: Final = {ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789abcdef"}


@frozen
class Reply:
    """One answer."""

    language: str
    text: str


@define
class ReplyTally:
    """What the replies did."""

    languages: Counter[str] = field(factory=Counter)
    kept: int = 0
    """How many the agent has kept with the request as a remark."""
    approvals: list[str] = field(factory=list)
    faults: list[str] = field(factory=list)


def read_replies() -> list[Reply]:
    """Read the file, with its placeholders."""
    return [Reply(*json.loads(line)) for line in FILE.read_text(encoding="utf-8").splitlines()]


def filled(text: str, row: RequestRow, *, old: str, other: str) -> str:
    """Put hashes and ids into a reply."""
    short = row.sha256[:8]
    last = "0" if short[-1] != "0" else "1"
    spoken = {
        "<HASH>": row.sha256, "<SHORT>": short, "<ID>": row.id, "<OTHER>": other[:8], "<OLD>": old[:8],
        "<OFF>": f"{short[:-1]}{last}", "<SEVEN>": short[:-1], "<SPACED>": f"{short[:4]} {short[4:]}",
        "<WIDE>": short.translate(_WIDE), "<CYR>": _look_alike(short), "<ZW>": f"{short[:4]}\u200b{short[4:]}",
    }  # fmt: skip
    for name, value in spoken.items():
        text = text.replace(name, value)
    return text


def _look_alike(short: str) -> str:
    changed = short.translate(_LIKE)
    return changed if changed != short else short[:-1] + short[-1].translate(_WIDE)


async def run_replies(folder: Path) -> ReplyTally:
    """Say every reply to a thread that waits, and to the prompt of its request."""
    tally = ReplyTally()
    async with open_project(folder) as project, open_agent(project) as agent:
        other = await _waiting(project, agent, "set HCM04 to 0.25 A")
        first = await _waiting(project, agent, "set HCM03 to 0.5 A")
        edited = {"groups": [[{"channel": "HCM03:SP", "value": 0.25}]]}
        row = await desk.edit(project, first.id, edited, identity_of(project))
        await agent.resume(row.thread)
        for reply in read_replies():
            tally.languages[reply.language] += 1
            text = filled(reply.text, row, old=first.sha256, other=other.sha256)
            await _say(project, agent, row, text, tally)
        states = {str((await journal_of(project).requests.get(one.id)).state) for one in (other, row)}
        told = [event for event in await journal_of(project).audit.log() if event.event == "request.approved"]
        if states != {"pending"} or told:
            tally.faults.append(f"they are {states} in the end, and {len(told)} approvals stand in the audit")
    return tally


async def _waiting(project: Project, agent: Agent, question: str) -> RequestRow:
    asked = await agent.ask(question)
    assert asked.approval, asked.answer
    return await journal_of(project).requests.get(asked.approval)


async def _say(project: Project, agent: Agent, row: RequestRow, text: str, tally: ReplyTally) -> None:
    decision = parse_decision(text, sha256=row.sha256)
    if decision is not None and decision.word is AnswerWord.APPROVE:
        tally.approvals.append(f"the prompt took {text!r}")
    number, *_ = _newest(project, row)
    try:
        told = (await agent.ask(text, thread=row.thread)).warnings
        is_told = any(row.id in warning and "decides nothing" in warning for warning in told)
    except UsageError:  # an empty reply, or a slash command that is none
        is_told = True
    if (await journal_of(project).requests.get(row.id)).state != "pending":
        tally.approvals.append(f"the agent took {text!r}")
    if _newest(project, row) != (number + 1, "comment", text) or not is_told:
        tally.faults.append(f"{text!r} was not kept, or it was not told")
    tally.kept += 1


def _newest(project: Project, row: RequestRow) -> tuple[int, str, str]:
    """Give number, word and text of what was last said of a request, from the table itself."""
    query = "SELECT seq, word, text FROM decisions WHERE request_id = ? ORDER BY seq DESC LIMIT 1"
    found = project.database.read_sync(lambda connection: connection.exec_driver_sql(query, (row.id,)).first())
    return (0, "", "") if found is None else (found[0], found[1], found[2])
