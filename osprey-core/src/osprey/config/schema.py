"""The configuration as values. Every key here has a reader and a test of its effect."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from attrs import field, frozen


class Posture(StrEnum):
    """What may be done to a target."""

    READ_ONLY = "read_only"
    APPROVAL = "approval"
    """Writes pass the guard after a person's approval."""
    SIMULATION = "simulation"
    """As `approval`, for a connector that reaches no real machine; everything shown says so."""


class Unlisted(StrEnum):
    """What becomes of a write to a channel that the limits do not list."""

    REFUSE = "refuse"
    NATIVE_ONLY = "native_only"
    """Allowed where the control system itself states both drive limits."""


@frozen(kw_only=True)
class LimitsConfig:
    """`control_system.targets.<name>.limits`."""

    file: Path | None = None
    unlisted: Unlisted = Unlisted.REFUSE


@frozen(kw_only=True)
class TargetConfig:
    """`control_system.targets.<name>`: one control system that can be asked."""

    name: str
    connector: str
    posture: Posture = Posture.READ_ONLY
    writes_enabled: bool = False
    settings: Mapping[str, Any] = field(factory=dict)
    """The connector's own section, checked by the settings class that it declares."""
    limits: LimitsConfig = LimitsConfig()
    channels: Path | None = None
    """A file that lists channels with descriptions; without it the connector is asked to list its own."""
    archiver: str | None = None
    archiver_settings: Mapping[str, Any] = field(factory=dict)
    read_timeout_s: float = 5.0
    write_timeout_s: float = 10.0
    """The put-by deadline: a put that has not completed by then is unconfirmed."""


@frozen(kw_only=True)
class ControlSystemConfig:
    """`control_system`."""

    default_target: str
    targets: Mapping[str, TargetConfig]


@frozen(kw_only=True)
class ApprovalConfig:
    """`approval`."""

    expires_after_s: float = 3600.0
    """How long a request may be decided and claimed."""


@frozen(kw_only=True)
class ExecutionConfig:
    """`execution` and `python_executor`."""

    code_generator: str = "phrasebook"
    generators: Mapping[str, Mapping[str, Any]] = field(factory=dict)
    execution_method: str = "local"
    python_env_path: Path | None = None
    """`execution.local.python_env_path`: the interpreter for generated code; None: Osprey's own."""
    execution_timeout_seconds: float = 600.0
    memory_limit_mb: int = 1024
    max_processes: int = 64
    output_limit_kb: int = 1024
    disk_limit_mb: int = 64


@frozen(kw_only=True)
class PluginsConfig:
    """`plugins`."""

    require: tuple[str, ...] = ()
    """Requirements such as ``osprey-epics>=0.1``; one that is not met stops the start."""
    disable: tuple[str, ...] = ()


@frozen(kw_only=True)
class FacilityConfig:
    """`facility`."""

    name: str = ""
    time_zone: str = "UTC"


@frozen(kw_only=True)
class StorageConfig:
    """`storage`."""

    path: Path
    """The folder of the project's database and records; `.osprey` beside the configuration by default."""


@frozen(kw_only=True)
class Config:
    """The whole configuration of a project."""

    root: Path
    """The project's folder."""
    source: Path | None
    """The file it came from; None: embedded defaults."""
    facility: FacilityConfig
    control_system: ControlSystemConfig
    approval: ApprovalConfig
    execution: ExecutionConfig
    plugins: PluginsConfig
    storage: StorageConfig
    graph_recursion_limit: int = 100
    """`execution_control.limits.graph_recursion_limit`."""
