"""`execution_control`: how a turn is worked on, and what it may use."""

from __future__ import annotations

from enum import StrEnum

from attrs import field, frozen

from osprey.config.rules import AtLeast, Positive


class OrchestrationMode(StrEnum):
    """When the steps of a turn are planned."""

    PLAN_FIRST = "plan_first"
    """All of them, before the first one runs."""
    REACT = "react"
    """The next ones, after a model has seen what those before them left behind."""


@frozen(kw_only=True)
class AgentControl:
    """`execution_control.agent_control`: how questions are worked on where a thread says nothing else."""

    orchestration_mode: OrchestrationMode = OrchestrationMode.PLAN_FIRST
    """When steps are planned. `react` needs a model for `models.react`; without one, plans are made first."""
    planning_mode_enabled: bool = False
    """Whether each plan of a new thread waits for a person before its first step, as after `/planning on`."""
    task_extraction_bypass_enabled: bool = False
    """Whether a new thread's questions are planned as they were typed, as after `/task off`."""
    capability_selection_bypass_enabled: bool = False
    """Whether a new thread's plans may use all capabilities, with none chosen first, as after `/caps off`."""


@frozen(kw_only=True)
class TurnLimits:
    """`execution_control.limits`: what one turn may use."""

    graph_recursion_limit: int = field(default=100, validator=Positive())
    """How many nodes of the graph one turn may pass."""
    max_execution_time_seconds: float = field(default=900.0, validator=Positive())
    """How long one turn may work; the time in which it waits for people is none of it, and an effect that has begun is
    not cut off."""
    max_step_retries: int = field(default=2, validator=AtLeast(0))
    """How often a step that failed may be tried again, where its capability says that this may help. What may have
    changed something is never tried again."""
    max_steps: int = field(default=20, validator=Positive())
    """How many steps a turn may have that is planned as it goes (`orchestration_mode: react`)."""
    max_planning_attempts: int = field(default=2, validator=Positive())
    """How often a model is asked for a plan of one task, or for the next steps, each time with all that is wrong with
    what it gave before."""
    max_reclassifications: int = field(default=1, validator=AtLeast(0))
    """How often the kinds of steps are chosen again, after a planner has found that they do not suffice."""
    max_turn_tokens: int | None = field(default=None, validator=Positive())
    """Tokens of questions and answers after which a turn asks no model again; None: no bound."""
    max_turn_cost: float | None = field(default=None, validator=Positive())
    """The cost, by `api.providers.<name>.prices`, after which a turn asks no model again; None: no bound."""
