"""Whether anything may be written to this target at all."""

from __future__ import annotations

from osprey.config.schema import Posture
from osprey.control.guard.checks.case import Case, Scene, refuse


def check_posture(case: Case, scene: Scene) -> Case:
    """Refuse on a target that is not opened for writes, and while a policy plugin is withheld.

    A facility's rules that could not be loaded are not rules that allow.
    """
    config = scene.config
    if scene.withheld_policies:
        names = ", ".join(scene.withheld_policies)
        refuse("policy.withheld", f"the write policies of {names} are not loaded; enable the plugin to write")
    if config.posture is Posture.READ_ONLY:
        refuse(
            "posture.read_only",
            f"target {config.name!r} is read-only (`control_system.targets.{config.name}.posture`)",
        )
    if config.posture is Posture.SIMULATION and not scene.simulated:
        refuse(
            "posture.simulation",
            f"target {config.name!r} has posture 'simulation' but reaches a real machine",
        )
    if config.writes_enabled is not True:
        refuse(
            "posture.writes_disabled",
            f"writes to target {config.name!r} are off; who answers for the machine opens them in config.yml "
            f"with `control_system.targets.{config.name}.writes_enabled: true`",
        )
    return case
