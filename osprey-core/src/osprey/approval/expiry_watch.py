"""Warnings that a request's time is nearly over: they come from a living process, once for each request."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from attrs import frozen

from osprey.journal import RequestRow, RequestState

_OPEN: Final = (RequestState.PENDING, RequestState.APPROVED)


@frozen(kw_only=True)
class Look:
    """What one look at the open requests has found."""

    expiring: tuple[RequestRow, ...] = ()
    """To be warned of now."""
    gone: tuple[str, ...] = ()
    """Requests that were open at the look before and are not any more: decided, carried out, or expired."""
    next_ns: int | None = None
    """When to look next at the latest, if nothing is filed before; None: no time runs."""


class ExpiryWatch:
    """Remembers of which requests it has warned; one a process that watches."""

    def __init__(self, warn_before_s: float) -> None:
        self._before_ns = int(warn_before_s * 1e9)
        self._warned: set[str] = set()
        self._open: set[str] = set()

    def look(self, rows: Iterable[RequestRow], now_ns: int) -> Look:
        """Say of which requests to warn now, which have ended, and when to look next.

        :param rows: all requests that are pending or approved; others are passed over.
        """
        still = [row for row in rows if row.state in _OPEN]
        expiring = tuple(row for row in still if self._is_due(row, now_ns))
        self._warned.update(row.id for row in expiring)
        ids = {row.id for row in still}
        gone = tuple(sorted(self._open - ids))
        self._open = ids
        self._warned &= ids
        return Look(expiring=expiring, gone=gone, next_ns=min((self._next_of(row) for row in still), default=None))

    def _is_due(self, row: RequestRow, now_ns: int) -> bool:
        """Say whether to warn: of what waits for a decision, and is not over already."""
        is_near = self._warn_ns(row) <= now_ns < row.expires_ns
        return is_near and row.state is RequestState.PENDING and row.id not in self._warned

    def _warn_ns(self, row: RequestRow) -> int:
        # A request that lives shorter than the warning is long would be filed and warned of at once.
        return row.expires_ns - min(self._before_ns, (row.expires_ns - row.created_ns) // 2)

    def _next_of(self, row: RequestRow) -> int:
        is_to_be_warned = row.state is RequestState.PENDING and row.id not in self._warned
        return self._warn_ns(row) if is_to_be_warned else row.expires_ns
