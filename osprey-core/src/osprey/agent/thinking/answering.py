"""A short answer to what was asked back: the device that was meant, or the number that was missing.

The change itself was asked for with its verb, one turn before; what comes of both together is a plan like any other,
and a person approves its exact values.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from osprey.agent.planner import plan_request
from osprey.agent.thinking.conversation import PastTurn
from osprey.agent.thinking.follow_ups import Reading, Rewritten
from osprey.base import ExecutionPlan
from osprey.models.phrasebook import Clarification, NotUnderstood, Read, Set, Step, Subject, parse

_SHORT: Final = 60
_AMOUNT: Final = re.compile(r"(?:to |by )?(?P<amount>[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)? ?[A-Za-zµ%]{0,8})[.! ]*")
_BY: Final = frozenset({"raise", "lower", "increase", "decrease", "reduce", "bump", "drop"})


def answered(text: str, history: Sequence[PastTurn], reading: Reading) -> Rewritten | None:
    """Complete the change that was asked about in the turn just before; None if the message is no answer to it."""
    before = history[-1] if history else None
    if before is None or before.plan is not None or before.target != reading.target or len(text) > _SHORT:
        return None
    asked = parse(before.meaning, now_ns=reading.now_ns, time_zone=reading.time_zone)
    if isinstance(asked, Clarification):
        return _with_amount(text.strip(), before.meaning, reading)
    return _with_device(text.strip(), before.meaning, asked, reading) if isinstance(asked, Set | Step) else None


def _with_amount(text: str, meaning: str, reading: Reading) -> Rewritten | None:
    """Put the number behind ``set HCM03`` or ``raise HCM03``."""
    found = _AMOUNT.fullmatch(text)
    verb = meaning.split(maxsplit=1)[0].lower()
    if found is None:
        return None
    joint = "by" if verb in _BY else "to"
    return _rewritten(f"{meaning.rstrip(' .!?')} {joint} {found['amount'].strip()}", text, reading)


def _with_device(text: str, meaning: str, asked: Set | Step, reading: Reading) -> Rewritten | None:
    """Put the device in the place of ``the corrector``, if it is one of those that the question was about."""
    subject = _only_subject(asked)
    answer = parse(text, now_ns=reading.now_ns, time_zone=reading.time_zone)
    if subject is None or subject.names or not isinstance(answer, Read) or len(answer.subjects) != 1:
        return None
    named = answer.subjects[0]
    if len(named.names) != 1 or named.words or named.roles:
        return None
    possible = {record.name for record in reading.directory.matching(subject.words, sectors=subject.sectors)}
    meant = {record.name for record in reading.directory.named(named.names[0])}
    if not meant or not meant <= possible:
        return None
    return _rewritten(f"{meaning[: subject.start]}{named.names[0]}{meaning[subject.end :]}", text, reading)


def _only_subject(asked: Set | Step) -> Subject | None:
    subjects = asked.subjects if isinstance(asked, Step) else _of_set(asked)
    return subjects[0] if len(subjects) == 1 else None


def _of_set(asked: Set) -> tuple[Subject, ...]:
    assignments = [each for group in asked.groups for each in group]
    return assignments[0].subjects if len(assignments) == 1 else ()


def _rewritten(written: str, text: str, reading: Reading) -> Rewritten | None:
    phrase = parse(written, now_ns=reading.now_ns, time_zone=reading.time_zone)
    if isinstance(phrase, NotUnderstood | Clarification):
        return None
    outcome = plan_request(phrase, reading.directory, now_ns=reading.now_ns, time_zone=reading.time_zone)
    if not isinstance(outcome, ExecutionPlan):
        return None
    return Rewritten(text=written, notes=(f"'{text}' is taken as the answer to what was asked: '{written}'",))
