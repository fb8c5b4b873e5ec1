"""One survey of all plugins: who is there, who loads, what is withheld, and what forbids the start."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence

from attrs import evolve, frozen

from osprey.plugins.conflicts import Claim, colliding_names, find_conflicts, reasons_by_plugin
from osprey.plugins.loading import Loaded, load_candidate, not_loaded
from osprey.plugins.options import LoadOptions, PluginSettings
from osprey.plugins.points import WRITE_POLICIES
from osprey.plugins.policies import Remembered, recall_policies, remember_policies, speaks_of_policies
from osprey.plugins.requirements import unmet_requirements
from osprey.plugins.scan import Candidate, Environment, normalized, scan
from osprey.plugins.selection import Block, BlockedBy, block_of, name_errors
from osprey.plugins.status import Origin, Phase, PluginStatus, Status


@frozen(kw_only=True)
class Survey:
    """All plugins of one start. It is a report: whether Osprey may start is decided by who asks for it."""

    plugins: tuple[PluginStatus, ...]
    loaded: tuple[Loaded, ...]
    conflicts: Mapping[Claim, tuple[PluginStatus, ...]]
    name_errors: tuple[str, ...]
    """Names in the configuration, the environment or the flags that mean no plugin."""
    refusals: tuple[str, ...]
    """Why Osprey must not start: unmet requirements, and policy plugins that cannot be used."""
    policies_withheld: tuple[str, ...]
    """Plugins whose write policies are not in force although nobody took them out of the configuration."""
    policies_disabled: tuple[str, ...]
    """Policy plugins that the configuration itself disables."""
    files: frozenset[str]
    """What the answers depend on, beside the folders on the path."""


def survey(settings: PluginSettings, options: LoadOptions, *, until: Phase = Phase.DECLARE) -> Survey:
    """Look at every plugin, in isolation, as far as the phase `until`; nothing a plugin does is raised.

    :param until: `Phase.COMPATIBLE` reads metadata only and imports nothing.
    """
    environment = scan(sys.path, options.local)
    known = recall_policies(environment)
    blocks = _blocks(environment, settings, options)
    loaded = _load_all(environment, blocks, until)
    conflicts = find_conflicts([outcome.status for outcome in loaded])
    loaded = _with_conflicts(loaded, conflicts)
    loaded = [evolve(outcome, holds_policies=_holds_policies(outcome, known)) for outcome in loaded]
    if until is Phase.DECLARE and not options.safe_mode:
        remember_policies(environment, _found_policies(loaded), known)
    gone = _gone(environment, known, settings)
    unmet = unmet_requirements(environment, [outcome.status for outcome in loaded], settings.require)
    withheld, disabled = _policies(loaded, blocks, gone)
    if options.safe_mode:
        withheld += [name for name, status, _ in unmet if status is not None and name not in withheld]
    rows = [outcome.status for outcome in loaded] + [status for _, status in gone.values()]
    rows += [status for _, status, _ in unmet if status is not None and status.name not in {r.name for r in rows}]
    refusals = [told for _, _, told in unmet] + [_refusal(name, rows) for name in withheld]
    return Survey(
        plugins=tuple(rows),
        loaded=tuple(loaded),
        conflicts=conflicts,
        name_errors=name_errors(environment.candidates, _names(known.values()), settings, options),
        refusals=() if options.safe_mode else tuple(dict.fromkeys(refusals)),
        policies_withheld=tuple(withheld),
        policies_disabled=tuple(disabled),
        files=_files(loaded),
    )
