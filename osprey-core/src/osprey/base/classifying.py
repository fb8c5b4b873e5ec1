"""How bad an error of a step is: as its capability says, and as the kernel does where it may not or cannot say."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from osprey.base.severity import ErrorClassification, ErrorSeverity, StepFailedError, usual_classification
from osprey.errors import RefusedError

if TYPE_CHECKING:
    from osprey.base.capability import BaseCapability


def classify(capability: BaseCapability, exc: Exception) -> ErrorClassification:
    """Judge an error of a step; whoever runs steps asks this, and not the capability itself.

    A refusal is fatal whatever the capability says, so that no application makes a rule something to be tried again.
    """
    if isinstance(exc, RefusedError):
        return usual_classification(exc)
    if isinstance(exc, StepFailedError):
        return exc.classification
    step = capability.step
    context = {"capability": capability.name, "context_key": step.context_key, "task_objective": step.task_objective}
    try:
        told = cast("object", type(capability).classify_error(exc, context))
    except Exception as broken:  # noqa: BLE001 - an isolation border: what judges an error may itself be wrong
        return _critical(exc, f"'classify_error' failed with {type(broken).__name__}: {broken}")
    if not isinstance(told, ErrorClassification):
        return _critical(exc, f"'classify_error' gave {type(told).__name__}, not an ErrorClassification")
    return told


def _critical(exc: Exception, why: str) -> ErrorClassification:
    return ErrorClassification(ErrorSeverity.CRITICAL, f"{exc or type(exc).__name__} ({why})")
