"""The graph of a run: its five stages, and the ways between them.

Generation, analysis and rehearsal change nothing and may run twice after a crash. The question is a node of its own, as
`osprey.approval.interrupts` wants it, and effects live in the node that applies.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final, Literal

from langgraph.graph import END, START, StateGraph

from osprey.approval.interrupts import wait_for_decision
from osprey.services.python_executor.service.endings import About
from osprey.services.python_executor.service.stages.analysing import analyse
from osprey.services.python_executor.service.stages.applying import apply
from osprey.services.python_executor.service.stages.completing import complete
from osprey.services.python_executor.service.stages.deciding import decide
from osprey.services.python_executor.service.stages.generating import generate
from osprey.services.python_executor.service.stages.rehearsing import rehearse
from osprey.services.python_executor.service.state import Change, ServiceState

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver
    from langgraph.graph.state import CompiledStateGraph

    from osprey.project import Project

_Work = Callable[["Project", ServiceState], Awaitable[Change]]
GENERATE: Final = "python_code_generator"
ANALYSE: Final = "python_code_analyzer"
ASK: Final = "python_approval_node"
DECIDE: Final = "python_decision"
REHEARSE: Final = "python_code_executor"
APPLY: Final = "python_plan_applier"
COMPLETE: Final = "python_record"
_Next = Literal[
    "python_code_generator",
    "python_code_analyzer",
    "python_approval_node",
    "python_code_executor",
    "python_plan_applier",
    "python_record",
]


def build_graph(project: Project, checkpointer: BaseCheckpointSaver[Any]) -> CompiledStateGraph[Any, Any]:
    """Compile the graph of a run for one project."""
    graph: Any = StateGraph(ServiceState)  # its overloads are partly untyped
    for name, work in _WORK.items():
        graph.add_node(name, _bound(project, work))
    graph.add_node(ASK, _ask)
    graph.add_edge(START, GENERATE)
    graph.add_conditional_edges(GENERATE, _after_generation, [GENERATE, ANALYSE, REHEARSE, COMPLETE])
    graph.add_conditional_edges(ANALYSE, _after_analysis, [GENERATE, ASK, REHEARSE, COMPLETE])
    graph.add_edge(ASK, DECIDE)
    graph.add_conditional_edges(DECIDE, _after_decision, [ASK, REHEARSE, APPLY, COMPLETE])
    graph.add_conditional_edges(REHEARSE, _after_rehearsal, [GENERATE, ASK, COMPLETE])
    graph.add_conditional_edges(APPLY, _after_apply, [ASK, COMPLETE])
    graph.add_edge(COMPLETE, END)
    return graph.compile(checkpointer=checkpointer)


_WORK: Final[dict[str, _Work]] = {
    GENERATE: generate,
    ANALYSE: analyse,
    DECIDE: decide,
    REHEARSE: rehearse,
    APPLY: apply,
    COMPLETE: complete,
}


def _bound(project: Project, work: _Work) -> Callable[[ServiceState], Awaitable[Change]]:
    async def run(state: ServiceState) -> Change:
        return await work(project, state)

    return run


def _ask(state: ServiceState) -> Change:
    asked = state["asked"]
    if asked is not None:  # as the ways to this node have it
        wait_for_decision(asked["request_id"], asked["question"])
    return {"waits": False}


def _after_generation(state: ServiceState) -> _Next:
    if state["end"]:
        return COMPLETE
    if not state["code"]:
        return GENERATE
    return REHEARSE if state["accepts_missing"] else ANALYSE


def _after_analysis(state: ServiceState) -> _Next:
    if state["end"]:
        return COMPLETE
    if not state["code"]:
        return GENERATE
    return ASK if state["asked"] else REHEARSE


def _after_decision(state: ServiceState) -> _Next:
    if state["end"]:
        return COMPLETE
    if state["waits"]:
        return ASK
    asked = state["asked"]
    return APPLY if asked and asked["about"] == About.WRITES else REHEARSE


def _after_rehearsal(state: ServiceState) -> _Next:
    if state["end"]:
        return COMPLETE
    return ASK if state["asked"] else GENERATE


def _after_apply(state: ServiceState) -> _Next:
    return COMPLETE if state["end"] else ASK
