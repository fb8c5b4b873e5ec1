"""Where the ring of the current project keeps its history: for commands that are not told by `--state`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from osprey.api import UsageError
from osprey_sim.settings import SimSettings

if TYPE_CHECKING:
    from osprey.api import Project

CONNECTOR = "sim"


def ring_of_project(target: str | None) -> tuple[Path, SimSettings]:
    """Give the state file and the settings of a target of connector `sim`.

    :param target: None: the default target, or else the only simulated one.
    :raises UsageError: there is no such target; the message names the remedy.
    """
    # Imported here: commands with `--state` need no project, and a connector never needs this.
    from osprey.api import cli_project, structure_settings

    project = cli_project(needs_plugins=False)
    name = _target_name(project, target)
    section = project.config.control_system.targets[name].settings
    settings: SimSettings = structure_settings(SimSettings, section, f"control_system.connector.{CONNECTOR}")
    return settings.state_file(project.target_dir(name)), settings


def _target_name(project: Project, asked: str | None) -> str:
    system = project.config.control_system
    rings = [name for name, target in system.targets.items() if target.connector == CONNECTOR]
    if asked is not None:
        if asked in rings:
            return asked
        msg = f"target {asked!r} is no simulated ring; those are: {', '.join(rings) or 'none'}"
        raise UsageError(msg)
    if system.default_target in rings:
        return system.default_target
    if len(rings) == 1:
        return rings[0]
    which = f"name one of {', '.join(rings)} with --target" if rings else "name a file with --state"
    msg = f"this project has {len(rings)} targets of connector 'sim': {which}"
    raise UsageError(msg)
