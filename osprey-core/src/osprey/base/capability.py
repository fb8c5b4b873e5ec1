"""The base class of capabilities: one kind of step, in two halves around a person's decision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from osprey.base.results import ApprovalNeeded, StepResult
from osprey.errors import UsageError

if TYPE_CHECKING:
    from osprey.base.planning import PlannedStep
    from osprey.project import Project


class BaseCapability:
    """A kind of step that a plan can contain.

    A capability without an effect implements `execute`. One with an effect implements `prepare`, which
    reads, rehearses and files a request but changes nothing, and `conclude`, which is called once a person
    has decided. `prepare` may run again after a crash; filing the same request twice gives the first one.
    """

    name: ClassVar[str]
    description: ClassVar[str]
    asks_by_itself: ClassVar[bool] = False
    """True if it files a request of its own wherever the configuration asks for one; else a gate does it before."""

    direct_chat_enabled: ClassVar[bool] = False
    """True if a person may talk to it directly (``/chat:NAME``): each message is then one step of it."""

    @classmethod
    def chat_parameters(cls, text: str) -> Mapping[str, Any]:
        """Give the parameters of the step that answers one message of a direct chat."""
        return {"text": text}

    def __init__(self, project: Project, state: Mapping[str, Any], step: PlannedStep) -> None:
        self._project = project
        self._state = state
        self._step = step

    @property
    def target(self) -> str:
        """The name of the target that this turn is about."""
        return str(self._state["target"])

    @property
    def thread(self) -> str:
        """The name of the thread that this turn belongs to."""
        return str(self._state["thread"])

    @property
    def question(self) -> str:
        """What the person asked, in their words."""
        return str(self._state["user_query"])

    @property
    def assumptions(self) -> list[str]:
        """What the planner took for granted; a person sees it before deciding."""
        return [str(one) for one in self._state.get("plan", {}).get("assumptions", ())]

    @property
    def request_key(self) -> str:
        """What makes a request of this step the same request when the step runs again."""
        return f"{self._state['thread']}/{self._state['turn']}/{self._step.context_key}"

    def slash_command(self, name: str) -> Any:
        """Give what a person said with ``/name``: its value, True without one; None if they did not."""
        return self._state.get("commands", {}).get(name)

    def parameter(self, name: str) -> Any:
        """Give a required parameter of the step.

        :raises UsageError: the plan does not have it.
        """
        try:
            return self._step.parameters[name]
        except KeyError as exc:
            msg = f"step '{self._step.context_key}' of capability '{self.name}' needs the parameter '{name}'"
            raise UsageError(msg) from exc

    def input_contexts(self) -> dict[str, Mapping[str, Any]]:
        """Give the results of the earlier steps that this one names as inputs, by context key."""
        contexts: Mapping[str, Any] = self._state.get("contexts", {})
        keys = [key for named in self._step.inputs for key in named.values()]
        missing = [key for key in keys if key not in contexts]
        if missing:
            msg = f"step '{self._step.context_key}' needs the result of '{missing[0]}', which is not there"
            raise UsageError(msg)
        return {key: contexts[key] for key in keys}

    async def execute(self) -> StepResult:
        """Do the whole step; for capabilities without an effect on anything outside."""
        msg = f"capability '{self.name}' implements neither 'execute' nor 'prepare'"
        raise UsageError(msg)

    async def prepare(self) -> StepResult | ApprovalNeeded:
        """Do what changes nothing, up to the result or to a filed request."""
        return await self.execute()

    async def conclude(self, needed: ApprovalNeeded) -> StepResult | ApprovalNeeded:
        """Go on after a decision: carry out what was approved, exactly, through the guard.

        What is left of a list that stopped half-way becomes a request of its own.
        """
        msg = f"capability '{self.name}' asked for an approval but does not implement 'conclude'"
        raise UsageError(msg)
