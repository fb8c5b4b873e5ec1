"""The seeds' call of a service that may ask: its questions become questions of the graph around it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol, cast

from langgraph.errors import GraphInterrupt
from langgraph.types import Command, Interrupt

from osprey.approval.answers import request_id_in
from osprey.approval.interrupts import answers_for_node
from osprey.approval.seeds.places import (
    Call,
    called,
    current_call,
    current_place,
    has_asked,
    types_of_capability,
)
from osprey.approval.seeds.plain import plain_json
from osprey.errors import UsageError
from osprey.project import current_project

_OWN_THREAD: Final = ("thread_id", "checkpoint_ns", "checkpoint_id")
"""Keys by which a configuration gives a service a thread of its own; LangGraph then runs it apart from the node."""
_INTERRUPTS: Final = "__interrupt__"


class Service(Protocol):
    """What can be called: a compiled graph, or what wraps one.

    One that has `knows_thread(config)`, or `aget_state` as a compiled graph has, is asked whether it still knows its
    thread before it is resumed.
    """

    async def ainvoke(self, input: Any, config: Any = None) -> Any:  # noqa: A002 - LangGraph's own name
        """Carry out a request, or go on after `Command(resume=...)`; give the result, typed alike for both."""
        ...


async def handle_service_with_interrupts(
    service: Service,
    request: Any,
    config: Mapping[str, Any] | None,
    logger: Any,
    capability_name: str = "parent_capability",
) -> Any:
    """Call a service in a node, and give its result; all that it asks is asked in the graph of the node.

    What it asks is filed under its own type and under that of the capability. When LangGraph runs the node again, the
    service goes on where it waits, with the answers that the graph was resumed with.

    :param request: what to do, or `Command(resume=...)`.
    :param config: the service's; with a `thread_id` it runs on a thread of its own.
    :raises GraphInterrupt: the service waits for people; LangGraph takes it, so no `except` may.
    """
    call = _call_of(request, config, capability_name)
    with called(call):
        entry = await _entry(service, request, config, call)
        try:
            result = await service.ainvoke(entry, config=config)
        except GraphInterrupt as exc:
            asked = _interrupts_in(exc.args[0] if exc.args else ())
            if not asked:
                raise
        else:
            asked = _interrupts_in(_given_back(result))
            if not asked:
                return result
    named = [request_id_in(question.value) or question.id for question in asked]
    (logger or logging.getLogger(__name__)).info(f"{capability_name} waits for a decision: {', '.join(named)}")
    raise GraphInterrupt(asked)


def _call_of(request: Any, config: Mapping[str, Any] | None, capability_name: str) -> Call:
    outer = current_call()
    types = (*types_of_capability(capability_name), *(outer.types if outer else ()))
    try:
        stated = plain_json(request, "request")
    except UsageError:
        stated = type(request).__qualname__
    thread = str(_configurable(config).get("thread_id", ""))
    return Call(types=types, place=current_place(), thread=thread, request=stated)


async def _entry(service: Service, request: Any, config: Mapping[str, Any] | None, call: Call) -> Any:
    """Give what the service is called with: the request, or the answers if it waits for them."""
    is_request = not isinstance(request, Command)
    runs_apart = any(_configurable(config).get(key) for key in _OWN_THREAD)
    if is_request and runs_apart and has_asked(current_project(), call) and await _knows_thread(service, config):
        return Command(resume=answers_for_node())
    return cast("Any", request)


async def _knows_thread(service: Service, config: Mapping[str, Any] | None) -> bool:
    """Say whether the service's checkpoints are still there; where they are gone, it has to ask anew."""
    known_by_itself = getattr(service, "knows_thread", None)
    if known_by_itself is not None:
        return bool(await known_by_itself(config))
    look = getattr(service, "aget_state", None)
    if look is None:
        return True
    known = {key: value for key, value in _configurable(config).items() if not key.startswith("checkpoint_")}
    snapshot = await look({"configurable": known})
    return bool(snapshot.values or snapshot.next)


def _configurable(config: Mapping[str, Any] | None) -> Mapping[str, Any]:
    return (config or {}).get("configurable", {})


def _given_back(result: Any) -> Any:
    return cast("Mapping[str, Any]", result).get(_INTERRUPTS) if isinstance(result, Mapping) else None


def _interrupts_in(found: Any) -> tuple[Interrupt[Any], ...]:
    return tuple(cast("Sequence[Interrupt[Any]]", found or ()))
