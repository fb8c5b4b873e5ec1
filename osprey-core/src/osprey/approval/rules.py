"""The rules on who has to approve what: the built-in one, the policies of the configuration, those of plugins.

Rules only add. Where none matches, one person is enough; on what can change a machine there is always one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from attrs import evolve, frozen

from osprey.errors import RefusedError
from osprey.journal import Needs

if TYPE_CHECKING:
    from osprey.config import ApprovalConfig, ApprovalPolicyConfig

BUILT_IN: Final = "approval.one_person"


@frozen(kw_only=True)
class ItemFacts:
    """One write as the rules see it."""

    channel: str
    share: float | None
    """How much of its permitted range it changes, 0 to 1; None: there is no range, or no distance."""


@frozen(kw_only=True)
class Facts:
    """A request as the rules see it."""

    kind: str
    target: str = ""
    items: tuple[ItemFacts, ...] = ()
    requester: str = ""
    person: str = ""
    """The name of the person who asks; the subject where nobody is named."""


@frozen(kw_only=True)
class Settled:
    """What the rules make of a request."""

    needs: Needs
    expires_after_s: float


def settle(config: ApprovalConfig, facts: Facts, demands: Iterable[tuple[str, Needs]] = ()) -> Settled:
    """Give what a request needs: all rules that match, together.

    :param demands: what write policies of plugins ask for, each with its rule.
    :raises RefusedError: ``approval.denied``: a policy denies such requests.
    """
    needs = Needs(rules=(BUILT_IN,))
    expires_after_s = config.expires_after_s
    found: list[ApprovalPolicyConfig] = []
    for name, policy in config.policies.items():
        if not _matches(policy, facts):
            continue
        if policy.deny is not None:
            msg = f"approval.policies.{name} denies this: {policy.deny}"
            raise RefusedError(msg, rule="approval.denied")
        found.append(policy)
        needs = _together(needs, f"approval.policies.{name}", _asked(policy))
        expires_after_s = min(expires_after_s, policy.expires_after_s or expires_after_s)
    asked = list(demands)
    for rule, demand in asked:
        needs = _together(needs, rule, demand)
    # A plugin that asks for more has not said that the answer may be remembered.
    needs = needs if asked else _remembered(needs, found)
    return Settled(needs=needs, expires_after_s=expires_after_s)


def _asked(policy: ApprovalPolicyConfig) -> Needs:
    persons = max(policy.persons or 1, max(policy.roles.values(), default=1))
    return Needs(persons=persons, roles=policy.roles, is_authenticated=policy.authenticated)


def _together(needs: Needs, rule: str, more: Needs) -> Needs:
    roles = {role: max(needs.roles.get(role, 0), more.roles.get(role, 0)) for role in {**needs.roles, **more.roles}}
    return evolve(
        needs,
        persons=max(needs.persons, more.persons, *roles.values(), 1) if roles else max(needs.persons, more.persons),
        roles=roles,
        is_authenticated=needs.is_authenticated or more.is_authenticated,
        rules=(*needs.rules, rule),
    )


def _remembered(needs: Needs, found: Sequence[ApprovalPolicyConfig]) -> Needs:
    """Let a decision be remembered only where every policy that matches says so, and never for several people."""
    allowed = [p for p in found if p.remember_uses is not None and p.remember_for_s is not None]
    if not found or len(allowed) < len(found) or needs.persons > 1:
        return needs
    uses = min(p.remember_uses or 0 for p in allowed)
    return evolve(needs, remember_uses=uses, remember_for_s=min(p.remember_for_s or 0.0 for p in allowed))


def _matches(policy: ApprovalPolicyConfig, facts: Facts) -> bool:
    if not _is_named(policy.kinds, facts.kind) or not _is_named(policy.targets, facts.target):
        return False
    if not (_is_named(policy.requesters, facts.requester) or _is_named(policy.requesters, facts.person)):
        return False
    if not policy.channels and policy.change_above is None:
        return True
    return any(_is_item(policy, item) for item in facts.items)


def _is_item(policy: ApprovalPolicyConfig, item: ItemFacts) -> bool:
    if not _is_named(policy.channels, item.channel):
        return False
    return policy.change_above is None or item.share is None or item.share > policy.change_above


def _is_named(patterns: Sequence[str], name: str) -> bool:
    return not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)


def unmet(config: ApprovalConfig, needs: Needs, authors: Sequence[str]) -> str:
    """Say why nobody could meet what a request needs now; empty if somebody can."""
    known = {name: person.roles for name, person in config.people.items()}
    people = dict(who_can_show(config) if needs.needs_secret else known)
    if needs.persons > 1:
        people = {name: roles for name, roles in people.items() if name not in authors}
    if needs.needs_secret and len(people) < needs.persons:
        return f"{needs.persons} people with a secret have to approve, and approval.people names {len(people)} who may"
    lacking = _lacking(needs.roles, list(people.values()))
    if lacking:
        return f"the role {lacking} is needed, and too few people of approval.people hold it"
    return ""


def who_can_show(config: ApprovalConfig) -> Mapping[str, Sequence[str]]:
    """Give who can show that it is them, by a secret or at the approval desk's socket: each name with its roles."""
    at_desk = {f"os:{user}" for user in config.desk_users}
    return {
        name: person.roles
        for name, person in config.people.items()
        if person.secret_hash is not None or at_desk.intersection(person.subjects)
    }


def _lacking(wanted: Mapping[str, int], held: Sequence[Sequence[str]]) -> str:
    return next((role for role, count in wanted.items() if sum(role in roles for roles in held) < count), "")
