"""How the file is laid out, section by section, where that differs from the values it becomes.

None means that the file does not say; the default then stands in `osprey.config.schema`, once.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

from attrs import field, frozen

from osprey.config.approval import (
    ApprovalPolicyConfig,
    CapabilityApproval,
    GlobalMode,
    NotificationConfig,
    PersonConfig,
)
from osprey.config.rules import AtLeast, Layout, Positive, WebAddress
from osprey.config.schema import ExecutionMethod, GuardMode, LimitsConfig, ModeConfig, Posture, Sandbox
from osprey.config.section import Section
from osprey.config.turns import AgentControl, TurnLimits


@frozen(kw_only=True)
class TargetLayout(Layout):
    """`control_system.targets.<name>`."""

    NULLABLE: ClassVar[frozenset[str]] = frozenset({"channels", "archiver"})

    connector: str
    posture: Posture | None = None
    writes_enabled: bool | None = None
    settings: Section | None = None
    """The connector's settings for this target, laid over `control_system.connector.<connector>`."""
    limits: LimitsConfig = field(factory=LimitsConfig)
    channels: Path | None = None
    archiver: str | None = None
    archiver_settings: Section | None = None
    """The archiver's settings for this target, laid over `archiver.<archiver>`."""
    read_timeout_s: float | None = field(default=None, validator=Positive())
    write_timeout_s: float | None = field(default=None, validator=Positive())


@frozen(kw_only=True)
class LimitsCheckingLayout(Layout):
    """`control_system.limits_checking`, the older place of limits; it serves targets without `limits`."""

    enabled: bool = False
    """Without power: the guard always checks limits. With true, `database_path` must be given."""
    database_path: Path | None = None
    """Read as `limits.file` of the targets that state no limits of their own."""
    allow_unlisted_channels: bool | None = None
    """Read as `limits.unlisted`: true is native_only, false is refuse."""
    on_violation: Literal["error", "skip"] | None = None
    """Without power: one refused write refuses its whole batch."""


@frozen(kw_only=True)
class ControlSystemLayout(Layout):
    """`control_system`."""

    type: str | None = None
    """The older form without `targets`: one target named after its connector, the default one."""
    connector: Mapping[str, Section] = field(factory=dict[str, Section])
    """Settings of a connector for every target that uses it; its plugin says which keys there are."""
    targets: Mapping[str, TargetLayout] = field(factory=dict[str, TargetLayout])
    default_target: str | None = None
    """The target that is asked when a command names none; needed if there are several."""
    writes_enabled: bool | None = None
    """A switch above all targets: false takes writes away from each; true gives them to `type` alone."""
    guard: GuardMode | None = None
    guard_users: tuple[str, ...] | None = None
    limits_checking: LimitsCheckingLayout | None = None
    patterns: Section | None = None
    """Regular expressions that count as reads or writes where code holds them: lists `write` and `read`, by kind of
    control system or for all. They add to what the analyser finds, and take nothing away."""


@frozen(kw_only=True)
class ApprovalLayout(Layout):
    """`approval`."""

    expires_after_s: float | None = field(default=None, validator=Positive())
    warn_before_s: float | None = field(default=None, validator=Positive())
    global_mode: GlobalMode | None = None
    capabilities: Mapping[str, CapabilityApproval] = field(factory=dict[str, CapabilityApproval])
    people: Mapping[str, PersonConfig] = field(factory=dict[str, PersonConfig])
    policies: Mapping[str, ApprovalPolicyConfig] = field(factory=dict[str, ApprovalPolicyConfig])
    notify: Mapping[str, NotificationConfig] = field(factory=dict[str, NotificationConfig])
    inbox_url: str | None = field(default=None, validator=WebAddress(is_optional=True))
    desk_users: tuple[str, ...] | None = None
    desk_socket: Path | None = None


@frozen(kw_only=True)
class LocalLayout(Layout):
    """`execution.local`."""

    # A proper value is taken out before, because it may name a variable that nobody needs.
    python_env_path: str | None = None
    """A virtual environment or interpreter (3.9 or newer) for generated Python; without it Osprey's own."""
    mounts: tuple[Path, ...] | None = None
    """Further folders that generated code may read and import from; none may show a home, a secret or a socket."""
    preload: tuple[str, ...] | None = None
    """Modules loaded once and shared, unchanged, by all runs; `[numpy]` without it."""
    keep_warm_s: float | None = field(default=None, validator=AtLeast(0))
    """Seconds without a run until they are given up; 600 without it; 0: each run starts from nothing."""


@frozen(kw_only=True)
class ModesLayout(Layout):
    """`execution.modes`."""

    read_only: ModeConfig | None = None
    write_access: ModeConfig | None = None


@frozen(kw_only=True)
class ExecutionLayout(Layout):
    """`execution`."""

    code_generator: str | None = None
    generators: Mapping[str, Section] = field(factory=dict[str, Section])
    """Settings of a writer of Python; its plugin says which keys there are."""
    execution_method: ExecutionMethod | None = None
    local: LocalLayout = LocalLayout()
    sandbox: Sandbox | None = None
    max_concurrent_runs: int | None = field(default=None, validator=Positive())
    modes: ModesLayout = ModesLayout()
    memory_limit_mb: int | None = field(default=None, validator=Positive())
    max_processes: int | None = field(default=None, validator=Positive())
    output_limit_kb: int | None = field(default=None, validator=Positive())
    disk_limit_mb: int | None = field(default=None, validator=Positive())


@frozen(kw_only=True)
class PythonExecutorLayout(Layout):
    """`python_executor`."""

    execution_timeout_seconds: float | None = field(default=None, validator=Positive())
    max_generation_retries: int | None = field(default=None, validator=AtLeast(0))
    max_execution_retries: int | None = field(default=None, validator=AtLeast(0))


@frozen(kw_only=True)
class ExecutionControlLayout(Layout):
    """`execution_control`."""

    limits: TurnLimits = field(factory=TurnLimits)
    agent_control: AgentControl = field(factory=AgentControl)


@frozen(kw_only=True)
class ArchiverLayout(Layout):
    """`archiver`, without the sections of the archivers."""

    type: str | None = None
    """The archiver of every target that names none."""


@frozen(kw_only=True)
class StorageLayout(Layout):
    """`storage`."""

    path: Path | None = None


def given(layout: Any, *names: str) -> dict[str, Any]:
    """Give those of the fields `names` that the file sets."""
    return {name: value for name in names if (value := getattr(layout, name)) is not None}
