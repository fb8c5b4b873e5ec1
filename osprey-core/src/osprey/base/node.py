"""`@capability_node`: makes a step of the kernel of a class written as the predecessor's capabilities are."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar, cast

from attrs import frozen

from osprey.base.capability import BaseCapability
from osprey.base.classifying import classify
from osprey.base.results import ApprovalNeeded, StepResult
from osprey.base.returned import result_of
from osprey.base.severity import StepFailedError
from osprey.errors import OspreyError, PluginError

C = TypeVar("C", bound=type[Any])

_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+")


def capability_node(cls: C) -> C:
    """Check a class and give it what the kernel needs to run it as a step.

    A class without `name` is called after itself, `DataAnalysisCapability` becomes ``data_analysis``; one without
    `description` is described by the first line of its docstring, else by its name.

    `execute` may be an instance method ``async execute(self)``, or take the state: ``async execute(state, **kwargs)``,
    with or without `@staticmethod`. Then `kwargs` are ``step`` and ``logger``, as far as it takes them. It gives what
    `store_output_context` made, a mapping that is itself what the step leaves behind, a `StepResult`, or None.

    :raises PluginError: name or description are no texts, or it has no asynchronous `execute` or `prepare` of its own.
    """
    capability = cls if issubclass(cls, BaseCapability) else _with_base(cls)
    _name(capability)
    if capability.prepare not in (BaseCapability.prepare, _prepare):
        return cast("C", capability)
    form = _form_of(capability)
    if form.takes_state:
        setattr(capability, "execute", staticmethod(form.call))  # noqa: B010 - of another signature on purpose
    setattr(capability, "prepare", _prepare)  # noqa: B010
    return cast("C", capability)


@frozen
class _Form:
    """How `execute` is written."""

    call: Callable[..., Awaitable[Any]]
    takes_state: bool


def _with_base(cls: type[Any]) -> type[BaseCapability]:
    body = {"__doc__": cls.__doc__, "__module__": cls.__module__, "__qualname__": cls.__qualname__}
    return type(cls.__name__, (cls, BaseCapability), body)


def _name(cls: type[BaseCapability]) -> None:
    """Check the name and the description that a class states, and give it those that it does not state."""
    given: dict[str, Any] = {name: getattr(cls, name, None) for name in ("name", "description")}
    words = _WORDS.findall(cls.__name__.removesuffix("Capability")) or [cls.__name__]
    if given["name"] is None:
        cls.name = "_".join(words).lower()
    if given["description"] is None:
        cls.description = next(iter((cls.__dict__.get("__doc__") or "").split("\n")), "") or " ".join(words).lower()
    for name, value in given.items():
        if value is not None and (not isinstance(value, str) or not value.strip()):
            msg = f"capability {cls.__qualname__}: '{name}' is a text that is not empty, not {value!r}"
            raise PluginError(msg)


def _form_of(cls: type[BaseCapability]) -> _Form:
    written = inspect.getattr_static(cls, "execute")
    call: Any = getattr(written, "__func__", written)
    if call is BaseCapability.execute or not inspect.iscoroutinefunction(call) or isinstance(written, classmethod):
        msg = f"capability {cls.__qualname__} needs 'async def execute(self)', or 'async def prepare(self)'"
        raise PluginError(msg)
    if isinstance(written, staticmethod):
        return _Form(call, takes_state=True)
    first = next(iter(inspect.signature(call).parameters.values()), None)
    if first is None:
        msg = f"capability {cls.__qualname__}: 'execute' takes 'self' or 'state', and this one takes nothing"
        raise PluginError(msg)
    return _Form(call, takes_state=first.name == "state" or "AgentState" in str(first.annotation))


async def _prepare(self: Any) -> StepResult | ApprovalNeeded:
    """Run `execute` with this project as the current one, and make a step's result of what it gives."""
    form = _form_of(cast("type[BaseCapability]", type(self)))
    with self._project.activate():
        try:
            returned = await (form.call(self._state, **_given(form, self)) if form.takes_state else form.call(self))
        except OspreyError:
            raise
        except Exception as exc:
            # An isolation border: an application's code may raise anything, and one step must not end the process.
            if _is_of_graph(exc):
                raise
            told = classify(self, exc)
            msg = f"capability '{self.name}' failed: {told.user_message or exc or type(exc).__name__}"
            raise StepFailedError(msg, classification=told) from exc
    return await result_of(self, returned)


def _given(form: _Form, capability: Any) -> dict[str, Any]:
    parameters = inspect.signature(form.call).parameters
    takes_all = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters.values())
    offered = {"step": capability.step, "logger": capability.get_logger()}
    return {name: value for name, value in offered.items() if takes_all or name in parameters}


def _is_of_graph(exc: Exception) -> bool:
    """Say if it is LangGraph's own way to have a node wait, which must reach it."""
    graph = sys.modules.get("langgraph.errors")
    return graph is not None and isinstance(exc, graph.GraphBubbleUp)
