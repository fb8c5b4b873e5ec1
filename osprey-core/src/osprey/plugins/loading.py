"""Load every plugin that may load, each after what it needs, and take from all what two of them claim."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from attrs import evolve

from osprey.plugins.conflicts import Claim, colliding_names, find_conflicts, reasons_by_plugin
from osprey.plugins.journey import Loaded, load_candidate, not_loaded
from osprey.plugins.options import LoadOptions, PluginSettings
from osprey.plugins.scan import Candidate, Environment, normalized
from osprey.plugins.selection import block_of
from osprey.plugins.status import Phase, PluginStatus, Status

Conflicts = Mapping[Claim, tuple[PluginStatus, ...]]


def load_all(
    environment: Environment, settings: PluginSettings, options: LoadOptions, until: Phase
) -> tuple[list[Loaded], Conflicts]:
    """Load every candidate that nobody blocked, as far as `until`, and find the conflicts between them."""
    outcomes: dict[Candidate, Loaded] = {}
    for candidate in environment.candidates:
        if (block := block_of(candidate, settings, options)) is not None:
            outcomes[candidate] = not_loaded(candidate, Status.DISABLED, block.reason, block)
    free = [candidate for candidate in environment.candidates if candidate not in outcomes]
    for candidate, reason in colliding_names(free).items():
        outcomes[candidate] = not_loaded(candidate, Status.CONFLICTING, reason)
    for candidate in _in_order_of_need([c for c in free if c not in outcomes]):
        unusable = _unusable(outcomes.values())
        outcomes[candidate] = load_candidate(candidate, environment.versions, unusable, until)
    loaded = [outcomes[candidate] for candidate in environment.candidates]
    conflicts = find_conflicts([outcome.status for outcome in loaded])
    reasons = reasons_by_plugin(conflicts)
    return [_told(outcome, reasons.get(outcome.status.name)) for outcome in loaded], conflicts


def _unusable(outcomes: Iterable[Loaded]) -> dict[str, PluginStatus]:
    return {
        normalized(outcome.candidate.distribution): outcome.status
        for outcome in outcomes
        if outcome.status.status is not Status.OK and outcome.candidate.distribution
    }


def _told(outcome: Loaded, reason: str | None) -> Loaded:
    if reason is None or outcome.status.status is not Status.OK:
        return outcome
    return evolve(outcome, status=evolve(outcome.status, status=Status.CONFLICTING, reason=reason))


def _in_order_of_need(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Sort so that a plugin comes after the plugins that it requires; a circle is broken anywhere."""
    by_distribution = {normalized(c.distribution): c for c in candidates}
    ordered: dict[Candidate, None] = {}
    visiting: set[Candidate] = set()

    def visit(candidate: Candidate) -> None:
        if candidate in ordered or candidate in visiting:
            return
        visiting.add(candidate)
        for line in candidate.requires:
            name = re.match(r"[\w.-]+", line)
            needed = by_distribution.get(normalized(name[0])) if name is not None else None
            if needed is not None:
                visit(needed)
        ordered[candidate] = None

    for candidate in candidates:
        visit(candidate)
    return list(ordered)
