"""Take one plugin through its phases, inside a border that nothing of it crosses."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from attrs import frozen

from osprey.plugins.faults import PhaseFault, describe, trace_of
from osprey.plugins.modules import files_imported_since, first_line, import_plugin, source_files
from osprey.plugins.scan import Candidate
from osprey.plugins.selection import Block
from osprey.plugins.status import Origin, Phase, PluginStatus, Status

if TYPE_CHECKING:
    from osprey.registrations import Registration


@frozen(kw_only=True)
class Loaded:
    """What one candidate became."""

    candidate: Candidate
    status: PluginStatus
    declarations: Mapping[str, tuple[Registration, ...]]
    files: frozenset[str] = frozenset()
    """The files that this depends on."""
    block: Block | None = None
    """Who kept it from loading, if anyone did."""
    holds_policies: bool = False
    """It declares write policies, or is taken to."""


class Journey:
    """One plugin on its way through the phases."""

    def __init__(self, candidate: Candidate) -> None:
        self.candidate = candidate
        self.phase = Phase.METADATA
        self.summary = candidate.summary
        self.import_ms: float | None = None
        self.error: BaseException | None = None
        self.declarations: dict[str, tuple[Registration, ...]] = {}

    def run(self, versions: Mapping[str, str], unusable: Mapping[str, PluginStatus], until: Phase) -> PluginStatus:
        """Go as far as `until`, or to the first failure, and say how it ended.

        :param unusable: normalised name -> status of the plugin distributions that cannot be used.
        """
        try:
            self._check_metadata()
            self._check_compatible(versions, unusable)
            if until is not Phase.COMPATIBLE:
                self._import_and_declare()
        except PhaseFault as fault:
            self.error = fault
            return self.status(fault.status, self._with_remedy(fault.reason))
        except (Exception, SystemExit) as exc:  # noqa: BLE001 - the border: a plugin may raise anything
            self.error = exc
            return self.status(Status.BROKEN, self._with_remedy(self._explained(exc)))
        return self.status(Status.OK)

    def status(self, status: Status, reason: str = "") -> PluginStatus:
        """Say how the plugin stands now."""
        candidate = self.candidate
        return PluginStatus(
            name=candidate.name,
            distribution=candidate.distribution,
            version=candidate.version,
            status=status,
            phase=self.phase,
            summary=self.summary,
            origin=candidate.origin,
            requires=candidate.requires,
            reason=reason,
            provides={point: tuple(r.name for r in rs) for point, rs in self.declarations.items()},
            import_ms=self.import_ms,
            trace="" if self.error is None else trace_of(self.error),
        )

    def _check_metadata(self) -> None:
        if self.candidate.problem:
            raise PhaseFault(Status.BROKEN, self.candidate.problem)

    def _check_compatible(self, versions: Mapping[str, str], unusable: Mapping[str, PluginStatus]) -> None:
        self.phase = Phase.COMPATIBLE
        if self.candidate.requires:
            # `packaging` costs as much as the whole rest of a listing, and the core alone does not need it.
            from osprey.plugins.compatibility import check_requirements

            check_requirements(self.candidate, versions, unusable)

    def _import_and_declare(self) -> None:
        from osprey.plugins.declarations import declare, find_hooks

        self.phase = Phase.IMPORT
        started = time.perf_counter()
        module = import_plugin(self.candidate)
        self.import_ms = round((time.perf_counter() - started) * 1000, 3)
        self.summary = first_line(module) or self.summary
        self.phase = Phase.VALIDATE
        hooks = find_hooks(module, self.candidate.name)
        self.phase = Phase.DECLARE
        self.declarations = declare(hooks)

    def _explained(self, exc: BaseException) -> str:
        candidate, told = self.candidate, describe(exc)
        if self.phase is not Phase.IMPORT:
            return f"its hooks failed in phase {self.phase}: {told}"
        if isinstance(exc, SystemExit):
            return f"importing {candidate.module} ended in sys.exit ({told}); a plugin module only declares"
        text = f"importing {candidate.module} raised {told}"
        if isinstance(exc, ModuleNotFoundError) and type(exc.name) is str:
            from osprey.plugins.compatibility import install_hint

            text += f": {install_hint(exc.name, candidate.distribution, candidate.requires)}"
        return text

    def _with_remedy(self, reason: str) -> str:
        name, origin = self.candidate.name, self.candidate.origin
        if self.phase in {Phase.METADATA, Phase.COMPATIBLE} or origin is not Origin.INSTALLED:
            return reason
        return f"{reason}. Details: osprey plugins doctor {name}; without it: osprey plugins disable {name}"


def load_candidate(
    candidate: Candidate, versions: Mapping[str, str], unusable: Mapping[str, PluginStatus], until: Phase
) -> Loaded:
    """Load one plugin as far as `until`; nothing it does is raised here."""
    before = frozenset(sys.modules)
    journey = Journey(candidate)
    files = set(source_files(candidate)) if until is not Phase.COMPATIBLE else set[str]()
    status = journey.run(versions, unusable, until)
    if journey.phase not in {Phase.METADATA, Phase.COMPATIBLE}:
        files |= files_imported_since(before, candidate, journey.error)
    return Loaded(candidate=candidate, status=status, declarations=journey.declarations, files=frozenset(files))


def not_loaded(candidate: Candidate, status: Status, reason: str, block: Block | None = None) -> Loaded:
    """Give the outcome of a plugin that was kept from loading; nothing of it was touched."""
    return Loaded(candidate=candidate, status=Journey(candidate).status(status, reason), declarations={}, block=block)
