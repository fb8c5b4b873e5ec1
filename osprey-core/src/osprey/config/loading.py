"""Loads the configuration of a project: reads, unifies, expands, checks, and reports all problems at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from attrs import evolve, frozen

from osprey.config import layout as layouts
from osprey.config.approval_section import read_approval
from osprey.config.closest import did_you_mean
from osprey.config.code_patterns import read_code_patterns
from osprey.config.demands import control_demands, execution_demands, powerless
from osprey.config.discovery import find_config_file, find_project_dir
from osprey.config.draft import Draft
from osprey.config.known import unserved_names
from osprey.config.model_sections import read_model_sections
from osprey.config.nesting import PREFIXES, unify
from osprey.config.nodes import Table, find, is_empty, scalars
from osprey.config.people import contradictions, unmeetable
from osprey.config.problems import InvalidConfigError, Mark, Problem
from osprey.config.schema import (
    ChannelFinderConfig,
    Config,
    ExecutionConfig,
    FacilityConfig,
    PluginsConfig,
    PluginSection,
    StorageConfig,
)
from osprey.config.secrets import is_secret
from osprey.config.section import Section, Unset
from osprey.config.targets import TargetMaker, absolute
from osprey.config.variables import expand_variables
from osprey.config.watching_sections import read_logging, read_telemetry
from osprey.config.yaml_reader import read_yaml

SECTIONS: Final = (
    "api",
    "approval",
    "archiver",
    "control_system",
    "execution",
    "channel_finder",
    "execution_control",
    "facility",
    "logging",
    "models",
    "plugins",
    "python_executor",
    "simulation",
    "storage",
    "telemetry",
)
_AT_LOAD: Final = ("approval", "control_system", "plugins")
"""Sections that decide about safety: a variable that is not set is an error at once."""
_STATE_DIR: Final = ".osprey"
_INTERPRETER: Final = ("execution", "local", "python_env_path")


def load_config(start: Path | None, *, environ: Mapping[str, str]) -> Config:
    """Load the configuration of the project at `start`, or of the one that is found.

    :raises ConfigError: with every problem of the file: place, key, what is wrong, and the remedy.
    """
    root = find_project_dir(start, environ=environ)
    source = find_config_file(root)
    table = Table(entries={}, mark=Mark(root, 0, 0)) if source is None else read_yaml(source)
    draft = Draft.of(table, environ)
    config = _Assembly(root=root, source=source, draft=draft).config()
    if draft.problems:
        raise InvalidConfigError(dict.fromkeys(draft.problems))
    return config


def load_plugins_section(file: Path, environ: Mapping[str, str]) -> PluginsConfig:
    """Load the `plugins` section of `file`; the other sections may be as wrong as they like."""
    table, _ = expand_variables(read_yaml(file), environ)
    table, problems = unify(table)
    draft = Draft(table=table, document=table)
    draft.problems += [problem for problem in problems if problem.path.partition(".")[0] == "plugins"]
    plugins = draft.section("plugins", PluginsConfig)
    if draft.problems:
        raise InvalidConfigError(draft.problems)
    return plugins


@frozen(kw_only=True)
class _Archivers:
    """`archiver`: the archiver of targets that name none, and the sections of archivers by name."""

    type: str | None
    sections: Mapping[str, Table]


@frozen(kw_only=True)
class _Assembly:
    """Builds the configuration from a draft."""

    root: Path
    source: Path | None
    draft: Draft

    def config(self) -> Config:
        """Give the configuration; it is good only if the draft then holds no problem."""
        draft = self.draft
        self._unknown_sections()
        interpreter = self._interpreter()
        archivers = self._archivers()
        control = draft.section("control_system", layouts.ControlSystemLayout)
        approval = draft.section("approval", layouts.ApprovalLayout)
        execution = draft.section("execution", layouts.ExecutionLayout)
        control_of_turns = draft.section("execution_control", layouts.ExecutionControlLayout)
        turns = control_of_turns.limits
        maker = TargetMaker(
            root=self.root,
            layout=control,
            document=draft.document,
            archiver_type=archivers.type,
            archivers=archivers.sections,
            problems=draft.problems,
            notes=draft.notes,
        )
        systems = evolve(maker.make(), patterns=read_code_patterns(control.patterns, draft.problems))
        draft.notes += powerless(control, approval, execution, draft.line_of)
        self._check_people(approval)
        sections = tuple(self._plugin_sections(control, execution, archivers, approval))
        used = {("archivers", target.archiver) for target in systems.targets.values()}
        made = self._execution(execution, interpreter)
        asked = read_model_sections(draft, self.root, max_turn_cost=turns.max_turn_cost)
        self._unset(sections, used | {("generators", made.code_generator)})
        return Config(
            root=self.root,
            source=self.source,
            facility=draft.section("facility", FacilityConfig),
            control_system=systems,
            approval=read_approval(self.root, approval),
            execution=made,
            plugins=draft.section("plugins", PluginsConfig),
            storage=self._storage(),
            turn_limits=turns,
            agent_control=control_of_turns.agent_control,
            models=asked.models,
            api=asked.api,
            channel_finder=draft.section("channel_finder", ChannelFinderConfig),
            logging=read_logging(draft, self.root),
            telemetry=read_telemetry(draft),
            unserved=draft.unserved,
            demands=(
                *execution_demands(execution, draft.line_of),
                *control_demands(control, draft.line_of),
            ),
            notes=tuple(draft.notes),
            sections=sections,
            document=Section(draft.document),
        )

    def _unknown_sections(self) -> None:
        for name, entry in self.draft.table.entries.items():
            if name not in SECTIONS:
                hint = did_you_mean(name, (*SECTIONS, *PREFIXES, *unserved_names(())))
                known = f"known sections: {', '.join(SECTIONS)}"
                message = f"unknown key {name!r}; {hint or known}"
                self.draft.problems.append(Problem(message=message, path=name, mark=entry.key_mark))

    def _check_people(self, approval: layouts.ApprovalLayout) -> None:
        for path, message in contradictions(approval):
            entry = find(self.draft.document, tuple(path.split(".")))
            mark = None if entry is None else entry.key_mark
            self.draft.problems.append(Problem(message=message, path=path, mark=mark))
        for path, told in unmeetable(approval):
            self.draft.notes.append(f"{path} (line {self.draft.line_of(path)}) cannot be met as things are: {told}")

    def _interpreter(self) -> Path | Unset | None:
        scalar = self.draft.take_scalar(_INTERPRETER)
        if scalar is None:
            return None
        if scalar.missing:
            return Unset(path=".".join(_INTERPRETER), scalar=scalar)
        if not isinstance(scalar.value, str) or not scalar.value:
            message = "expected the path of an interpreter or of a virtual environment"
            self.draft.problems.append(Problem(message=message, path=".".join(_INTERPRETER), mark=scalar.mark))
            return None
        return absolute(self.root, Path(scalar.value))

    def _archivers(self) -> _Archivers:
        entry = self.draft.table.entries.get("archiver")
        if entry is None or not isinstance(entry.node, Table):
            return _Archivers(type=self.draft.section("archiver", layouts.ArchiverLayout).type, sections={})
        sections = {name: below.node for name, below in entry.node.entries.items() if isinstance(below.node, Table)}
        rest = entry.node
        for name, below in entry.node.entries.items():
            if name != "type" and (name in sections or is_empty(below.node)):
                rest = rest.without(name)
        self.draft.table = self.draft.table.with_entry("archiver", evolve(entry, node=rest))
        layout = self.draft.section("archiver", layouts.ArchiverLayout)
        return _Archivers(type=layout.type, sections=sections)

    def _plugin_sections(
        self,
        control: layouts.ControlSystemLayout,
        execution: layouts.ExecutionLayout,
        archivers: _Archivers,
        approval: layouts.ApprovalLayout,
    ) -> list[PluginSection]:
        found = {
            ("connectors", "control_system.connector"): dict(control.connector),
            ("generators", "execution.generators"): dict(execution.generators),
            ("archivers", "archiver"): {
                name: Section(node, ("archiver", name)) for name, node in archivers.sections.items()
            },
        }
        made = [
            PluginSection(
                path=f"{path}.{name}",
                line=self.draft.line_of(f"{path}.{name}"),
                point=point,
                name=name,
                settings=settings,
            )
            for (point, path), by_name in found.items()
            for name, settings in by_name.items()
        ]
        return [*made, *self._notifiers(approval), *self._simulation()]

    def _notifiers(self, approval: layouts.ApprovalLayout) -> Iterator[PluginSection]:
        """Give the settings of everybody who is told; one without any is checked all the same."""
        for name, told in approval.notify.items():
            path = ("approval", "notify", name, "settings")
            above = find(self.draft.document, path[:-1])
            empty = Table(entries={}, mark=told.settings.node.mark if above is None else above.key_mark)
            yield PluginSection(
                path=".".join(path),
                line=self.draft.line_of(".".join(path)),
                point="notifiers",
                name=told.via,
                settings=told.settings or Section(empty, path),
            )

    def _simulation(self) -> list[PluginSection]:
        """Give the section of the command that writes soft IOCs; it stands at the top, under the predecessor's name."""
        entry = self.draft.table.entries.get("simulation")
        if entry is None or is_empty(entry.node):
            return []
        if not isinstance(entry.node, Table):
            message = "expected a section: write it as indented 'key: value' lines"
            self.draft.problems.append(Problem(message=message, path="simulation", mark=entry.node.mark))
            return []
        settings = Section(entry.node, ("simulation",))
        line = self.draft.line_of("simulation")
        return [
            PluginSection(path="simulation", line=line, point="commands", name="generate-soft-ioc", settings=settings)
        ]

    def _execution(self, layout: layouts.ExecutionLayout, interpreter: Path | Unset | None) -> ExecutionConfig:
        executor = self.draft.section("python_executor", layouts.PythonExecutorLayout)
        modes = layouts.given(layout.modes, "read_only", "write_access")
        limits = ("memory_limit_mb", "max_processes", "output_limit_kb", "disk_limit_mb", "max_concurrent_runs")
        local = layouts.given(layout.local, "preload", "keep_warm_s")
        return ExecutionConfig(
            generators=layout.generators,
            modes=modes,
            python_env_path=interpreter,
            mounts=tuple(self.root / path for path in layout.local.mounts or ()),
            **local,
            **layouts.given(layout, "code_generator", "execution_method", "sandbox", *limits),
            **layouts.given(executor, "execution_timeout_seconds", "max_generation_retries", "max_execution_retries"),
        )

    def _storage(self) -> StorageConfig:
        path = absolute(self.root, self.draft.section("storage", layouts.StorageLayout).path)
        return StorageConfig(path=path or self.root / _STATE_DIR)

    def _unset(self, sections: tuple[PluginSection, ...], used: set[Any]) -> None:
        """Refuse unset variables of safety and of credentials in use; warn of the others."""
        in_use = {section.path for section in sections if (section.point, section.name) in used}
        for path, scalar in scalars(self.draft.document):
            if not scalar.missing:
                continue
            unset = Unset(path=".".join(path), scalar=scalar)
            credential = is_secret(path, scalar.missing) and any(
                unset.path.startswith(f"{section}.") for section in in_use
            )
            if path[0] in _AT_LOAD or credential:
                self.draft.problems.append(unset.problem())
            else:
                names = ", ".join(scalar.missing)
                lets_in = path[:2] == ("api", "providers") and path[3:4] in (("api_key",), ("headers",))
                self.draft.notes.append(
                    f"{unset.path} (line {scalar.mark.line}): {names} is not set in the environment; "
                    + ("its models are as good as down" if lets_in else "reading the key will be an error")
                )
