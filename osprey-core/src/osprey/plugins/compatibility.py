"""Are a plugin's requirements met? Answered from metadata, before anything of it is imported.

Installers check this too, but overrides, conda and editable installs go around them, and the answer after a
failed import is a traceback instead of a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion

from osprey.plugins.faults import PhaseFault
from osprey.plugins.scan import CORE_DISTRIBUTION, Candidate, normalized
from osprey.plugins.status import PluginStatus, Status


def check_requirements(candidate: Candidate, versions: Mapping[str, str], unusable: Mapping[str, PluginStatus]) -> None:
    """Check every requirement of `candidate` that holds on this machine.

    :param versions: normalised name -> version of what is installed.
    :param unusable: normalised name -> status of the plugin distributions that cannot be used.
    :raises PhaseFault: one is not met: missing, or of a version that does not fit.
    """
    for line in candidate.requires:
        requirement = _parsed(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            _check(requirement, versions, unusable)


def _parsed(line: str) -> Requirement:
    try:
        return Requirement(line)
    except InvalidRequirement as exc:
        reason = f"its metadata states a requirement that cannot be read, {line!r}: ask its author to correct it"
        raise PhaseFault(Status.BROKEN, reason) from exc


def _check(requirement: Requirement, versions: Mapping[str, str], unusable: Mapping[str, PluginStatus]) -> None:
    name = normalized(requirement.name)
    version = installed_version(name, versions)
    wanted = f"{requirement.name}{requirement.specifier}"
    if version is None:
        reason = f"needs {wanted}, which is not installed: pip install '{wanted}'"
        raise PhaseFault(Status.MISSING, reason)
    if not fits(requirement, version):
        reason = f"needs {wanted}, have {version}: pip install '{wanted}'"
        if name == CORE_DISTRIBUTION:
            reason += ", or another version of the plugin"
        raise PhaseFault(Status.INCOMPATIBLE, reason)
    if (other := unusable.get(name)) is not None:
        cause = f" ({other.reason})" if other.reason else ""
        raise PhaseFault(Status.MISSING, f"needs {requirement.name}, which is {other.status}{cause}")


def fits(requirement: Requirement, version: str) -> bool:
    """Tell whether an installed version satisfies a requirement; pre-releases that are installed count."""
    try:
        return requirement.specifier.contains(version, prereleases=True)
    except InvalidVersion:
        return not requirement.specifier


def installed_version(name: str, versions: Mapping[str, str]) -> str | None:
    """Give the installed version of a distribution, also of one that has no `dist-info` folder."""
    if name in versions:
        return versions[name]
    # Distributions of the system's own package manager, or behind an import hook.
    from importlib import metadata

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def install_hint(module: str, distribution: str, requires: tuple[str, ...]) -> str:
    """Say how to get a module that an implementation needs.

    Only names that the plugin's own metadata states are offered: what `pip install MODULE` would bring may be
    something else entirely.
    """
    top = normalized(module.partition(".")[0])
    for line in requires:
        name = re.match(r"[\w.-]+", line)
        if name is None or normalized(name[0]).removeprefix("py") != top.removeprefix("py"):
            continue
        extra = re.search(r"extra\s*==\s*['\"]([\w.-]+)['\"]", line)
        if extra is not None:
            return f"pip install '{distribution}[{extra[1]}]'"
        return f"pip install '{line.partition(';')[0].strip()}'"
    if distribution:
        return f"install what provides it; pip install --upgrade {distribution} brings all it requires"
    return "install what provides it"
