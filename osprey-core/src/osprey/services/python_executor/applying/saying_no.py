"""How a request that came to nothing is told of: a person's no and a time that was over are different things."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from osprey.journal import RequestState

if TYPE_CHECKING:
    from osprey.journal import RequestRow

SAID_NO: Final = {
    RequestState.REJECTED: "was rejected",
    RequestState.EXPIRED: "expired before it was carried out",
    RequestState.WITHDRAWN: "was withdrawn",
    RequestState.SUPERSEDED: "was superseded by another request",
}


def no_of(row: RequestRow, ending: str = "Nothing was written.") -> str:
    """Say what became of a request instead, by whom and why."""
    reason = f": {row.reason}" if row.reason else ""
    by = f" by {row.decided_by}" if row.decided_by else ""
    return f"Request {row.id} {SAID_NO[row.state]}{by}{reason}. {ending}"
