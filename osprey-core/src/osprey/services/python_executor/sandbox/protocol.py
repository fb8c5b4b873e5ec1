"""What every tier of isolation does, whichever way it holds generated code.

A tier of a plugin builds its own `Guest` for each run and gives it to `supervise`; a guest that starts
`osprey_guest.bootstrap` inside something else speaks to `sandbox.zygote` over one socket of packets: the
setup of `Holding.setup` first, then a request with four descriptors for each run.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from attrs import frozen

if TYPE_CHECKING:
    from osprey.services.python_executor.broker import Broker
    from osprey.services.python_executor.models import RunLimits
    from osprey.services.python_executor.sandbox.cgroups import ControlGroup
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


class Guest(Protocol):
    """One run's process as `supervise` sees it, however a tier made it."""

    sock: socket.socket
    """The trusted end of the broker's socket, not blocking."""
    outputs: tuple[int, int]
    """Descriptors to read its standard output and its errors from."""
    group: ControlGroup
    is_over_disk: bool
    """It was ended because its folder grew too large, where no file system of its own bounds it."""

    @property
    def exit_code(self) -> int:
        """The exit code, 128 + n for a death by signal n; known once `end` is done."""
        ...

    @property
    def cpu_s(self) -> float:
        """CPU time used; known once `end` is done."""
        ...

    async def confine(self) -> None:
        """Put it under its limits; called at once, and its program does not start before this has returned."""
        ...

    def is_gone(self) -> bool:
        """Say whether it has ended already."""
        ...

    async def ended(self) -> None:
        """Wait until it has ended by itself."""
        ...

    async def end(self) -> None:
        """End whatever is left of it, and give back what was taken."""
        ...


class Tier(Protocol):
    """A way to hold generated code. It proves itself with `self_test` before anything else is run in it."""

    remarks: tuple[str, ...]
    """What `osprey python tiers` shows beside the result, such as why no guest is kept warm."""

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
