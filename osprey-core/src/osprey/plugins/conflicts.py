"""Names that two plugins claim: neither gets one, and both are told how to end it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from osprey.plugins.points import noun
from osprey.plugins.scan import Candidate, normalized
from osprey.plugins.status import PluginStatus, Status

Claim = tuple[str, str]
"""Extension point and name."""


def colliding_names(candidates: Iterable[Candidate]) -> dict[Candidate, str]:
    """Find plugins of one name, before any is imported, and say to each what it collides with.

    The built-in ones keep their names: they are what the remedy is typed into.
    """
    by_name: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        by_name.setdefault(normalized(candidate.name), []).append(candidate)
    reasons: dict[Candidate, str] = {}
    for group in by_name.values():
        for candidate in group:
            others = [other for other in group if other is not candidate]
            if others and candidate.origin != "builtin":
                names = " and ".join(other.label for other in others)
                reasons[candidate] = (
                    f"{candidate.label} has the same name as {names}: {_keep_one([candidate, *others])}"
                )
    return reasons


def _keep_one(candidates: Sequence[Candidate]) -> str:
    names = [c.distribution for c in candidates if c.distribution and c.origin != "builtin"]
    return f"keep one, with osprey plugins disable {' or '.join(sorted(names))}" if names else "rename the file"


def find_conflicts(provides: Sequence[PluginStatus]) -> dict[Claim, tuple[PluginStatus, ...]]:
    """Find every name that more than one usable plugin declares in one extension point."""
    claims: dict[Claim, list[PluginStatus]] = {}
    for status in provides:
        if status.status in {Status.OK, Status.CONFLICTING}:
            for point, names in status.provides.items():
                for name in names:
                    claims.setdefault((point, name), []).append(status)
    return {claim: tuple(owners) for claim, owners in claims.items() if len(owners) > 1}


def tell_conflict(claim: Claim, owners: Iterable[PluginStatus]) -> str:
    """Say who claims a name and how to give it to one of them."""
    point, name = claim
    named = [f"{o.name} ({o.distribution or 'a local file'} {o.version})".replace(" )", ")") for o in owners]
    removable = " or ".join(o.name for o in owners if o.origin != "builtin")
    return (
        f"{noun(point)} {name!r} is declared by {' and by '.join(named)}, so neither is used: "
        f"keep one, with osprey plugins disable {removable}"
    )


def reasons_by_plugin(conflicts: Mapping[Claim, tuple[PluginStatus, ...]]) -> dict[str, str]:
    """Give, by plugin name, every conflict that the plugin is part of."""
    reasons: dict[str, list[str]] = {}
    for claim, owners in conflicts.items():
        for owner in owners:
            reasons.setdefault(owner.name, []).append(tell_conflict(claim, owners))
    return {name: "; ".join(told) for name, told in reasons.items()}
