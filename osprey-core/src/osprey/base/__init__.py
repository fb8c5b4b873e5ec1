"""Capabilities, plans and what steps leave behind: the words that plans are made of.

The typed contexts stand in `osprey.base.contexts`.
"""

from osprey.base.capability import BaseCapability
from osprey.base.classifying import classify
from osprey.base.contexts import CapabilityContext, Provenance
from osprey.base.node import capability_node
from osprey.base.planning import ExecutionPlan, PlannedStep
from osprey.base.results import ApprovalNeeded, StepResult, StepStatus
from osprey.base.severity import ErrorClassification, ErrorSeverity, StepFailedError
from osprey.base.state import AgentState

__all__ = [
    "AgentState",
    "ApprovalNeeded",
    "BaseCapability",
    "CapabilityContext",
    "ErrorClassification",
    "ErrorSeverity",
    "ExecutionPlan",
    "PlannedStep",
    "Provenance",
    "StepFailedError",
    "StepResult",
    "StepStatus",
    "capability_node",
    "classify",
]
