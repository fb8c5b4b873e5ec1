"""What `osprey plugins doctor` finds, and how it tells it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from attrs import evolve, frozen

from osprey.cli.plugin_view import shown
from osprey.plugins.cache import cache_folder
from osprey.plugins.conflicts import find_conflicts, reasons_by_plugin
from osprey.plugins.options import LoadOptions, PluginSettings
from osprey.plugins.probe import probe_plugin
from osprey.plugins.registry import find_plugin
from osprey.plugins.scan import CORE_DISTRIBUTION, scan
from osprey.plugins.status import Phase, PluginStatus, Status
from osprey.plugins.surveying import Survey, survey


@frozen(kw_only=True)
class Patient:
    """One plugin as the doctor finds it."""

    status: PluginStatus
    unresolved: tuple[str, ...] = ()
    """What its registrations name and the probe could not load."""


@frozen(kw_only=True)
class Checkup:
    """All that the doctor finds."""

    patients: tuple[Patient, ...]
    problems: tuple[str, ...]
    """What is wrong with the start as a whole: unmet requirements, names that mean nothing."""
    notes: tuple[str, ...]

    @property
    def is_healthy(self) -> bool:
        """True if there is nothing to mend."""
        return not self.problems and not any(p.status.is_bad or p.unresolved for p in self.patients)

    def to_json(self) -> dict[str, Any]:
        """Give what scripts read."""
        rows = [shown(p.status) | {"trace": p.status.trace, "unresolved": list(p.unresolved)} for p in self.patients]
        return {
            "healthy": self.is_healthy,
            "plugins": rows,
            "problems": list(self.problems),
            "notes": list(self.notes),
            "python": sys.version.split()[0],
            "prefix": sys.prefix,
            "core": scan(sys.path).versions[CORE_DISTRIBUTION],
            "cache": cache_folder(),
        }


def check_up(settings: PluginSettings, options: LoadOptions, name: str | None, *, timeout_s: float | None) -> Checkup:
    """Look at all plugins, or at one.

    :param timeout_s: how long the probe of a plugin may take; None: load them here and resolve nothing.
    :raises PluginError: `name` is given and no plugin has it.
    """
    found = survey(settings, options, until=Phase.DECLARE if timeout_s is None else Phase.COMPATIBLE)
    chosen = found.plugins if name is None else (find_plugin(found.plugins, name),)
    if timeout_s is None:
        patients = [Patient(status=status) for status in chosen]
    else:
        patients = _probed(found, options, chosen, timeout_s)
    problems = found.name_errors + found.refusals if name is None else ()
    disabled = [
        f"config.yml disables {n!r}; the write policies it holds are NOT in force" for n in found.policies_disabled
    ]
    return Checkup(patients=tuple(patients), problems=problems, notes=tuple(disabled))


def _probed(found: Survey, options: LoadOptions, chosen: Sequence[PluginStatus], timeout_s: float) -> list[Patient]:
    patients: list[Patient] = []
    for outcome in found.loaded:
        if outcome.status not in chosen:
            continue
        if outcome.status.status is not Status.OK:
            patients.append(Patient(status=outcome.status))
            continue
        result = probe_plugin(outcome.candidate, timeout_s=timeout_s)
        patients.append(Patient(status=result.status, unresolved=result.unresolved))
    reasons = reasons_by_plugin(find_conflicts([patient.status for patient in patients]))
    return [_told(patient, reasons.get(patient.status.name)) for patient in patients]


def _told(patient: Patient, reason: str | None) -> Patient:
    if reason is None:
        return patient
    return evolve(patient, status=evolve(patient.status, status=Status.CONFLICTING, reason=reason))


def checkup_text(checkup: Checkup) -> str:
    """Lay out what the doctor finds for people, the worst detail last."""
    parts = [*(f"problem: {text}" for text in checkup.problems), *(f"note: {text}" for text in checkup.notes)]
    for patient in checkup.patients:
        parts += _patient_text(patient)
    parts.append("all is well" if checkup.is_healthy else "see above for what to mend")
    return "\n".join(parts)


def _patient_text(patient: Patient) -> list[str]:
    status = patient.status
    head = f"{status.name}: {status.status}" + (f" in phase {status.phase}" if status.is_bad else "")
    lines = [head + (f": {status.reason}" if status.reason else "")]
    lines += [f"  {text}" for text in patient.unresolved]
    lines += [f"  | {line}" for line in status.trace.splitlines()]
    return lines
