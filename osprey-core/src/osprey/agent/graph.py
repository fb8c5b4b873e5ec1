"""The graph of a turn: plan, then each step in two halves around a person's decision, then the answer.

A turn that is planned as it goes comes back to the plan whenever its steps have ended. Effects live in `conclude`
alone, after the interrupt. `prepare` and `plan` may run twice after a crash.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

from langgraph.graph import END, START, StateGraph

from osprey.agent.nodes import TurnNodes
from osprey.agent.reacting.exchange import needs_more
from osprey.agent.state import TurnState
from osprey.approval.interrupts import wait_for_decision

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver
    from langgraph.graph.state import CompiledStateGraph

    from osprey.project import Project

_AFTER: Final = ["plan", "prepare", "await_decision", "respond"]


def build_graph(project: Project, checkpointer: BaseCheckpointSaver[Any]) -> CompiledStateGraph[Any, Any]:
    """Compile the graph of a turn for one project."""
    nodes = TurnNodes(project)
    graph: Any = StateGraph(TurnState)  # its overloads are partly untyped
    graph.add_node("plan", nodes.plan)
    graph.add_node("prepare", nodes.prepare)
    graph.add_node("await_decision", _await_decision)
    graph.add_node("conclude", nodes.conclude)
    graph.add_node("respond", nodes.respond)
    graph.add_edge(START, "plan")
    graph.add_conditional_edges("plan", _after_step, _AFTER)
    graph.add_conditional_edges("prepare", _after_step, _AFTER)
    graph.add_edge("await_decision", "conclude")
    graph.add_conditional_edges("conclude", _after_step, _AFTER)
    graph.add_edge("respond", END)
    return graph.compile(checkpointer=checkpointer)


def _await_decision(state: TurnState) -> TurnState:
    wait_for_decision(_pending_id(state))
    return {}


def _pending_id(state: TurnState) -> str:
    pending = state.get("pending")
    return pending["request_id"] if pending else ""


def _after_step(state: TurnState) -> Literal["plan", "prepare", "await_decision", "respond"]:
    if state.get("pending"):
        return "await_decision"
    if state.get("replan"):
        return "plan"
    if state.get("status"):
        return "respond"
    if needs_more(state):
        return "plan"
    return "prepare"
