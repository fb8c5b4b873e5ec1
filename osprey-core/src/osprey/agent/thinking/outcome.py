"""What planning comes to, and what the message was taken to mean on the way."""

from __future__ import annotations

from attrs import frozen

from osprey.base import ExecutionPlan
from osprey.models.phrasebook import Clarification, NotUnderstood

Outcome = ExecutionPlan | Clarification | NotUnderstood


@frozen(kw_only=True)
class Considered:
    """The outcome for one message."""

    outcome: Outcome
    task: str
    """What the message means, as a request that stands by itself; later turns of the thread lean on it."""
    by_model: bool = False
    """True if models made the outcome, False if the phrasebook did."""
    is_replaced: bool = False
    """True if models were to make it, and gave nothing that can be used."""
