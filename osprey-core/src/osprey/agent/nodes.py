"""The nodes of a turn. Each takes the state and gives what changed; all of it is JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osprey.agent.answers import compose_answer
from osprey.agent.first_halves import prepare_steps
from osprey.agent.planning_node import plan_steps
from osprey.agent.second_halves import conclude_pending
from osprey.agent.state import TurnState, TurnStatus
from osprey.agent.telling import span
from osprey.agent.turn_time import timed
from osprey.control import targets_of
from osprey.errors import OspreyError

if TYPE_CHECKING:
    from osprey.project import Project


class TurnNodes:
    """The nodes of the graph, bound to a project."""

    def __init__(self, project: Project) -> None:
        self._project = project

    @timed
    async def plan(self, state: TurnState) -> TurnState:
        """Say what is to be done next, or that a request is not understood."""
        return await plan_steps(self._project, state)

    @timed
    async def prepare(self, state: TurnState) -> TurnState:
        """Run the first half of the next steps."""
        return await prepare_steps(self._project, state)

    @timed
    async def conclude(self, state: TurnState) -> TurnState:
        """Go on with what was decided."""
        return await conclude_pending(self._project, state)

    @timed
    async def respond(self, state: TurnState) -> TurnState:
        """Say what was done, what was not, and the figures."""
        if state.get("answer"):
            return {}
        with span("respond"):
            answer = compose_answer(state, simulated=await self._is_simulated(state))
        return {"answer": answer, "status": state.get("status") or TurnStatus.DONE.value}

    async def _is_simulated(self, state: TurnState) -> bool:
        """Say whether the turn's target reaches no real machine; of one that is gone by now nobody can tell."""
        try:
            return (await targets_of(self._project).get(state.get("target"))).simulated
        except OspreyError:
            return False
