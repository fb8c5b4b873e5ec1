"""Approval: requests with what a person has to see, decisions, and who makes them.

`osprey.approval.interrupts` is the one module that knows LangGraph's interrupts; it is imported by the graph
and not from here.
"""

from osprey.approval.card import Card, CardRow, card_of
from osprey.approval.decisions import Decision, DecisionWord, parse_decision
from osprey.approval.filing import file_write_request
from osprey.approval.identity import current_actor

__all__ = [
    "Card",
    "CardRow",
    "Decision",
    "DecisionWord",
    "card_of",
    "current_actor",
    "file_write_request",
    "parse_decision",
]
