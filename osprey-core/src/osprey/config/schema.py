"""The configuration as values. Every key here has a reader and a test of its effect."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from attrs import field, frozen

from osprey.config.approval import ApprovalConfig
from osprey.config.models import ApiConfig, ModelsConfig
from osprey.config.rules import AtLeast, Positive, TimeZoneName
from osprey.config.section import Section, Unset
from osprey.config.turns import AgentControl, TurnLimits
from osprey.config.watching import LoggingConfig, TelemetryConfig


class Posture(StrEnum):
    """What may be done to a target."""

    READ_ONLY = "read_only"
    """Nothing is ever written."""
    APPROVAL = "approval"
    """Writes pass the guard after a person's approval."""
    SIMULATION = "simulation"
    """As `approval`, for a connector that reaches no real machine; everything shown says so."""


class Unlisted(StrEnum):
    """What becomes of a write to a channel that the limits do not list."""

    REFUSE = "refuse"
    """Refused."""
    NATIVE_ONLY = "native_only"
    """Allowed where the control system itself states both drive limits."""


class ExecutionMethod(StrEnum):
    """`execution.execution_method`: where generated Python runs."""

    LOCAL = "local"
    """In the sandbox of this host."""
    CONTAINER = "container"
    """In a container."""


class GuardMode(StrEnum):
    """`control_system.guard`: where the guard runs."""

    INPROCESS = "inprocess"
    """In every process that asks it; they share its journal, locks and limits."""
    SOCKET = "socket"
    """In a process of its own, `osprey guard serve`; nothing is written while it does not run."""


class DemandArea(StrEnum):
    """The part of Osprey that has to refuse its work while a demand on it is not met."""

    EXECUTION = "execution"
    CONTROL = "control"


@frozen(kw_only=True)
class LimitsConfig:
    """`control_system.targets.<name>.limits`."""

    file: Path | None = None
    """The file of limits; see below."""
    unlisted: Unlisted = Unlisted.REFUSE
    """What becomes of a write to a channel that the file does not list."""


@frozen(kw_only=True)
class TargetConfig:
    """`control_system.targets.<name>`: one control system that can be asked."""

    name: str
    connector: str
    """The name of an installed connector: `osprey plugins list`."""
    posture: Posture = Posture.READ_ONLY
    """What may be done to it."""
    writes_enabled: bool = False
    """The facility's consent; without it nothing is written, whatever the posture."""
    settings: Mapping[str, Any] = field(factory=dict[str, Any])
    """The connector's own section, checked by the settings class that it declares."""
    limits: LimitsConfig = field(factory=LimitsConfig)
    channels: Path | None = None
    """A file that lists channels with descriptions; without it the connector is asked to list its own."""
    archiver: str | None = None
    """The name of an installed archiver; without it `archiver.type`; empty: none."""
    archiver_settings: Mapping[str, Any] = field(factory=dict[str, Any])
    read_timeout_s: float = field(default=5.0, validator=Positive())
    """The deadline of one batch of reads."""
    write_timeout_s: float = field(default=10.0, validator=Positive())
    """The put-by deadline: a put that has not completed by then is unconfirmed."""


@frozen(kw_only=True)
class CodePatterns:
    """Regular expressions, searched for in the text of code."""

    write: tuple[str, ...] = ()
    read: tuple[str, ...] = ()


@frozen(kw_only=True)
class ControlSystemConfig:
    """`control_system`."""

    default_target: str
    targets: Mapping[str, TargetConfig]
    guard: GuardMode = GuardMode.INPROCESS
    """Where the guard runs."""
    guard_users: tuple[str, ...] = ()
    """Further users of this host whom a guard of its own process answers; folder and socket must let them in."""
    patterns: Mapping[str, CodePatterns] = field(factory=dict[str, CodePatterns])
    """Further patterns of reads and writes in code, by kind of control system; under the empty name those for all."""


class Sandbox(StrEnum):
    """`execution.sandbox`: what holds generated Python on this host."""

    AUTO = "auto"
    """The best of `bubblewrap`, `namespaces` and `landlock` that passes its self-test."""
    BUBBLEWRAP = "bubblewrap"
    """Namespaces built by bubblewrap."""
    NAMESPACES = "namespaces"
    """Namespaces that Osprey builds itself, where there is no bubblewrap."""
    LANDLOCK = "landlock"
    """No namespaces: rules on files, signals and sockets that the kernel enforces (Linux 6.12 or newer)."""
    NONE = "none"
    """Nothing: generated Python may compute, and is refused a control system."""


@frozen(kw_only=True)
class ModeConfig:
    """`execution.modes.<read_only|write_access>`. None: the file does not say."""

    allows_writes: bool | None = None
    """Of `write_access`: false refuses every write of generated code. Without power to allow a write."""
    requires_approval: bool | None = None
    """Of `read_only`: whether a person reads all code before it runs. Without power to remove an approval."""


@frozen(kw_only=True)
class ExecutionConfig:
    """`execution` and `python_executor`."""

    code_generator: str = "auto"
    """The name of an installed writer of Python."""
    generators: Mapping[str, Mapping[str, Any]] = field(factory=dict[str, Mapping[str, Any]])
    execution_method: ExecutionMethod = ExecutionMethod.LOCAL
    """Where generated Python runs."""
    _python_env_path: Path | Unset | None = field(default=None, alias="python_env_path")
    execution_timeout_seconds: float = field(default=600.0, validator=Positive())
    """How long one run of generated Python may take."""
    max_generation_retries: int = field(default=3, validator=AtLeast(0))
    """How often code is written again because none was written, or because what was written cannot be run."""
    max_execution_retries: int = field(default=3, validator=AtLeast(0))
    """How often code is written again because it failed while it ran, or left out a result that was asked for."""
    memory_limit_mb: int = field(default=1024, validator=Positive())
    """The memory of one run: of all its processes where a control group can be made, else of each."""
    max_processes: int = field(default=64, validator=Positive())
    """Processes and threads of one run."""
    output_limit_kb: int = field(default=1024, validator=Positive())
    """How much one run may print."""
    disk_limit_mb: int = field(default=64, validator=Positive())
    """What one run may write into its folder."""
    sandbox: Sandbox = Sandbox.AUTO
    """What holds generated Python; a tier that is named and does not hold is an error."""
    max_concurrent_runs: int = field(default=4, validator=Positive())
    """How many runs go on at once; further ones wait their turn, in the order they were asked for."""
    mounts: tuple[Path, ...] = ()
    """`execution.local.mounts`: further folders that generated code may read and import from, reviewed by a person."""
    preload: tuple[str, ...] = ("numpy",)
    """`execution.local.preload`: modules that are loaded once and shared, unchanged, by all runs."""
    keep_warm_s: float = field(default=600.0, validator=AtLeast(0))
    """`execution.local.keep_warm_s`: how long they stay loaded without a run; 0: each run starts from nothing."""
    modes: Mapping[str, ModeConfig] = field(factory=dict[str, ModeConfig])

    @property
    def python_env_path(self) -> Path | None:
        """`execution.local.python_env_path`: the virtual environment or interpreter of generated code; None: our own.

        :raises ConfigError: it names an environment variable that is not set. Reading it is what asks for
            the variable: under `execution_method: container` nobody does.
        """
        if isinstance(self._python_env_path, Unset):
            raise self._python_env_path.error()
        return self._python_env_path


@frozen(kw_only=True)
class PluginsConfig:
    """`plugins`."""

    require: tuple[str, ...] = ()
    """Requirements such as ``osprey-epics>=0.1``; one that is not met stops the start."""
    disable: tuple[str, ...] = ()
    """Plugins, or their distributions, that are not loaded; `osprey plugins disable` writes it."""


@frozen(kw_only=True)
class FacilityConfig:
    """`facility`."""

    name: str = ""
    """What the facility is called; it stands on every request for approval."""
    time_zone: str = field(default="UTC", validator=TimeZoneName())
    """A name of the IANA database; relative times are read and shown in it."""


@frozen(kw_only=True)
class StorageConfig:
    """`storage`."""

    path: Path
    """The folder of the project's database and records; `.osprey` beside the configuration by default."""


class PipelineMode(StrEnum):
    """`channel_finder.pipeline_mode`: how channels are found by words."""

    IN_CONTEXT = "in_context"
    """In the whole list at once."""
    HIERARCHICAL = "hierarchical"
    """Down the facility's tree of channels, level by level."""
    MIDDLE_LAYER = "middle_layer"
    """By family, then by what is measured or set, then by place."""


@frozen(kw_only=True)
class ChannelFinderConfig:
    """`channel_finder`."""

    pipeline_mode: PipelineMode = PipelineMode.IN_CONTEXT
    """How channels are found by words."""


@frozen(kw_only=True)
class UnservedKey:
    """A key that Osprey knows and accepts, and that nothing in this version reads."""

    path: str
    line: int
    why: str


@frozen(kw_only=True)
class Demand:
    """A setting that asks for more safety than this version gives; whoever serves `area` refuses to work."""

    area: DemandArea
    path: str
    line: int
    asks: str
    """What the setting asks for, as the rest of a sentence."""
    remedy: str

    def sentence(self) -> str:
        """Say what is asked for, that it is not given, and how to mend it."""
        asked = f"{self.path} (line {self.line}) asks for {self.asks}"
        return f"{asked}, which this version does not do: {self.remedy}"


@frozen(kw_only=True)
class PluginSection:
    """A section of the file that belongs to a plugin, kept as it stands until the plugin checks it."""

    path: str
    line: int
    point: str
    """The extension point: `connectors`, `archivers`, `generators`, `notifiers` or `commands`."""
    name: str
    settings: Mapping[str, Any]


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
    models: ModelsConfig = field(factory=ModelsConfig)
    api: ApiConfig = field(factory=ApiConfig)
    turn_limits: TurnLimits = field(factory=TurnLimits)
    agent_control: AgentControl = field(factory=AgentControl)
    channel_finder: ChannelFinderConfig = field(factory=ChannelFinderConfig)
    logging: LoggingConfig = field(factory=LoggingConfig)
    telemetry: TelemetryConfig = field(factory=TelemetryConfig)
    unserved: tuple[UnservedKey, ...] = ()
    demands: tuple[Demand, ...] = ()
    notes: tuple[str, ...] = ()
    """What `config check` warns of: unset variables that nothing reads, keys without the power they claim."""
    sections: tuple[PluginSection, ...] = ()
    document: Section = field(factory=Section, repr=False)
    """The file as it was read, both nestings made one, for applications' own keys and for origins."""

    def require(self, area: DemandArea) -> None:
        """Refuse to go on while the file asks `area` for a safety that it does not give.

        :raises ConfigError: with every unmet demand and its remedy.
        """
        unmet = [demand.sentence() for demand in self.demands if demand.area is area]
        if unmet:
            from osprey.errors import ConfigError

            raise ConfigError("; ".join(unmet))
