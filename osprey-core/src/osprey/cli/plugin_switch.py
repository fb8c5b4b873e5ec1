"""Write into `config.yml` which plugins are left out, and leave the rest of the file as it is."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from attrs import frozen

from osprey.cli.config_document import ConfigDocument
from osprey.config import find_project_dir
from osprey.errors import PluginError, UsageError
from osprey.plugins.policies import recall_policies, speaks_of_policies
from osprey.plugins.scan import Candidate, normalized, scan
from osprey.plugins.selection import closest
from osprey.plugins.status import Origin


@frozen(kw_only=True)
class Switched:
    """What was written."""

    name: str
    disabled: bool
    changed: bool
    file: Path
    holds_policies: bool

    def to_json(self) -> dict[str, Any]:
        """Give what scripts read."""
        return {"name": self.name, "disabled": self.disabled, "changed": self.changed, "file": str(self.file)}


def switch_plugin(start: Path | None, name: str, *, disable: bool) -> Switched:
    """Put a plugin into `plugins.disable` of the project's `config.yml`, or take it out.

    :raises PluginError: no plugin has this name, or it is part of Osprey.
    :raises ConfigError: the file is no YAML mapping, or its `plugins` section has another shape.
    """
    file = find_project_dir(start, environ=os.environ) / "config.yml"
    document = ConfigDocument(file)
    plugin = _known_plugin(name)
    spellings = {normalized(name)}
    if plugin is not None:
        spellings |= {normalized(plugin.name), normalized(plugin.distribution)}
    elif disable or not document.names(spellings):  # what is in the list by mistake can be taken out
        raise PluginError(f"no plugin is called {name!r}{closest(name, _spellings())}")
    if disable and plugin is not None and plugin.origin is Origin.BUILTIN:
        raise UsageError(f"{plugin.name!r} is part of Osprey and cannot be disabled")
    written = plugin.name if plugin is not None else name
    changed = document.add(written, spellings) if disable else document.remove(spellings)
    if changed:
        document.save()
    return Switched(
        name=written,
        disabled=disable,
        changed=changed,
        file=file,
        holds_policies=plugin is not None and _holds_policies(plugin),
    )


def _known_plugin(name: str) -> Candidate | None:
    environment = scan(sys.path)
    for candidate in environment.candidates:
        if candidate.answers_to(name):
            return candidate
    for gone in recall_policies(environment).values():
        candidate = Candidate(name=gone.name, distribution=gone.distribution, version=gone.version, module="")
        if candidate.answers_to(name):
            return candidate
    return None


def _spellings() -> list[str]:
    return [spelling for c in scan(sys.path).candidates for spelling in (c.name, c.distribution)]


def _holds_policies(plugin: Candidate) -> bool:
    return normalized(plugin.distribution) in recall_policies(scan(sys.path)) or speaks_of_policies(plugin)
