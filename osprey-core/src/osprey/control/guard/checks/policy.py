"""The facility's own rules: every write policy is asked, and one no is enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import anyio
import anyio.to_thread
from attrs import frozen

from osprey.control.guard.checks.case import Case
from osprey.control.protocols import Denial, PolicyItem, Requirement, WritePolicy
from osprey.control.requests import PolicyDemand

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
) -> tuple[list[PolicyRefusal], list[PolicyDemand]]:
    """Ask every policy about every write; an exception, a late or a strange answer denies."""
    items = [_policy_item(case, target, actor) for case in cases]
    refusals: list[PolicyRefusal] = []
    demands: list[PolicyDemand] = []
    for name, policy in policies.items():
        try:
            for answer in await _ask(policy, items):
                if isinstance(answer, Denial):
                    channel = answer.channel if any(item.channel == answer.channel for item in items) else None
                    refusals.append(PolicyRefusal(channel=channel, rule=f"policy.{name}", reason=answer.reason))
                else:
                    demands.append(_demand(f"policy.{name}", answer))
        except Exception as exc:  # noqa: BLE001 - the guard's refusal: whatever a policy raises denies
            reason = f"write policy {name!r} failed, which denies: {type(exc).__name__}: {exc}"
            refusals.append(PolicyRefusal(channel=None, rule=f"policy.{name}", reason=reason))
    return refusals, demands


async def _ask(policy: WritePolicy, items: list[PolicyItem]) -> list[Denial | Requirement]:
    with anyio.fail_after(POLICY_DEADLINE_S):
        answer: Any = await anyio.to_thread.run_sync(policy.judge, items, abandon_on_cancel=True)
    if not isinstance(answer, (list, tuple)):
        msg = f"it answered {answer!r}, which is not a list of denials"
        raise TypeError(msg)
    answers = list(cast("Sequence[Any]", answer))
    for one in answers:
        if not isinstance(one, Denial | Requirement):
            msg = f"it answered {one!r}, which is neither a Denial nor a Requirement"
            raise TypeError(msg)
    return answers


def _demand(rule: str, wanted: Requirement) -> PolicyDemand:
    persons, roles = cast("Any", wanted.persons), tuple(wanted.roles)
    if isinstance(persons, bool) or not isinstance(persons, int) or persons < 1 or not all(map(str, roles)):
        msg = f"it requires {persons!r} persons with the roles {roles!r}"
        raise TypeError(msg)
    return PolicyDemand(rule=rule, reason=str(wanted.reason), persons=persons, roles=roles)


def _policy_item(case: Case, target: str, actor: str) -> PolicyItem:
    return PolicyItem(
        target=target,
        channel=case.channel,
        value=case.typed_value,
        before=None if case.before is None else case.before.value,
        unit=case.info.unit,
        actor=actor,
    )
