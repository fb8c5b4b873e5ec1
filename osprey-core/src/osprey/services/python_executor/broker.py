"""The broker: the trusted end of a run's one socket.

It checks the form of every request, keeps the run within its budget, and hands what concerns the machine to
the desk of the run's mode. There is no operation on this socket that approves or applies anything.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Protocol

from attrs import Factory, define, field, frozen

from osprey.errors import ConnectorError
from osprey.services.python_executor.arrays import ArrayError, ArrayIntake
from osprey.services.python_executor.desks import GuestError, Log, Request
from osprey.services.python_executor.models import RunLimits, RunStatus
from osprey.services.python_executor.png import PngError, clean_png
from osprey.services.python_executor.sandbox.supervisor import EndRunError
from osprey.services.python_executor.schema import PROTOCOL, find_fault

_NO_CAPABILITIES = {"CapEff", "CapPrm", "CapInh", "CapAmb"}
_MOST_WARNINGS = 50


class Desk(Protocol):
    """What answers the requests that concern the machine."""

    log: Log

    async def answer(self, op: str, request: Request) -> Any:
        """Answer one request.

        :raises GuestError: the program is told, and may handle it.
        :raises EndRunError: the run must end.
        """
        ...


@frozen(kw_only=True)
class Failure:
    """How the program says that it failed."""

    type: str
    message: str
    line: int | None
    frames: tuple[str, ...]
    limit: str | None


@frozen(kw_only=True)
class Handover:
    """What the program left: its results, or its failure."""

    results: Any = None
    warnings: tuple[str, ...] = ()
    failure: Failure | None = None


@define
class Broker:
    """Answers one run."""

    desk: Desk
    job: Mapping[str, Any]
    """What the guest is told to do, in answer to its first frame."""
    demands_powerless: bool = field(default=True, kw_only=True)
    """False in the one tier that confines nothing, where the desk has no machine behind it."""
    limits: RunLimits
    python: str = ""
    """The guest's Python version; empty until it has said hello."""
    is_ready: bool = False
    handover: Handover | None = None
    figures: list[bytes] = field(factory=list[bytes])
    arrays: ArrayIntake = field(default=Factory(lambda self: ArrayIntake(self.limits.array_bytes), takes_self=True))
    warnings: list[str] = field(factory=list[str])
    _ops: int = 0
    _figure_bytes: int = 0

    @property
    def is_finished(self) -> bool:
        return self.handover is not None

    async def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Answer one request, in the one order that a run has: hello, ready, operations, handover.

        :raises EndRunError: malformed, out of order, or over the budget.
        """
        self._check(request)
        op: str = request["op"]
        if op == "hello":
            return self._greet(request)
        if op == "ready":
            return self._start(request)
        if op == "figure":
            return self._take_figure(request)
        if op in ("array", "array_data"):
            return self._take_array(request)
        if op in ("finish", "failed"):
            return self._take_over(request)
        try:
            return {"ok": await self.desk.answer(op, request)}
        except GuestError as exc:
            return {"error": {"kind": exc.kind, "message": exc.message}}
        except ConnectorError as exc:
            return {"error": {"kind": "channel", "message": str(exc)}}

    def _check(self, request: dict[str, Any]) -> None:
        fault = find_fault(request)
        if not fault:
            expected = "ready" if self.python and not self.is_ready else "hello" if not self.python else ""
            op = request["op"]
            if (expected and op != expected) or (not expected and op in ("hello", "ready")):
                fault = f"a request for {op!r} out of order"
        self._ops += 1
        if self._ops > self.limits.broker_ops:
            fault = f"more than {self.limits.broker_ops} requests"
        if fault:
            msg = f"the run's requests to the broker were ended: {fault}"
            raise EndRunError(RunStatus.BROKER_LIMIT, msg)

    def _greet(self, request: dict[str, Any]) -> dict[str, Any]:
        if request["protocol"] != PROTOCOL:
            msg = f"the guest speaks protocol {request['protocol']}, not {PROTOCOL}: install osprey-core again"
            raise EndRunError(RunStatus.BROKER_LIMIT, msg)
        self.python = request["python"] or "unknown"
        return {"ok": self.job}

    def _start(self, request: dict[str, Any]) -> dict[str, Any]:
        """Let the program start only if the kernel says that the guest has given everything up."""
        if not self.demands_powerless:
            self.is_ready = True
            return {"ok": None}
        rights: dict[str, str] = request["rights"]
        is_powerless = all(set(rights.get(name, "-")) == {"0"} for name in _NO_CAPABILITIES)
        is_root = "0" in rights.get("Uid", "0").split()
        if not is_powerless or is_root or rights.get("NoNewPrivs") != "1" or rights.get("Seccomp") != "2":
            msg = f"the sandbox did not take all rights from the run ({rights}); nothing was run"
            raise EndRunError(RunStatus.BROKER_LIMIT, msg)
        self.is_ready = True
        return {"ok": None}

    def _take_figure(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            image = clean_png(base64.b64decode(request["png"], validate=True))
        except (PngError, binascii.Error) as exc:
            self.warnings.append(f"a figure was left out: {exc}")
            return {"ok": None}
        self._figure_bytes += len(image)
        if len(self.figures) >= self.limits.figures or self._figure_bytes > self.limits.figure_bytes:
            self.warnings.append("a figure was left out: the run's figures are over their limit")
        else:
            self.figures.append(image)
        return {"ok": None}

    def _take_array(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            if request["op"] == "array":
                return {"ok": self.arrays.begin(request["dtype"], request["shape"])}
            self.arrays.add(request["data"])
        except ArrayError as exc:
            return {"error": {"kind": "value", "message": f"results hold {exc}"}}
        return {"ok": None}

    def _take_over(self, request: dict[str, Any]) -> dict[str, Any]:
        if request["op"] == "finish":
            warnings = tuple(request["warnings"][:_MOST_WARNINGS])
            self.handover = Handover(results=request["results"], warnings=warnings)
        else:
            frames = tuple(f"line {frame['line']}, in {frame['name']}: {frame['text']}" for frame in request["frames"])
            fields = {name: request[name] for name in ("type", "message", "line", "limit")}
            self.handover = Handover(failure=Failure(frames=frames, **fields))
        return {"ok": None}
