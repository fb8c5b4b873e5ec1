"""Whether the people and policies of `approval` fit together: what cannot be, and what nobody could ever meet."""

from __future__ import annotations

from collections.abc import Iterator

from osprey.config.approval import ApprovalPolicyConfig
from osprey.config.layout import ApprovalLayout


def contradictions(layout: ApprovalLayout) -> Iterator[tuple[str, str]]:
    """Give what is wrong, each as the path of its key and a sentence."""
    owner: dict[str, str] = {}
    for name, person in layout.people.items():
        path = f"approval.people.{name}"
        for subject in person.subjects:
            if subject in owner:
                told = f"{subject!r} is also a subject of {owner[subject]!r}; a subject is one person"
                yield f"{path}.subjects", told
            owner.setdefault(subject, name)
    for name, policy in layout.policies.items():
        path = f"approval.policies.{name}"
        for role, count in policy.roles.items():
            if count < 1:
                yield f"{path}.roles.{role}", f"expected a whole number greater than 0, not {count}"
        if (policy.remember_uses is None) is not (policy.remember_for_s is None):
            yield path, "remember_uses and remember_for_s belong together: a decision is remembered within both"
        if policy.remember_uses is not None and (policy.persons or 1) > 1:
            yield f"{path}.remember_uses", "a decision of several people is never remembered: remove it, or persons"


def unmeetable(layout: ApprovalLayout) -> Iterator[tuple[str, str]]:
    """Give the policies that nobody can meet as things are, each as its path and a sentence."""
    for name, policy in layout.policies.items():
        path = f"approval.policies.{name}"
        for role, count in policy.roles.items():
            holders = [person for person, about in layout.people.items() if role in about.roles]
            if len(holders) < count:
                yield f"{path}.roles.{role}", f"{count} people with role {role!r} are needed, {len(holders)} hold it"
        if _needs_secret(policy) and not layout.desk_users:
            able = [name for name, person in layout.people.items() if person.secret_hash is not None]
            wanted = policy.persons or 1
            if len(able) < wanted:
                told = f"{wanted} people with a secret_hash are needed, {len(able)} have one (or set desk_users)"
                yield path, told


def _needs_secret(policy: ApprovalPolicyConfig) -> bool:
    return policy.authenticated or (policy.persons or 1) > 1
