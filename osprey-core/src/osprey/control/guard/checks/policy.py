"""The facility's own rules: every write policy is asked, and one no is enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import anyio
import anyio.to_thread
from attrs import frozen

from osprey.control.guard.checks.case import Case
from osprey.control.protocols import Denial, PolicyItem, WritePolicy

POLICY_DEADLINE_S: Final = 5.0
"""A policy has to be quick; one that is not has denied."""


@frozen(kw_only=True)
class PolicyRefusal:
    """Why a policy's answer refuses; `channel` is None if it refuses the batch as a whole."""

    channel: str | None
    rule: str
    reason: str


async def ask_policies(
    policies: Mapping[str, WritePolicy], target: str, actor: str, cases: Sequence[Case]
) -> list[PolicyRefusal]:
    """Ask every policy about every write; an exception, a late or a strange answer denies."""
    items = [_policy_item(case, target, actor) for case in cases]
    refusals: list[PolicyRefusal] = []
    for name, policy in policies.items():
        try:
            refusals += await _ask(name, policy, items)
        except Exception as exc:  # noqa: BLE001 - the guard's refusal: whatever a policy raises denies
            reason = f"write policy {name!r} failed, which denies: {type(exc).__name__}: {exc}"
            refusals.append(PolicyRefusal(channel=None, rule=f"policy.{name}", reason=reason))
    return refusals


async def _ask(name: str, policy: WritePolicy, items: list[PolicyItem]) -> list[PolicyRefusal]:
    with anyio.fail_after(POLICY_DEADLINE_S):
        answer: Any = await anyio.to_thread.run_sync(policy.judge, items, abandon_on_cancel=True)
    if not isinstance(answer, (list, tuple)):
        msg = f"it answered {answer!r}, which is not a list of denials"
        raise TypeError(msg)
    channels = {item.channel for item in items}
    refusals: list[PolicyRefusal] = []
    for denial in cast("Sequence[Any]", answer):
        if not isinstance(denial, Denial):
            msg = f"it answered {denial!r}, which is not a Denial"
            raise TypeError(msg)
        channel = denial.channel if denial.channel in channels else None
        refusals.append(PolicyRefusal(channel=channel, rule=f"policy.{name}", reason=denial.reason))
    return refusals


def _policy_item(case: Case, target: str, actor: str) -> PolicyItem:
    return PolicyItem(
        target=target,
        channel=case.channel,
        value=case.typed_value,
        before=None if case.before is None else case.before.value,
        unit=case.info.unit,
        actor=actor,
    )
