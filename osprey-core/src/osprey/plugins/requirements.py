"""`plugins.require`: what a facility insists on before anything starts."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from osprey.plugins.journey import Loaded
from osprey.plugins.status import Status


@frozen
class Unmet:
    """One requirement of the configuration that is not met."""

    name: str
    reason: str
    is_absent: bool = False
    """No plugin of that name is there at all, so nobody knows what it would have declared."""


def unmet_requirements(require: Sequence[str], loaded: Sequence[Loaded]) -> list[Unmet]:
    """Find the requirements of `plugins.require` that no usable plugin meets, each with the remedy."""
    return [unmet for text in require if (unmet := _unmet(text, loaded)) is not None]


def _unmet(text: str, loaded: Sequence[Loaded]) -> Unmet | None:
    # `packaging` is worth its price only to those who require something.
    from packaging.requirements import InvalidRequirement, Requirement

    from osprey.plugins.compatibility import fits

    try:
        requirement = Requirement(text)
    except InvalidRequirement as exc:
        first = str(exc).partition("\n")[0]
        return Unmet(text, f"plugins.require: {text!r} cannot be read ({first}): write it as 'osprey-epics>=0.1'")
    if requirement.extras or requirement.url:
        return Unmet(text, f"plugins.require: {text!r}: write a name and a range of versions only")
    if requirement.marker is not None and not requirement.marker.evaluate():
        return None
    found = [outcome for outcome in loaded if outcome.candidate.answers_to(requirement.name)]
    if not found:
        reason = f"plugins.require asks for {text}, which is not installed as a plugin: pip install '{text}'"
        return Unmet(requirement.name, reason, is_absent=True)
    for outcome in found:
        candidate, status = outcome.candidate, outcome.status
        if not fits(requirement, candidate.version):
            wanted = f"{candidate.distribution}{requirement.specifier}"
            reason = f"plugins.require asks for {text}, have {candidate.version}: pip install '{wanted}'"
            return Unmet(candidate.name, reason)
        if status.status is not Status.OK:
            reason = f"plugins.require asks for {text}, and {candidate.label} is {status.status}: {status.reason}"
            return Unmet(candidate.name, reason)
    return None
