"""The one place where anything is sent to a machine.

`send` is called by `osprey.control.guard.apply` alone, after the ledger holds a durable intent for each put. A
test of the repository holds that no other module calls a connector's `write`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import anyio

from osprey.control.guard.readback import GRACE_S
from osprey.control.values import ErrorKind, Outcome, Put, PutResult

if TYPE_CHECKING:
    from osprey.control.protocols import Connector

_SURELY_NOT_TAKEN: Final = frozenset(
    {
        ErrorKind.PERMISSION,
        ErrorKind.REJECTED,
        ErrorKind.OUT_OF_LIMITS,
        ErrorKind.BAD_VALUE,
        ErrorKind.UNSUPPORTED,
    }
)


async def send(connector: Connector, puts: Sequence[Put], *, timeout_s: float) -> list[PutResult]:
    """Send each put once and give its completion status; never raises, never retries.

    A connector that raises, hangs, or answers for other channels leaves every put of the call in doubt.
    """
    message = f"no completion within {timeout_s:g} s"
    with anyio.move_on_after(timeout_s + GRACE_S):
        try:
            results = await connector.write(puts, timeout_s=timeout_s)
            if [result.channel for result in results] == [put.channel for put in puts]:
                return list(results)
            message = "the connector answered for other channels than were put"
        except Exception as exc:  # noqa: BLE001 - a put may be out: what went wrong becomes its recorded doubt
            message = f"the connector failed while putting: {type(exc).__name__}: {exc}"
    return [PutResult(channel=put.channel, error=ErrorKind.TIMEOUT, message=message) for put in puts]


def outcome_of(result: PutResult) -> Outcome | None:
    """Give the outcome of a put that did not complete; None if it did and the read-back decides."""
    if not result.was_sent:
        return Outcome.FAILED
    if result.error is None:
        return None
    if result.error in _SURELY_NOT_TAKEN:
        return Outcome.FAILED
    return Outcome.UNCONFIRMED


def reason_of(result: PutResult) -> str:
    """Say in a sentence what the control system said."""
    told = result.message or (result.error.replace("_", " ") if result.error else "completed")
    raw = f" ({result.raw})" if result.raw and result.raw not in told else ""
    return f"{told}{raw}" if result.was_sent else f"nothing was sent: {told}{raw}"
