"""The guard's checks, one concern a file, and the order in which they run.

A check takes a case (one intended write, as far as it is settled) and the scene (all that was read for the
batch), and gives the case back, with what it settled. It refuses by raising `RefusedError` with its rule;
whatever else it raises refuses as well, under the rule ``guard.error``.
"""

from __future__ import annotations

from typing import Final

from osprey.control.guard.checks.allowance import check_allowance
from osprey.control.guard.checks.bounds import check_bounds
from osprey.control.guard.checks.case import Case, Check, PastWrite, Scene
from osprey.control.guard.checks.condition import check_condition
from osprey.control.guard.checks.fresh_value import settle_before
from osprey.control.guard.checks.motion import check_history, check_motion
from osprey.control.guard.checks.naming import settle_name
from osprey.control.guard.checks.policy import ask_policies
from osprey.control.guard.checks.posture import check_posture
from osprey.control.guard.checks.value_type import settle_value
from osprey.control.guard.checks.verification import settle_readback

BEFORE_READING: Final[tuple[Check, ...]] = (settle_name, check_posture, check_allowance, settle_value)
"""What needs the system's description of a channel only."""

ON_FRESH_VALUES: Final[tuple[Check, ...]] = (
    settle_before,
    check_bounds,
    check_motion,
    check_history,
    check_condition,
    settle_readback,
)
"""What is judged on the state that the items before leave."""

BEFORE_A_GROUP: Final[tuple[Check, ...]] = (
    check_allowance,
    settle_before,
    check_bounds,
    check_motion,
    check_history,
    check_condition,
)
"""What is judged again just before a group is put."""

__all__ = [
    "BEFORE_A_GROUP",
    "BEFORE_READING",
    "ON_FRESH_VALUES",
    "Case",
    "Check",
    "PastWrite",
    "Scene",
    "ask_policies",
    "check_history",
    "settle_before",
]
