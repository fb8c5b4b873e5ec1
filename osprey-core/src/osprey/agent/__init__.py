"""The agent: from a question to a plan, its steps, and an answer.

`create_agent` gives what applications ask, `create_execution_plan` is the planner alone; `osprey.agent.session` is the
entry for interfaces. The graph is imported with these, and LangGraph with the graph, so nothing here is imported by a
command that does not ask.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from osprey.agent.invoking import create_agent
    from osprey.agent.thinking.creation import create_execution_plan

_HOMES: Final = {
    "create_agent": "osprey.agent.invoking",
    "create_execution_plan": "osprey.agent.thinking.creation",
}

__all__ = ["create_agent", "create_execution_plan"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
