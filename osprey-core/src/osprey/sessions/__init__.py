"""Threads and their turns: what was asked, planned, found, answered, and how long each part took.

Rows and no policy. A turn that is under way has its state in LangGraph's checkpoints, which are pruned when it ends;
what is kept of it is here. `threads_of` and `traces_of` give the parts; the values may be imported by every room above.
"""

from osprey.sessions.threads import Threads, threads_of
from osprey.sessions.traces import Traces, traces_of
from osprey.sessions.values import (
    UNFINISHED,
    NewTurn,
    Span,
    ThreadApproval,
    ThreadRow,
    ThreadSettings,
    TurnEnd,
    TurnRow,
    TurnStatus,
)

__all__ = [
    "UNFINISHED",
    "NewTurn",
    "Span",
    "ThreadApproval",
    "ThreadRow",
    "ThreadSettings",
    "Threads",
    "Traces",
    "TurnEnd",
    "TurnRow",
    "TurnStatus",
    "threads_of",
    "traces_of",
]
