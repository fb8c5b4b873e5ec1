"""`create_execution_plan`: the planner as an application calls it, in a project that is open or found."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from osprey.agent.thinking.desk import Ask, plan_turn
from osprey.base import ExecutionPlan
from osprey.errors import PlanError
from osprey.project import current_project

if TYPE_CHECKING:
    from osprey.project import Project


@runtime_checkable
class Named(Protocol):
    """Whatever has the name of a capability: its registration, its class, or an entry of the registry."""

    @property
    def name(self) -> str:
        """The name that a plan uses."""
        ...


async def create_execution_plan(
    task: str,
    capabilities: Iterable[str | Named] | None = None,
    *,
    project: Project | None = None,
    target: str | None = None,
) -> ExecutionPlan:
    """Plan a task that stands by itself. Nothing is run or filed.

    >>> import anyio
    >>> from osprey.agent.thinking.creation import create_execution_plan
    >>> plan = anyio.run(create_execution_plan, "what is the beam current", ["channel_read"])
    >>> [step.capability for step in plan.steps]
    ['channel_read']

    :param capabilities: the kinds of steps that the task needs, by name or as what has one; None: they are chosen.
    :param project: None: that of the current context, else the one found from the working directory.
    :raises PlanError: nothing can be planned, or something has to be asked first.
    :raises OspreyError: as `plan_turn`.
    """
    opened = project or current_project()
    names = None if capabilities is None else tuple(dict.fromkeys(map(_name_of, capabilities)))
    ask = Ask(
        text=task,
        target=target or opened.config.control_system.default_target,
        capabilities=names,
        is_chosen=names is not None,
    )
    outcome = await plan_turn(opened, ask)
    if isinstance(outcome, ExecutionPlan):
        return outcome
    raise PlanError(str(outcome))


def _name_of(capability: str | Named) -> str:
    if isinstance(capability, str):
        return capability
    if isinstance(capability, Named) and isinstance(capability.name, str):  # pyright: ignore[reportUnnecessaryIsInstance] - of an application's own making
        return capability.name
    msg = f"{capability!r} is no capability: give its name, or what has one"
    raise PlanError(msg)
