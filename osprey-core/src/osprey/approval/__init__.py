"""Approval: requests with what a person has to see, the rules on who has to agree, decisions, and who makes them.

`desk` takes decisions, `filing` files requests, `executing` carries out those that are no list of writes (those are the
guard's). `osprey.approval.interrupts` is the one module that knows LangGraph's interrupts; it is imported by the graph
and not from here.
"""

from osprey.approval.card import Card, CardRow, CardSection, SectionForm
from osprey.approval.decisions import Decision, DecisionWord, parse_decision
from osprey.approval.filing import Draft, file_request, file_write_request
from osprey.approval.identity import current_actor
from osprey.approval.kinds import ApprovalKind, card_of
from osprey.approval.notifiers import Notifier
from osprey.approval.people import Identity, identity_of
from osprey.approval.rules import Facts

__all__ = [
    "ApprovalKind",
    "Card",
    "CardRow",
    "CardSection",
    "Decision",
    "DecisionWord",
    "Draft",
    "Facts",
    "Identity",
    "Notifier",
    "SectionForm",
    "card_of",
    "current_actor",
    "file_request",
    "file_write_request",
    "identity_of",
    "parse_decision",
]
