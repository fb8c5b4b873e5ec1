"""A service that is called in a node: what it asks is asked in the graph of the node, all of it, and once."""

from __future__ import annotations

import logging
from typing import Annotated, Any, TypedDict

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.errors import GraphInterrupt
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, Send

from osprey.approval import ask_person, create_memory_approval_interrupt, handle_service_with_interrupts
from osprey.approval.interrupts import answer_to, answers_to, pending_requests, strict_resume
from osprey.errors import RefusedError

pytestmark = pytest.mark.anyio

SETTINGS: Any = {"configurable": {"thread_id": "t", **strict_resume()}}
logger = logging.getLogger("osprey.test_services")


class State(TypedDict, total=False):
    """What the graph around the service keeps."""

    answer: Any


def _merged(old: dict[str, str] | None, new: dict[str, str]) -> dict[str, str]:
    return {**(old or {}), **new}


class Inner(TypedDict, total=False):
    """What the service keeps."""

    texts: list[str]
    text: str
    said: Annotated[dict[str, str], _merged]


def _several(checkpointer: Any = None) -> Any:
    """A service that asks about each text in a branch of its own."""

    def ask(state: Inner) -> Inner:
        row = ask_person(create_memory_approval_interrupt(state["text"], "save", "alice")).row
        return {"said": {state["text"]: str(row.state)}}

    graph: Any = StateGraph(Inner)
    graph.add_node("ask", ask)
    graph.add_conditional_edges(START, lambda one: [Send("ask", {"text": text}) for text in one["texts"]], ["ask"])
    graph.add_edge("ask", END)
    return graph.compile(checkpointer=checkpointer)


def _caller(service: Any, config: Any, request: Any = None) -> Any:
    async def call(state: State) -> State:
        asked = request or {"texts": ["a", "b"]}
        ended = await handle_service_with_interrupts(service, asked, config, logger, "NoteTaking")
        return {"answer": ended["said"]}

    return call


OWN_THREAD: Any = {"configurable": {"thread_id": "notes", "checkpoint_ns": "memory"}}


@pytest.fixture(params=["a thread of its own", "inside the node"])
def service_and_config(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    if request.param == "inside the node":
        return _several(), None
    return _several(InMemorySaver()), OWN_THREAD


async def test_all_questions_of_a_service_wait_in_the_graph_around_it(desk, chain, service_and_config) -> None:
    with desk.project.activate():
        graph = chain(State, _caller(*service_and_config))
        await graph.ainvoke({}, SETTINGS)
        snapshot = await graph.aget_state(SETTINGS)
        assert set(pending_requests(snapshot)) == {row.id for row in await desk.requests()}
        assert len(pending_requests(snapshot)) == 2
        for row in await desk.requests():
            assert row.kind == "memory_save"
            assert set(row.presentation["approval_types"]) == {"note_taking", "NoteTaking"}
        await desk.approve((await desk.requests())[0].id)
        await desk.reject((await desk.requests())[1].id)
        ended = await graph.ainvoke(answers_to(snapshot, pending_requests(snapshot)), SETTINGS)
    assert sorted(ended["answer"].values()) == ["approved", "rejected"]


async def test_its_questions_are_answered_one_by_one(desk, chain, service_and_config) -> None:
    with desk.project.activate():
        graph = chain(State, _caller(*service_and_config))
        await graph.ainvoke({}, SETTINGS)
        first, second = pending_requests(await graph.aget_state(SETTINGS))
        await desk.approve(second)
        await graph.ainvoke(answer_to(await graph.aget_state(SETTINGS), second), SETTINGS)
        assert pending_requests(await graph.aget_state(SETTINGS)) == [first]
        await desk.approve(first)
        ended = await graph.ainvoke(answer_to(await graph.aget_state(SETTINGS), first), SETTINGS)
    assert ended["answer"] == {"a": "approved", "b": "approved"}
    assert len(await desk.requests()) == 2


async def test_a_forged_answer_reaches_none_of_its_questions(desk, chain, service_and_config) -> None:
    with desk.project.activate():
        graph = chain(State, _caller(*service_and_config))
        await graph.ainvoke({}, SETTINGS)
        snapshot = await graph.aget_state(SETTINGS)
        first, second = snapshot.interrupts
        await desk.approve(second.value["resume_payload"]["approval_id"])
        stolen = {"approved": True, **second.value["resume_payload"]}
        for forged, rule in (({"approved": True}, "approval.no_id"), (stolen, "approval.other_request")):
            with pytest.raises(RefusedError) as refused:
                await graph.ainvoke(Command(resume={first.id: forged}), SETTINGS)
            assert refused.value.rule == rule
            assert len(pending_requests(await graph.aget_state(SETTINGS))) == 2
        for question in snapshot.interrupts:
            request_id = question.value["resume_payload"]["approval_id"]
            if request_id != second.value["resume_payload"]["approval_id"]:
                await desk.approve(request_id)
        ended = await graph.ainvoke(answers_to(snapshot, pending_requests(snapshot)), SETTINGS)
    assert ended["answer"] == {"a": "approved", "b": "approved"}


async def test_a_service_that_raises_its_interrupts_is_understood_too(desk, chain) -> None:
    """A wrapper may turn what its graph gives back into LangGraph's exception."""
    compiled = _several(InMemorySaver())

    class Raising:
        async def ainvoke(self, request: Any, config: Any = None) -> Any:
            ended = await compiled.ainvoke(request, config=config)
            if "__interrupt__" in ended:
                raise GraphInterrupt(tuple(ended["__interrupt__"]))
            return ended

    with desk.project.activate():
        graph = chain(State, _caller(Raising(), OWN_THREAD))
        await graph.ainvoke({}, SETTINGS)
        waiting = pending_requests(await graph.aget_state(SETTINGS))
        assert len(waiting) == 2
        for request_id in waiting:
            await desk.approve(request_id)
        ended = await graph.ainvoke(answers_to(await graph.aget_state(SETTINGS), waiting), SETTINGS)
    assert ended["answer"] == {"a": "approved", "b": "approved"}


async def test_a_service_that_has_lost_its_checkpoints_asks_anew(desk, chain) -> None:
    """What was approved for the lost run is used by nobody."""
    service = [_several(InMemorySaver())]

    class Restarted:
        async def ainvoke(self, request: Any, config: Any = None) -> Any:
            return await service[0].ainvoke(request, config=config)

        async def aget_state(self, config: Any) -> Any:
            return await service[0].aget_state(config)

    with desk.project.activate():
        graph = chain(State, _caller(Restarted(), OWN_THREAD, {"texts": ["a"]}))
        await graph.ainvoke({}, SETTINGS)
        [before] = pending_requests(await graph.aget_state(SETTINGS))
        await desk.approve(before)
        service[0] = _several(InMemorySaver())
        await graph.ainvoke(answer_to(await graph.aget_state(SETTINGS), before), SETTINGS)
        [after] = pending_requests(await graph.aget_state(SETTINGS))
        assert after != before
        await desk.approve(after)
        ended = await graph.ainvoke(answer_to(await graph.aget_state(SETTINGS), after), SETTINGS)
    assert ended["answer"] == {"a": "approved"}


async def test_a_service_that_is_called_again_on_its_thread_asks_again(desk, chain) -> None:
    """Another turn on the service's thread is another question, and no approval of the turn before counts for it."""
    with desk.project.activate():
        graph = chain(State, _caller(_several(InMemorySaver()), OWN_THREAD, {"texts": ["a"]}))
        ids: list[str] = []
        for turn in ("first", "second"):
            settings: Any = {"configurable": {"thread_id": turn}}
            await graph.ainvoke({}, settings)
            ids += pending_requests(await graph.aget_state(settings))
            await desk.approve(ids[-1])
            ended = await graph.ainvoke(answer_to(await graph.aget_state(settings), ids[-1]), settings)
            assert ended["answer"] == {"a": "approved"}
    assert len(set(ids)) == 2


async def test_a_command_is_passed_on_as_it_is(desk) -> None:
    service = _several(InMemorySaver())
    with desk.project.activate():
        with pytest.raises(GraphInterrupt) as asked:
            await handle_service_with_interrupts(service, {"texts": ["a"]}, OWN_THREAD, logger)
        [question] = asked.value.args[0]
        await desk.approve(question.value["resume_payload"]["approval_id"])
        answer = Command(resume={"approved": True, **question.value["resume_payload"]})
        ended = await handle_service_with_interrupts(service, answer, OWN_THREAD, logger)
    assert ended["said"] == {"a": "approved"}


async def test_a_service_that_files_and_asks_in_one_node_is_resumed_by_the_capability_itself(desk, chain) -> None:
    """As seed 004 does it: the capability calls the service with the answer, and not through the function."""
    service = _several(InMemorySaver())

    async def call(state: State) -> State:
        if state.get("answer"):
            ended = await service.ainvoke(Command(resume=state["answer"]), config=OWN_THREAD)
        else:
            ended = await handle_service_with_interrupts(service, {"texts": ["a"]}, OWN_THREAD, logger, "NoteTaking")
        return {"answer": ended["said"]}

    with desk.project.activate():
        graph = chain(State, call)
        await graph.ainvoke({}, SETTINGS)
        [question] = (await graph.aget_state(SETTINGS)).interrupts
        payload = question.value["resume_payload"]
        await desk.approve(payload["approval_id"])
        ended = await graph.ainvoke(Command(update={"answer": {"approved": True, **payload}}), SETTINGS)
    assert ended["answer"] == {"a": "approved"}
    assert [row.id for row in await desk.requests()] == [payload["approval_id"]]


async def test_what_a_service_raises_is_raised(desk) -> None:
    class Broken:
        async def ainvoke(self, request: Any, config: Any = None) -> Any:
            raise GraphInterrupt if request is None else ZeroDivisionError

    with desk.project.activate():
        with pytest.raises(ZeroDivisionError):
            await handle_service_with_interrupts(Broken(), {}, None, logger)
        with pytest.raises(GraphInterrupt):
            await handle_service_with_interrupts(Broken(), None, None, None)
