"""What every tier of isolation does, whichever way it holds generated code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from attrs import frozen

if TYPE_CHECKING:
    from osprey.services.python_executor.broker import Broker
    from osprey.services.python_executor.models import RunLimits
    from osprey.services.python_executor.sandbox.supervisor import Ending


@frozen(kw_only=True)
class Start:
    """One run as the tier needs it."""

    code: str
    mode: str
    seed: int
    start_ns: int
    inputs: Mapping[str, Any]
    time_zone: str = "UTC"
    figure_mark: str = ""
    """What every figure is marked with."""


class Tier(Protocol):
    """A way to hold generated code. It proves itself with `self_test` before anything else is run in it."""

    @property
    def name(self) -> str:
        """What plans, records and health checks show, such as ``bubblewrap + seccomp``."""
        ...

    def job_of(self, start: Start, limits: RunLimits) -> dict[str, Any]:
        """Build what the guest is told in answer to its first frame."""
        ...

    async def run(self, start: Start, broker: Broker, limits: RunLimits) -> Ending:
        """Run the guest to its end. Whatever happens here, nothing of it is left alive.

        :raises SandboxError: the guest did not come up.
        """
        ...

    async def self_test(self) -> None:
        """Let the guest try to get out.

        :raises SandboxError: it could, or it could not be started; the message says what to do.
        """
        ...

    async def aclose(self) -> None:
        """End what is kept warm between runs."""
        ...
