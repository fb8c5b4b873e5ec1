"""The journal: requests, ledger, owners, audit, halt. Rows and conditional updates, no policy.

Its promise is *at most once, every doubt shown*. `Journal.open` (or `journal_of`) gives its parts; the values
they take and give may be imported from here by every room above.
"""

from osprey.journal.journal import Journal, journal_of
from osprey.journal.requests.remembered import NewRemembered, RememberedRow
from osprey.journal.requests.votes import DecisionRow, DecisionWord, Needs, Voter, is_met
from osprey.journal.values import (
    ActorLike,
    AuditRow,
    AuditVerdict,
    Finding,
    FindingKind,
    HaltState,
    Intent,
    IntentRow,
    IntentState,
    NewRequest,
    Receipt,
    RequestRow,
    RequestState,
    Settlement,
    Who,
)

__all__ = [
    "ActorLike",
    "AuditRow",
    "AuditVerdict",
    "DecisionRow",
    "DecisionWord",
    "Finding",
    "FindingKind",
    "HaltState",
    "Intent",
    "IntentRow",
    "IntentState",
    "Journal",
    "Needs",
    "NewRemembered",
    "NewRequest",
    "Receipt",
    "RememberedRow",
    "RequestRow",
    "RequestState",
    "Settlement",
    "Voter",
    "Who",
    "is_met",
    "journal_of",
]
