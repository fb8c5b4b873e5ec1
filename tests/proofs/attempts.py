"""The sections on attempts: to tamper, to be first, to approve with words, and to change the audit unseen."""

from __future__ import annotations

from typing import Final

import anyio
from tests.proofs.audit import prove_audit
from tests.proofs.audit import section as audit_section
from tests.proofs.plan_files import run_plan_files
from tests.proofs.races import RACERS, run_races
from tests.proofs.replies import run_replies
from tests.proofs.rollback import run_rollbacks
from tests.proofs.section import SEED, Section, folder_in_memory, folder_on_disk, table, told
from tests.proofs.tampering import run_series
from tests.proofs.tampering_ways import WAYS

ROUNDS: Final = 1_000
TAMPERINGS: Final = 10_000
ROLLBACKS: Final = 300
PLAN_FILES: Final = 1_000
AUDIT_ROWS: Final = 100_000
AUDIT_TAMPERS: Final = 1_000
APPENDS: Final = 2_000


def races() -> Section:
    """Race sixteen processes for one decision and one execution of a request, again and again."""
    tally = anyio.run(run_races, folder_on_disk(), ROUNDS, SEED)
    decided = ", ".join(f"{count} {state}" for state, count in sorted(tally.decisions.items()))
    text = f"""## {RACERS} processes race to decide and to carry out one request

{tally.rounds} rounds: first all {RACERS} decide at once, then all carry it out at once, while one may take it back. {decided}; {tally.withdrawn} of the approved were taken back before they were carried
out; {tally.executed} executions. {told(tally.faults, "In each round exactly one decision took effect, and at most one execution")}."""
    return Section(text, bool(tally.faults))


def tampering() -> Section:
    """Change stored requests, votes, plans and whole databases as somebody could who has not the audit's key."""
    tally = anyio.run(run_series, folder_in_memory(), WAYS, TAMPERINGS, SEED)
    back = anyio.run(run_rollbacks, folder_in_memory(), ROLLBACKS, SEED)
    plans = anyio.run(run_plan_files, folder_in_memory(), PLAN_FILES, SEED)
    faults = [*tally.faults, *back.faults, *plans.faults]
    rows = [
        (name.replace("_", " "), found.total(), ", ".join(f"`{rule}` {count}" for rule, count in found.most_common()))
        for name, found in sorted({**tally.rules, **plans.rules}.items())
    ]
    text = f"""## Tampered, swapped, replayed and expired requests

Approved requests are changed in the database by somebody who can write it and has not the audit's key, and are then carried out with their id and hash. {tally.trials} attempts; {tally.honest} honest
requests between them were carried out. {back.trials} times the whole database was replaced by an earlier copy of itself. {plans.trials} plan files were changed, half of them after their plan was approved. {told(faults, "Nothing that was tampered with was carried out, and each refusal has its row")}.

{table(("what was done", "attempts", "refused by"), rows)}"""
    return Section(text, bool(faults))


def replies() -> Section:
    """Say every ambiguous or hostile reply to a request that waits."""
    tally = anyio.run(run_replies, folder_in_memory())
    faults = [*tally.approvals, *tally.faults]
    languages = ", ".join(f"{count} {language}" for language, count in sorted(tally.languages.items()))
    text = f"""## Replies that are not decisions

{tally.languages.total()} ambiguous or hostile replies ({languages}) were given to the prompt and to the agent: {len(tally.approvals)} approvals.
{told(faults, "Each is kept with the request as a remark, and the request still waits")}."""
    return Section(text, bool(faults))


def audit() -> Section:
    """Change a long audit at random, and measure how long a check and a row take."""

    async def run() -> Section:
        figures = await prove_audit(
            folder_on_disk(), rows=AUDIT_ROWS, tampers=AUDIT_TAMPERS, appends=APPENDS, seed=SEED
        )
        return Section(audit_section(figures).rstrip(), bool(figures.missed))

    return anyio.run(run)
