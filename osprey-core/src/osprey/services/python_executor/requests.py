"""What is asked of the executor: the task in words, and everything that helps a generator to write code for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

from attrs import Attribute, evolve, field, frozen

from osprey.errors import UsageError
from osprey.services.python_executor.json_values import JsonValue


class PlanningMode(StrEnum):
    """Who plans the analysis."""

    GENERATOR_DRIVEN = "generator_driven"
    """The generator, from the objective."""
    CAPABILITY_DRIVEN = "capability_driven"
    """The caller: `structured_plan` says how it is done."""


@frozen(kw_only=True)
class AnalysisPhase:
    """One phase of a planned analysis."""

    phase: str
    subtasks: Sequence[str] = ()
    output_state: str = ""
    """What is there when it is done."""


@frozen(kw_only=True)
class StructuredPlan:
    """An analysis that the caller has planned."""

    phases: Sequence[AnalysisPhase]
    result_schema: Mapping[str, JsonValue] = field(factory=dict[str, JsonValue])
    """Keys that `results` has to have, beside those of `expected_results`."""
    domain_guidance: str = ""


def _given(value: Any) -> Any:
    return {} if value is None else value


def _is_count(instance: object, attribute: Attribute[int], value: int) -> None:
    # A truth value is an int to Python, and no number of times.
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:  # pyright: ignore[reportUnnecessaryIsInstance]
        msg = f"PythonExecutionRequest.{attribute.name} is a number of times, not {value!r}"
        raise UsageError(msg)


def _as_path(value: Path | str | None) -> Path | None:
    return None if value is None else Path(value)


@frozen(kw_only=True)
class PythonExecutionRequest:
    """What a capability asks for."""

    user_query: str
    task_objective: str
    expected_results: Mapping[str, JsonValue] = field(factory=dict[str, JsonValue], converter=_given)
    """Keys that `results` should have, each with a word on its type. A missing one is an error that is fed back."""
    capability_prompts: Sequence[str] = field(default=(), converter=lambda value: () if value is None else value)
    """Further instructions of the capability, in order."""
    execution_folder_name: str | None = None
    """A name for the run's folder; made safe and unique. None: derived from the objective."""
    retries: int = field(default=3, validator=_is_count)
    """How often code may be written again after an error, whatever kind of error it was."""
    planning_mode: PlanningMode = field(default=PlanningMode.GENERATOR_DRIVEN, converter=PlanningMode)
    structured_plan: StructuredPlan | None = None
    capability_context_data: Mapping[str, Any] = field(factory=dict[str, Any], converter=_given)
    """Results of earlier steps, tables and arrays too; the code has them as `osprey.runtime.inputs`."""
    approved_code: str | None = None
    """Code to begin with instead of asking the generator; it is analysed, rehearsed and asked for like any other."""
    existing_execution_folder: str | None = None
    """A folder of an earlier run of the project to go on in; None: a new one."""
    session_context: Mapping[str, JsonValue] = field(factory=dict[str, JsonValue], converter=_given)
    """Whatever else the caller wants its generator to know; JSON."""
    execution_folder_path: Path | None = field(default=None, converter=_as_path)
    """The run's folder, as a generator sees it; set by the service."""
    target: str | None = None
    """The target that the code is for; None: the default one."""

    def __attrs_post_init__(self) -> None:
        if (self.planning_mode is PlanningMode.CAPABILITY_DRIVEN) != (self.structured_plan is not None):
            msg = "planning_mode 'capability_driven' goes with a structured_plan, and a structured_plan with it"
            raise UsageError(msg)


def planned(request: PythonExecutionRequest) -> PythonExecutionRequest:
    """Give a request whose plan stands in its instructions, where every generator looks."""
    plan = request.structured_plan
    if plan is None:
        return request
    lines = [f"Phase {number}: {_phase(one)}" for number, one in enumerate(plan.phases, start=1)]
    guidance = [plan.domain_guidance] if plan.domain_guidance else []
    return evolve(
        request,
        capability_prompts=(*request.capability_prompts, *lines, *guidance),
        expected_results={**plan.result_schema, **request.expected_results},
    )


def _phase(phase: AnalysisPhase) -> str:
    tasks = "; ".join(phase.subtasks)
    end = f" -> {phase.output_state}" if phase.output_state else ""
    return f"{phase.phase}{f': {tasks}' if tasks else ''}{end}"
