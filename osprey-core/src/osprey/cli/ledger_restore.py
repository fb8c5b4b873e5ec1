"""`osprey ledger restore`: the way back from a request that stopped half-way, as a request of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from osprey.cli.context import cli_project
from osprey.errors import UsageError

if TYPE_CHECKING:
    from osprey.base import ExecutionPlan
    from osprey.control import WriteBatch
    from osprey.journal import RequestRow


async def restore(request_id: str, as_json: bool) -> None:
    """File the old values for approval, and carry them out once a person has agreed."""
    from osprey.agent.session import open_agent
    from osprey.cli.ask_commands import conclude_turn
    from osprey.journal import journal_of

    async with cli_project() as project, open_agent(project) as agent:
        row = await journal_of(project).requests.get(request_id)
        batch = way_back_of(row)
        question = f"osprey ledger restore {request_id}"
        result = await agent.carry_out(plan_of(row, batch), question=question, target=batch.target)
        await conclude_turn(project, agent, result, as_json)


def way_back_of(row: RequestRow) -> WriteBatch:
    """Give the batch that undoes what a request did.

    :raises UsageError: there is nothing to undo.
    """
    from osprey.control import ApplyReport
    from osprey.control.wire import from_wire

    batch = None if row.report is None else from_wire(ApplyReport, dict(row.report)).restore
    if batch is None:
        state = row.state.replace("_", " ")
        msg = f"request {row.id} is {state} and left nothing half-way that could be brought back"
        raise UsageError(msg)
    return batch


def plan_of(row: RequestRow, batch: WriteBatch) -> ExecutionPlan:
    """Give the plan of one step that puts the old values back."""
    from osprey.agent.planning.steps import planned
    from osprey.base import PlannedStep
    from osprey.control.wire import to_wire

    parameters: dict[str, Any] = {
        "groups": [
            [{"channel": item.channel, "value": to_wire(item.value), "unit": item.unit} for item in group]
            for group in batch.groups
        ],
        "observe": {"settle_s": batch.settle_s},
    }
    step = PlannedStep(
        context_key="restoring",
        capability="channel_write",
        task_objective=f"Bring back what request {row.id} changed ({row.title})",
        success_criteria="Every write is confirmed",
        expected_output="CHANNEL_WRITE_RESULTS",
        parameters=parameters,
    )
    return planned([step])
