"""One survey of all plugins: who is there, who loads, what is withheld, and what forbids the start."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from attrs import evolve, frozen

from osprey.plugins.journey import Loaded, not_loaded
from osprey.plugins.loading import Conflicts, load_all
from osprey.plugins.options import LoadOptions, PluginSettings
from osprey.plugins.points import WRITE_POLICIES
from osprey.plugins.policies import Remembered, recall_policies, remember_policies, speaks_of_policies
from osprey.plugins.requirements import Unmet, unmet_requirements
from osprey.plugins.scan import Candidate, Environment, normalized, scan
from osprey.plugins.selection import BlockedBy, block_of, name_errors
from osprey.plugins.status import Origin, Phase, PluginStatus, Status


@frozen(kw_only=True)
class Survey:
    """All plugins of one start. It is a report: whether Osprey may start is decided by who asks for it."""

    loaded: tuple[Loaded, ...]
    conflicts: Conflicts
    name_errors: tuple[str, ...]
    """Names in the configuration, the environment or the flags that mean no plugin."""
    refusals: tuple[str, ...]
    """Why Osprey must not start: unmet requirements, and policy plugins that cannot be used."""
    policies_withheld: tuple[str, ...]
    """Plugins whose write policies are not in force although no configuration says so."""
    policies_disabled: tuple[str, ...]
    """Policy plugins that the configuration itself disables."""
    folders: tuple[str, ...]
    """The folders that were searched."""

    @property
    def plugins(self) -> tuple[PluginStatus, ...]:
        """How every plugin stands."""
        return tuple(outcome.status for outcome in self.loaded)


def survey(settings: PluginSettings, options: LoadOptions, *, until: Phase = Phase.DECLARE) -> Survey:
    """Look at every plugin, each in isolation; nothing a plugin does is raised here.

    :param until: `Phase.COMPATIBLE` reads metadata only and imports nothing.
    """
    environment = scan(sys.path, options.local)
    known = recall_policies(environment)
    loaded, conflicts = load_all(environment, settings, options, until)
    loaded += _gone(environment, known, settings, options)
    loaded = [evolve(outcome, holds_policies=_holds_policies(outcome, known)) for outcome in loaded]
    if until is Phase.DECLARE:
        remember_policies(environment, _asked(loaded), known)
    unmet = unmet_requirements(settings.require, loaded)
    loaded += [_absent(requirement) for requirement in unmet if requirement.is_absent]
    withheld = [outcome for outcome in loaded if _is_withheld(outcome)]
    return Survey(
        loaded=tuple(loaded),
        conflicts=conflicts,
        name_errors=name_errors(environment.candidates, _names(known), settings, options),
        refusals=_refusals(loaded, withheld, unmet, options),
        policies_withheld=tuple(outcome.status.name for outcome in withheld),
        policies_disabled=tuple(o.status.name for o in loaded if o.holds_policies and _by_configuration(o)),
        folders=environment.folders,
    )


def _gone(
    environment: Environment, known: Mapping[str, Remembered], settings: PluginSettings, options: LoadOptions
) -> list[Loaded]:
    """Give the policy plugins that are remembered and no longer found."""
    present = {normalized(candidate.distribution) for candidate in environment.candidates}
    return [_missing(known[name], settings, options) for name in sorted(known.keys() - present)]


def _missing(plugin: Remembered, settings: PluginSettings, options: LoadOptions) -> Loaded:
    candidate = Candidate(name=plugin.name, distribution=plugin.distribution, version=plugin.version, module="")
    block = block_of(candidate, settings, options)
    if block is not None:
        return not_loaded(candidate, Status.DISABLED, block.reason, block)
    reason = (
        f"it declared the write policies {', '.join(plugin.policies)} and is no longer installed: "
        f"pip install {plugin.distribution}, or record that it is gone: osprey plugins disable {plugin.name}"
    )
    return not_loaded(candidate, Status.MISSING, reason)


def _absent(requirement: Unmet) -> Loaded:
    candidate = Candidate(name=requirement.name, distribution=requirement.name, version="", module="")
    # What it would have declared is not known, so it counts as holding policies.
    return evolve(not_loaded(candidate, Status.MISSING, requirement.reason), holds_policies=True)


def _holds_policies(outcome: Loaded, known: Mapping[str, Remembered]) -> bool:
    if WRITE_POLICIES in outcome.declarations:
        return True
    candidate = outcome.candidate
    if outcome.status.status is Status.OK or candidate.origin is Origin.BUILTIN:
        return False
    return normalized(candidate.distribution) in known or speaks_of_policies(candidate)


def _asked(loaded: Sequence[Loaded]) -> dict[Candidate, tuple[str, ...]]:
    """Give the write policies of every installed plugin that came through all phases."""
    return {
        outcome.candidate: outcome.status.provides.get(WRITE_POLICIES, ())
        for outcome in loaded
        if outcome.status.status is Status.OK and outcome.candidate.origin is Origin.INSTALLED
    }


def _by_configuration(outcome: Loaded) -> bool:
    return outcome.block is not None and outcome.block.by is BlockedBy.CONFIGURATION


def _is_withheld(outcome: Loaded) -> bool:
    return outcome.holds_policies and outcome.status.status is not Status.OK and not _by_configuration(outcome)


def _refusals(
    loaded: Sequence[Loaded], withheld: Sequence[Loaded], unmet: Sequence[Unmet], options: LoadOptions
) -> tuple[str, ...]:
    core = [o for o in loaded if o.candidate.origin is Origin.BUILTIN and o.status.status is not Status.OK]
    refusals = [
        f"{o.candidate.label} is {o.status.status}: {o.status.reason}; install osprey-core again"
        for o in core
        if o.status.status is not Status.CONFLICTING
    ]
    if options.safe_mode:
        return tuple(refusals)
    refusals += [requirement.reason for requirement in unmet]
    told = {requirement.name for requirement in unmet}
    refusals += [_refusal(outcome) for outcome in withheld if outcome.status.name not in told]
    return tuple(refusals)


def _refusal(outcome: Loaded) -> str:
    label, status = outcome.candidate.label, outcome.status
    if outcome.block is not None:
        return (
            f"{label} holds write policies and is {outcome.block.reason}; only plugins.disable in config.yml "
            "may leave out rules that every write must pass"
        )
    return f"{label} holds write policies and is {status.status}: {status.reason}"


def _names(known: Mapping[str, Remembered]) -> list[str]:
    return [name for plugin in known.values() for name in (plugin.name, plugin.distribution)]
