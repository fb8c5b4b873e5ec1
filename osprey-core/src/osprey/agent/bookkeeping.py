"""What a node of a turn adds to its state by itself: what it asked of models."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import TYPE_CHECKING, Protocol, TypeVar

from osprey.agent.accounting import turn_account, usage_of

if TYPE_CHECKING:
    from osprey.agent.state import TurnState
    from osprey.project import Project


class Nodes(Protocol):
    """The nodes of a graph, as this room needs them."""

    @property
    def project(self) -> Project:
        """The project that they are bound to."""
        ...


N = TypeVar("N", bound=Nodes)
Node = Callable[[N, "TurnState"], "Awaitable[TurnState]"]


def accounted(node: Node[N]) -> Node[N]:
    """Have the state know what the steps of a node have asked of models."""

    @wraps(node)
    async def accounted(nodes: N, state: TurnState) -> TurnState:
        with turn_account(nodes.project.config, state.get("usage", {})) as account:
            changed = await node(nodes, state)
        return {**changed, "usage": usage_of(account)} if account.attempts else changed

    return accounted
