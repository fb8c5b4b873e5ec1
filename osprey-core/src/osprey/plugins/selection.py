"""Which plugins are blocked, by whom, before anything of them is imported."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from attrs import frozen

from osprey.plugins.options import LoadOptions, PluginSettings
from osprey.plugins.scan import Candidate, normalized
from osprey.plugins.status import Origin


class BlockedBy(StrEnum):
    """Who blocked a plugin. Only the configuration may block one that holds write policies."""

    SAFE_MODE = "safe mode"
    OPTIONS = "options"
    CONFIGURATION = "configuration"


@frozen
class Block:
    """Why one plugin does not load."""

    by: BlockedBy
    reason: str


def block_of(candidate: Candidate, settings: PluginSettings, options: LoadOptions) -> Block | None:
    """Say why `candidate` must not load, or None. Built-ins always load."""
    if candidate.origin is Origin.BUILTIN:
        return None
    # First, because it alone may take write policies out of force, and it does so in safe mode as well.
    if any(candidate.answers_to(name) for name in settings.disable):
        remedy = f"mend with: osprey plugins enable {candidate.name}"
        return Block(BlockedBy.CONFIGURATION, f"disabled by plugins.disable in config.yml; {remedy}")
    if options.safe_mode:
        return Block(BlockedBy.SAFE_MODE, "left out by --safe-mode")
    if any(candidate.answers_to(name) for name in options.disable):
        return Block(BlockedBy.OPTIONS, "disabled by --no-plugin or OSPREY_DISABLE_PLUGINS for this start")
    is_listed = options.allow is None or any(candidate.answers_to(name) for name in options.allow)
    if candidate.origin is Origin.INSTALLED and not is_listed:
        return Block(BlockedBy.OPTIONS, "not named in OSPREY_PLUGINS, the list of plugins to load")
    return None


def name_errors(
    candidates: Sequence[Candidate], remembered: Iterable[str], settings: PluginSettings, options: LoadOptions
) -> tuple[str, ...]:
    """Find names that mean no plugin, each with the closest ones; a typing error must not pass silently.

    :param remembered: further names that are known although nothing of that name is installed.
    """
    if options.safe_mode:
        return ()
    sources: Mapping[str, tuple[str, ...]] = {
        "plugins.disable in config.yml": settings.disable,
        "--no-plugin or OSPREY_DISABLE_PLUGINS": options.disable,
        "OSPREY_PLUGINS": options.allow or (),
    }
    known = [name for c in candidates for name in (c.name, c.distribution) if name]
    known += remembered
    spellings = {normalized(name) for name in known}
    errors: list[str] = []
    for source, names in sources.items():
        for name in names:
            if normalized(name) not in spellings:
                errors.append(f"{source} names {name!r}, and no such plugin is installed{closest(name, known)}")
            elif source != "OSPREY_PLUGINS" and _is_builtin(name, candidates):
                errors.append(f"{source} names {name!r}, which is part of Osprey and cannot be disabled")
    return tuple(errors)


def closest(name: str, known: Iterable[str]) -> str:
    """Give `: did you mean a, b?` for the known names like `name`, else the way to see them all."""
    from difflib import get_close_matches

    near = get_close_matches(name, sorted(set(known)), n=3, cutoff=0.6)
    return f": did you mean {', '.join(near)}?" if near else ": see `osprey plugins list`"


def _is_builtin(name: str, candidates: Sequence[Candidate]) -> bool:
    return any(c.origin is Origin.BUILTIN and c.answers_to(name) for c in candidates)
