"""One step without an effect, tried: cut off by a halt and by the time of the turn, tried again where that may help.

How bad an error is, its capability says (`osprey.base.classify`); how often a step is tried again, the retry policy of
its capability and `execution_control.limits.max_step_retries`, whichever is less. A refusal is never tried again, and
the second half of a step, which may have changed something, is not tried here at all.
"""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING, Any, Final

import anyio
from attrs import frozen
from langgraph.errors import GraphBubbleUp

from osprey.agent.brakes import effect_free
from osprey.agent.events import StepRetried
from osprey.agent.telling import tell
from osprey.base import ApprovalNeeded, BaseCapability, ErrorSeverity, StepResult, StepStatus
from osprey.base.classifying import classify
from osprey.errors import OspreyError, RefusedError

if TYPE_CHECKING:
    from osprey.project import Project

_LOG: Final = logging.getLogger(__name__)


@frozen(kw_only=True)
class _Policy:
    """How often a step is tried, and how long is waited before each further time."""

    max_attempts: int
    delay_s: float
    backoff: float

    @classmethod
    def of(cls, capability: BaseCapability, most_retries: int) -> _Policy:
        """Read a capability's own; one that makes no sense lets nothing be tried again."""
        told: Any = None
        try:
            told = type(capability).get_retry_policy()
            attempts, delay_s, backoff = (
                told["max_attempts"], float(told["delay_seconds"]), float(told["backoff_factor"])
            )  # fmt: skip
            is_good = isinstance(attempts, int) and min(delay_s, backoff) >= 0 and math.isfinite(delay_s * backoff)
        except Exception:  # noqa: BLE001 - an isolation border: it is the plugin's
            is_good, attempts, delay_s, backoff = False, 1, 0.0, 1.0
        if not is_good:
            _LOG.warning("capability %r has no usable retry policy: %r", capability.name, told)
            return cls(max_attempts=1, delay_s=0.0, backoff=1.0)
        return cls(max_attempts=min(attempts, 1 + most_retries), delay_s=delay_s, backoff=backoff)


async def try_step(project: Project, capability: BaseCapability, *, left_s: float) -> StepResult | ApprovalNeeded:
    """Run the first half of a step; what goes wrong becomes its result, with how bad it is.

    :param left_s: how long the turn may still work, all attempts together.
    """
    with anyio.move_on_after(left_s) as scope:
        try:
            return await _tried(project, capability)
        except RefusedError as exc:  # a halt, between two attempts
            return failure(exc)
    if scope.cancelled_caught:
        return out_of_time()
    raise AssertionError("a step ended without a result")


async def _tried(project: Project, capability: BaseCapability) -> StepResult | ApprovalNeeded:
    policy = _Policy.of(capability, project.config.turn_limits.max_step_retries)
    attempt, delay_s = 1, policy.delay_s
    while True:
        try:
            with effect_free():
                return await capability.prepare()
        except GraphBubbleUp:
            raise  # LangGraph's own way to have a node wait
        except Exception as exc:  # noqa: BLE001 - an isolation border: a step must not end the process
            judged = classify(capability, exc)
            if judged.severity is not ErrorSeverity.RETRIABLE or attempt >= policy.max_attempts:
                return failure(exc, judged.severity, capability.name)
            told = judged.user_message or str(exc)
        attempt += 1
        step = capability.step
        tell(StepRetried(key=step.context_key, capability=step.capability, attempt=attempt, why=told))
        with effect_free():
            await anyio.sleep(delay_s)
        delay_s *= policy.backoff


def failure(exc: Exception, severity: ErrorSeverity | None = None, capability: str = "") -> StepResult:
    """Give what an error makes of a step."""
    status = StepStatus.REFUSED if isinstance(exc, RefusedError) else StepStatus.FAILED
    text = str(exc)
    if not isinstance(exc, OspreyError):
        _LOG.error("capability %r failed", capability, exc_info=exc)
        text = f"capability '{capability}' failed: {type(exc).__name__}: {exc}"
    return StepResult(status=status, text=text, severity=severity.value if severity else "")


def out_of_time() -> StepResult:
    """Give the end of a step that the turn has no time left for."""
    text = (
        "The turn has worked for as long as execution_control.limits.max_execution_time_seconds lets it: "
        "ask for less at once, or raise it"
    )
    return StepResult(status=StepStatus.FAILED, text=text, severity=ErrorSeverity.CRITICAL.value)
