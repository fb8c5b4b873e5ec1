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
class ControlSystemConfig:
    """`control_system`."""

    default_target: str
    targets: Mapping[str, TargetConfig]
    guard: GuardMode = GuardMode.INPROCESS
    """Where the guard runs."""
    guard_users: tuple[str, ...] = ()
    """Further users of this host whom a guard of its own process answers; folder and socket must let them in."""


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


class OrchestrationMode(StrEnum):
    """When the steps of a turn are planned."""

    PLAN_FIRST = "plan_first"
    """All of them, before the first one runs."""
    REACT = "react"
    """The next ones, after a model has seen what those before them left behind."""


@frozen(kw_only=True)
class AgentControl:
    """`execution_control.agent_control`: how questions are worked on where a thread says nothing else."""

    orchestration_mode: OrchestrationMode = OrchestrationMode.PLAN_FIRST
    """When steps are planned. `react` needs a model for `models.react`; without one, plans are made first."""
    planning_mode_enabled: bool = False
    """Whether each plan of a new thread waits for a person before its first step, as after `/planning on`."""
    task_extraction_bypass_enabled: bool = False
    """Whether a new thread's questions are planned as they were typed, as after `/task off`."""
    capability_selection_bypass_enabled: bool = False
    """Whether a new thread's plans may use all capabilities, with none chosen first, as after `/caps off`."""


@frozen(kw_only=True)
class TurnLimits:
    """`execution_control.limits`: what one turn may use."""

    graph_recursion_limit: int = field(default=100, validator=Positive())
    """How many nodes of the graph one turn may pass."""
    max_execution_time_seconds: float = field(default=900.0, validator=Positive())
    """How long one turn may work; the time in which it waits for people is none of it, and an effect that has begun is
    not cut off."""
    max_step_retries: int = field(default=2, validator=AtLeast(0))
    """How often a step that failed may be tried again, where its capability says that this may help. What may have
    changed something is never tried again."""
    max_steps: int = field(default=20, validator=Positive())
    """How many steps a turn may have that is planned as it goes (`orchestration_mode: react`)."""
    max_planning_attempts: int = field(default=2, validator=Positive())
    """How often a model is asked for a plan of one task, or for the next steps, each time with all that is wrong with
    what it gave before."""
    max_reclassifications: int = field(default=1, validator=AtLeast(0))
    """How often the kinds of steps are chosen again, after a planner has found that they do not suffice."""
    max_turn_tokens: int | None = field(default=None, validator=Positive())
    """Tokens of questions and answers after which a turn asks no model again; None: no bound."""
    max_turn_cost: float | None = field(default=None, validator=Positive())
    """The cost, by `api.providers.<name>.prices`, after which a turn asks no model again; None: no bound."""


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
    turn_limits: TurnLimits = TurnLimits()
    agent_control: AgentControl = AgentControl()
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
