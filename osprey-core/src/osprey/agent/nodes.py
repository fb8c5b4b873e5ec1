"""The nodes of a turn. Each takes the state and gives what changed; all of it is JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osprey.agent.answers import give_answer
from osprey.agent.bookkeeping import accounted
from osprey.agent.first_halves import prepare_steps
from osprey.agent.planning_node import plan_steps
from osprey.agent.second_halves import conclude_pending
from osprey.agent.state import TurnState, TurnStatus
from osprey.agent.telling import span
from osprey.agent.turn_time import left_s, timed

if TYPE_CHECKING:
    from osprey.project import Project


class TurnNodes:
    """The nodes of the graph, bound to a project."""

    def __init__(self, project: Project) -> None:
        self.project = project

    @timed
    async def plan(self, state: TurnState) -> TurnState:
        """Say what is to be done next, or that a request is not understood."""
        return await plan_steps(self.project, state)

    @timed
    @accounted
    async def prepare(self, state: TurnState) -> TurnState:
        """Run the first half of the next steps."""
        return await prepare_steps(self.project, state)

    @timed
    @accounted
    async def conclude(self, state: TurnState) -> TurnState:
        """Go on with what was decided."""
        return await conclude_pending(self.project, state)

    @timed
    @accounted
    async def respond(self, state: TurnState) -> TurnState:
        """Say what was done, what was not, and the figures."""
        if state.get("answer"):
            return {}
        with span("respond"):
            answer = await give_answer(self.project, state, left_s=left_s(self.project, state))
        return {"answer": answer, "status": state.get("status") or TurnStatus.DONE.value}
