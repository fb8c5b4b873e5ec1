"""The journal: requests, ledger, owners, audit, halt. Rows and conditional updates, no policy.

Its promise is *at most once, every doubt shown*. `Journal.open` (or `journal_of`) gives its parts; the values
they take and give may be imported from here by every room above.
"""

from osprey.journal.journal import Journal, journal_of
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
    "Finding",
    "FindingKind",
    "HaltState",
    "Intent",
    "IntentRow",
    "IntentState",
    "Journal",
    "NewRequest",
    "Receipt",
    "RequestRow",
    "RequestState",
    "Settlement",
    "Who",
    "journal_of",
]
