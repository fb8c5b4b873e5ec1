"""What `osprey python tiers` finds, and how it tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from attrs import frozen

from osprey.printable import printable
from osprey.services.python_executor import runner_of
from osprey.services.python_executor.sandbox.holding import Kind
from osprey.services.python_executor.sandbox.ladder import Finding

if TYPE_CHECKING:
    from osprey.project import Project

_ABOUT = {
    Kind.BUBBLEWRAP: "namespaces built by bubblewrap, a filter of system calls",
    Kind.NAMESPACES: "namespaces built by Osprey, a filter of system calls",
    Kind.LANDLOCK: "rules on files, signals and sockets, a filter of system calls; no namespaces",
    Kind.NONE: "nothing is held; pure computation only, and only if execution.sandbox is none",
}


@frozen(kw_only=True)
class TierRow:
    """One tier as it was found."""

    finding: Finding
    is_taken: bool


async def survey_tiers(project: Project) -> list[TierRow]:
    """Test every tier.

    :raises SandboxError: there is no such interpreter, or a mount would show what must not be seen.
    """
    ladder = await runner_of(project).ladder()
    findings = await ladder.survey()
    holding = [finding.kind for finding in findings if finding.holds]
    taken = next((kind for kind in ladder.named() if kind in holding), None)
    return [TierRow(finding=finding, is_taken=finding.kind is taken) for finding in findings]


def plain_row(row: TierRow) -> dict[str, Any]:
    """Give what scripts read."""
    found = row.finding
    return {
        "tier": found.kind.value,
        "holds": found.holds and found.kind is not Kind.NONE,
        "taken": row.is_taken,
        "reason": found.why_not,
        "remarks": list(found.remarks),
    }


def print_row(row: TierRow) -> None:
    """Print one tier: what it is, whether it holds, and why not."""
    found = row.finding
    result = "not tested" if found.kind is Kind.NONE else "holds" if found.holds else "does not hold"
    click.echo(f"{found.kind.value:<11} {result}{' (taken)' if row.is_taken else ''}: {_ABOUT[found.kind]}")
    for line in (found.why_not, *found.remarks):
        if line:
            click.echo(f"{'':<11} {printable(line)}")
