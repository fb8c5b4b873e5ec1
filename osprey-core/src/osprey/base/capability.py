"""The base class of capabilities: one kind of step, in two halves around a person's decision."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, cast

import anyio.to_thread
from attrs import evolve

from osprey.base.contexts._serialization import plain_context, plain_provenance, read_any
from osprey.base.contexts.artifacts import Artifacts
from osprey.base.contexts.context import CONTEXT_TYPE_KEY, PROVENANCE_KEY, CapabilityContext, Provenance
from osprey.base.needs import RequiredContexts, choose, needs_of, require
from osprey.base.results import ApprovalNeeded, StepResult
from osprey.base.severity import ErrorClassification, usual_classification
from osprey.base.state import AgentState
from osprey.errors import UsageError

if TYPE_CHECKING:
    from osprey.base.planning import PlannedStep
    from osprey.project import Project

_NAMED_CHANNELS = 10
"""Channels that a provenance names; of more it has the count."""


class BaseCapability:
    """A kind of step that a plan can contain.

    A capability without an effect implements `execute`. One with an effect implements `prepare`, which
    reads, rehearses and files a request but changes nothing, and `conclude`, which is called once a person
    has decided. `prepare` may run again after a crash; filing the same request twice gives the first one.

    Classes under `@capability_node` may write `execute` as those of the predecessor do; see there.
    """

    name: ClassVar[str]
    description: ClassVar[str]
    provides: ClassVar[tuple[str, ...] | list[str]] = ()
    """Context types that a step of it leaves behind."""
    requires: ClassVar[tuple[Any, ...] | list[Any]] = ()
    """Context types that it needs of earlier steps: a type, or (type, ``single`` or ``multiple``)."""
    contexts: ClassVar[tuple[type[CapabilityContext], ...]] = ()
    """Classes of contexts that it reads beside the built-in ones."""
    asks_by_itself: ClassVar[bool] = False
    """True if it files a request of its own wherever the configuration asks for one; else a gate does it before."""

    is_independent: ClassVar[bool] = False
    """True if a step of it reads nothing of what others leave behind but its `inputs`, and changes nothing: then it may
    run beside its neighbours in the plan."""
    direct_chat_enabled: ClassVar[bool] = False
    """True if a person may talk to it directly (``/chat:NAME``): each message is then one step of it."""

    @classmethod
    def chat_parameters(cls, text: str) -> Mapping[str, Any]:
        """Give the parameters of the step that answers one message of a direct chat."""
        return {"text": text}

    def __init__(self, project: Project, state: Mapping[str, Any], step: PlannedStep) -> None:
        self._project = project
        self._artifacts = Artifacts(project.state_dir)
        self._state = AgentState(state, self._artifacts.load)
        self._step = step

    @property
    def step(self) -> PlannedStep:
        """The step of the plan that this is."""
        return self._step

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

    @property
    def run(self) -> str:
        """The name of the folder under `runs/` where this turn keeps what is too large for its state."""
        return f"{self._state.get('thread', 'thread')}_{self._state.get('turn', 'turn')}"

    def parameter(self, name: str) -> Any:
        """Give a required parameter of the step.

        :raises UsageError: the plan does not have it.
        """
        try:
            return self._step.parameters[name]
        except KeyError as exc:
            msg = f"{self._where()} needs the parameter '{name}'"
            raise UsageError(msg) from exc

    def text_parameter(self, name: str) -> str:
        """Give a required parameter that is a text.

        :raises UsageError: the plan does not have it, or it is anything else.
        """
        value = self.parameter(name)
        if not isinstance(value, str):
            msg = f"{self._where()}: the parameter '{name}' is a text, not {value!r}"
            raise UsageError(msg)
        return value

    def channel_parameter(self) -> list[str]:
        """Give the channels that the step's parameters name; none where they name none.

        :raises UsageError: they are no list of texts.
        """
        value: Any = self._step.parameters.get("channels", [])
        names: list[Any] = list(value) if isinstance(value, list | tuple) else [None]  # pyright: ignore[reportUnknownArgumentType]
        if not all(isinstance(name, str) and name for name in names):
            msg = f"{self._where()}: the parameter 'channels' is a list of names, not {value!r}"
            raise UsageError(msg)
        return names

    def get_parameters(self) -> dict[str, Any]:
        """Give the parameters that the plan has for this step."""
        return dict(self._step.parameters)

    def get_task_objective(self, default: str = "") -> str:
        """Give what the step is for; where the plan does not say, the default, else what was asked."""
        return self._step.task_objective or default or self._state.asked()

    def get_step_inputs(self) -> list[dict[str, str]]:
        """Give `{context type: context key}` for each result that the plan hands to this step."""
        return [dict(named) for named in self._step.inputs]

    def input_contexts(self) -> dict[str, Mapping[str, Any]]:
        """Give the results of the earlier steps that this one names as inputs, by context key and in full.

        :raises UsageError: one is not there. :raises StorageError: its data cannot be read.
        """
        contexts = self._state.contexts()
        keys = [key for named in self._step.inputs for key in named.values()]
        missing = [key for key in keys if key not in contexts]
        if missing:
            msg = f"step '{self._step.context_key}' needs the result of '{missing[0]}', which is not there"
            raise UsageError(msg)
        return {key: self._artifacts.load(contexts[key]) for key in keys}

    async def loaded_inputs(self) -> dict[str, Mapping[str, Any]]:
        """Give `input_contexts` without holding the loop up while files are read."""
        return await anyio.to_thread.run_sync(self.input_contexts)

    def known_contexts(self) -> frozenset[str]:
        """Give the context keys that earlier steps have left something under."""
        return frozenset(self._state.contexts())

    def get_required_contexts(self, constraint_mode: str = "hard") -> RequiredContexts:
        """Give what `requires` names, typed: of the step's inputs where they have it, else of any earlier step.

        :param constraint_mode: ``hard``: everything must be there; ``soft``: at least one.
        :raises UsageError: something is missing, or there are several where one is needed.
        """
        needs = needs_of(self.requires, self.name)
        found = {need.kind: choose(need, self._of_type(need.kind), self._where()) for need in needs}
        there = {kind: value for kind, value in found.items() if value is not None}
        require([kind for kind, value in found.items() if value is None], there, constraint_mode, self._where())
        return RequiredContexts(there)

    def _of_type(self, kind: str) -> dict[str, Any]:
        contexts = self._state.contexts()
        named = [key for pair in self._step.inputs for key in pair.values()]
        fitting = [key for key, one in contexts.items() if one.get(CONTEXT_TYPE_KEY) == kind]
        keys = [key for key in fitting if key in named] or fitting
        return {key: read_any(self._artifacts.load(contexts[key]), self.contexts) for key in keys}

    def store_output_context(self, context: CapabilityContext | Mapping[str, Any]) -> dict[str, Any]:
        """Give what `execute` returns to leave a context behind; a mapping is of the type that `provides` names first.

        :raises UsageError: something in it is no JSON.
        """
        kind = self.provides[0] if self.provides else self.name.upper()
        plain = plain_context(context, kind=kind)
        return {"capability_context_data": {plain[CONTEXT_TYPE_KEY]: {self._step.context_key: plain}}}

    def store_output_contexts(self, *contexts: CapabilityContext | Mapping[str, Any]) -> dict[str, Any]:
        """Give what `execute` returns to leave several contexts behind, each of another type.

        The first has the step's own context key; a later one has it with its type in small letters behind.

        :raises UsageError: two are of one type, or there is none.
        """
        key, by_type = self._step.context_key, dict[str, dict[str, Any]]()
        for number, context in enumerate(contexts):
            [(kind, stored)] = self.store_output_context(context)["capability_context_data"].items()
            if kind in by_type:
                msg = f"{self._where()} leaves two contexts of type {kind}; a step leaves one of a type"
                raise UsageError(msg)
            by_type[kind] = {key if number == 0 else f"{key}_{kind.lower()}": stored[key]}
        if not by_type:
            msg = f"{self._where()} stores no context; give store_output_contexts at least one"
            raise UsageError(msg)
        return {"capability_context_data": by_type}

    async def leave(
        self,
        context: CapabilityContext | Mapping[str, Any],
        *,
        channels: tuple[str, ...] = (),
        request_id: str = "",
        run: str = "",
        key: str = "",
        as_file: bool = False,
    ) -> dict[str, Any]:
        """Give a context as a `StepResult` carries it: stamped with where it comes from, large data in a file.

        :param run: the name of a run's folder for its data; empty: that of the turn.
        :param as_file: its data go into a file however small they are.
        :raises UsageError: it is no JSON, or larger than a step may leave behind.
        :raises StorageError: its data cannot be written.
        """
        provenance = Provenance(
            capability=self.name,
            step=self._step.context_key,
            thread=str(self._state.get("thread", "")),
            turn=str(self._state.get("turn", "")),
            target=str(self._state.get("target", "")),
            made_ns=time.time_ns(),
            channels=channels[:_NAMED_CHANNELS],
            channel_count=len(channels),
            request_id=request_id,
            run=run,
        )
        if isinstance(context, CapabilityContext):
            plain = plain_context(evolve(context, provenance=provenance))
        else:
            stamped = {name: value for name, value in context.items() if name not in (CONTEXT_TYPE_KEY, PROVENANCE_KEY)}
            kind = str(context.get(CONTEXT_TYPE_KEY) or (self.provides[0] if self.provides else self.name.upper()))
            plain = {**plain_context(stamped, kind=kind), PROVENANCE_KEY: plain_provenance(provenance)}
        kept = self._artifacts.keep, plain, run or self.run, key or self._step.context_key, as_file
        return await anyio.to_thread.run_sync(*kept)

    def get_logger(self) -> logging.Logger:
        """Give the logger of this capability, `osprey.capability.<name>`."""
        return logging.getLogger(f"osprey.capability.{self.name}")

    def slash_command(self, name: str) -> Any:
        """Give what a person wrote for a command of this capability: True without a value; None: it was not given."""
        commands = cast("Mapping[str, Any]", self._state.get("commands") or {})
        return commands.get(name.removeprefix("/"))

    @staticmethod
    def classify_error(exc: Exception, context: Mapping[str, Any]) -> ErrorClassification:
        """Say how bad an error is, and so what may be tried after it; a refusal never lets anything be tried.

        :param context: the capability's name, the step's context key and its objective.
        """
        return usual_classification(exc)

    @staticmethod
    def get_retry_policy() -> dict[str, Any]:
        """Say how often a step with a retriable error is tried, and how long is waited before."""
        return {"max_attempts": 3, "delay_seconds": 0.5, "backoff_factor": 1.5}

    async def execute(self) -> Any:
        """Do the whole step; for capabilities without an effect on anything outside. Gives a `StepResult`."""
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

    def _where(self) -> str:
        return f"step '{self._step.context_key}' of capability '{self.name}'"
