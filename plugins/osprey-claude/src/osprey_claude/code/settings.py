"""How Claude Code is asked: inline in the configuration, and in a file of its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from attrs import evolve, field, frozen
from attrs.validators import gt, optional

from osprey.api import ConfigError, structure_settings

WHERE: Final = "execution.generators.claude_code"
MODEL: Final = "claude-haiku-4-5-20251001"


@frozen(kw_only=True)
class Profile:
    """How much work goes into a program."""

    phases: tuple[str, ...]
    """What is asked one after the other; the program stands in the answer to the last."""
    model_id: str | None = None
    """None: that of the generator."""
    max_turns: int = field(default=10, validator=gt(0))
    """Answers of the model in one phase, each of which may look at files."""
    max_budget_usd: float = field(default=0.5, validator=gt(0.0))
    """What one program may cost, by the estimate of Claude Code."""
    timeout_s: float = field(default=180.0, validator=gt(0.0))
    """How long one program may take."""


PROFILES: Final[Mapping[str, Profile]] = {
    "fast": Profile(phases=("write",)),
    "balanced": Profile(phases=("plan", "write"), max_budget_usd=1.0, timeout_s=300.0),
    "robust": Profile(phases=("scan", "plan", "write"), max_turns=20, max_budget_usd=2.0, timeout_s=600.0),
}
OWN_PHASES: Final = ("scan", "plan", "write")


@frozen(kw_only=True)
class Guidance:
    """A part of the facility's own code to learn from."""

    directories: tuple[Path, ...] = ()
    """Folders of programs; Claude Code reads copies of their Python and Markdown files."""
    guidance: str = ""
    """What to know of them."""


@frozen(kw_only=True)
class ClaudeFile:
    """The file that `claude_config_path` names."""

    model_id: str | None = None
    profiles: Mapping[str, Profile] = field(factory=dict[str, Profile])
    """More profiles, or others in the place of those that there are."""
    phases: Mapping[str, str] = field(factory=dict[str, str])
    """What a phase asks: more phases, or other words for those that there are."""
    codebase_guidance: Mapping[str, Guidance] = field(factory=dict[str, Guidance])
    system_prompt: str | None = None
    """What is said ahead of the rules."""
    system_prompt_extensions: tuple[str, ...] = ()
    """What is said after them."""


@frozen(kw_only=True)
class ClaudeSettings:
    """`execution.generators.claude_code`."""

    profile: str = "fast"
    """How much work goes into a program: `fast`, `balanced`, `robust`, or a profile of the file."""
    claude_config_path: Path | None = None
    """A file with more; a path from the project's folder. What stands here goes before it."""
    provider: str = "anthropic"
    """The entry of `api.providers` with key, headers and, for a gateway, address."""
    model_id: str | None = None
    """None: that of the profile or of the file."""
    max_turns: int | None = field(default=None, validator=optional(gt(0)))
    """Instead of the profile's."""
    max_budget_usd: float | None = field(default=None, validator=optional(gt(0.0)))
    """Instead of the profile's."""
    timeout_s: float | None = field(default=None, validator=optional(gt(0.0)))
    """Instead of the profile's."""
    experimental_betas: bool = False
    """Let Claude Code ask for features that gateways often do not know."""


@frozen(kw_only=True)
class Way:
    """How one program is asked for, with everything said that a setting or the file leaves open."""

    profile: Profile
    model_id: str
    provider: str
    file: ClaudeFile
    experimental_betas: bool


def settings_from(model_config: ClaudeSettings | Mapping[str, Any] | None) -> ClaudeSettings:
    """Give the settings that a generator was built with; a mapping may be shared with other generators.

    :raises ConfigError: a setting is not what it has to be.
    """
    if isinstance(model_config, ClaudeSettings):
        return model_config
    known = set(ClaudeSettings.__annotations__)
    ours = {key: value for key, value in (model_config or {}).items() if key in known}
    return structure_settings(ClaudeSettings, ours, WHERE)


def way_of(settings: ClaudeSettings, file: ClaudeFile) -> Way:
    """Put together what settings and file say; an inline setting goes before the file.

    :raises ConfigError: the profile, or a phase of it, does not exist.
    """
    profiles = {**PROFILES, **file.profiles}
    if settings.profile not in profiles:
        msg = f"{WHERE}.profile: there is no profile {settings.profile!r}; there are {', '.join(profiles)}"
        raise ConfigError(msg)
    profile = profiles[settings.profile]
    known = {*OWN_PHASES, *file.phases}
    if not profile.phases or (unknown := [phase for phase in profile.phases if phase not in known]):
        what = f"no phase {unknown[0]!r}" if profile.phases else "no phases"
        raise ConfigError(f"profile {settings.profile!r} has {what}; there are {', '.join(sorted(known))}")
    given = {name: getattr(settings, name) for name in ("max_turns", "max_budget_usd", "timeout_s")}
    return Way(
        profile=evolve(profile, **{name: value for name, value in given.items() if value is not None}),
        model_id=settings.model_id or profile.model_id or file.model_id or MODEL,
        provider=settings.provider,
        file=file,
        experimental_betas=settings.experimental_betas,
    )
