"""Capabilities, plans and what steps leave behind: the words that plans are made of."""

from osprey.base.capability import BaseCapability
from osprey.base.planning import ExecutionPlan, PlannedStep
from osprey.base.results import ApprovalNeeded, StepResult, StepStatus

__all__ = [
    "ApprovalNeeded",
    "BaseCapability",
    "ExecutionPlan",
    "PlannedStep",
    "StepResult",
    "StepStatus",
]
