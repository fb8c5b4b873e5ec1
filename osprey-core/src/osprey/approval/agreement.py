"""What a request needs, and who could still give it, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from osprey.approval.rules import who_can_show

if TYPE_CHECKING:
    from osprey.config import ApprovalConfig
    from osprey.journal import DecisionRow, Needs, RequestRow


def told_of_needs(needs: Needs) -> str:
    """Say how many people have to approve, how they are known, and the roles among them."""
    if needs.persons > 1:
        told = f"{needs.persons} people, each by a secret, none of whom asked for it or edited it"
    else:
        told = "one person, by a secret" if needs.needs_secret else "one person"
    roles = " and ".join(f"{count} with the role {role}" for role, count in sorted(needs.roles.items()) if count)
    return f"{told}; {roles}" if roles else told


def told_of_missing(config: ApprovalConfig, row: RequestRow, given: Sequence[DecisionRow]) -> str:
    """Say how many people are still missing, who they could be, and the roles that nobody has brought yet."""
    voted, wanted = {vote.person for vote in given}, _missing_roles(row.needs, given)
    places = row.needs.persons - len(voted)
    if places <= 0 and not wanted:
        return ""
    more = "more " if voted else ""
    told = f"{places} {more}people" if places > 1 else f"one {more}person"
    names = sorted(_who_may(config, row, voted, wanted))
    told += f" ({', '.join(names)})" if names else ""
    return f"{told}; still needed: {', '.join(sorted(wanted))}" if wanted else told


def _missing_roles(needs: Needs, given: Sequence[DecisionRow]) -> Mapping[str, int]:
    held = {role: len({vote.person for vote in given if role in vote.roles}) for role in needs.roles}
    return {role: count - held[role] for role, count in needs.roles.items() if count > held[role]}


def _who_may(config: ApprovalConfig, row: RequestRow, voted: set[str], wanted: Mapping[str, int]) -> Iterable[str]:
    needs, showing = row.needs, who_can_show(config)
    # While there is a place beyond those that the roles take, anybody may have it.
    is_free = not wanted or needs.persons - len(voted) > max(wanted.values())
    for name, person in config.people.items():
        is_apart = needs.persons == 1 or name not in row.authors
        can_show = not needs.needs_secret or name in showing
        if name not in voted and is_apart and can_show and (is_free or any(role in wanted for role in person.roles)):
            yield name
