"""Everything that `osprey config check` finds, gathered as values."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from osprey.config import (
    Config,
    Demand,
    InvalidConfigError,
    Problem,
    SectionStatus,
    UnservedKey,
    find_project_dir,
    load_config,
    section_statuses,
)
from osprey.config.sections import idle_providers, missing, unusable_parts
from osprey.errors import ConfigError

if TYPE_CHECKING:
    from osprey.approval.asking import Asked
    from osprey.plugins.options import LoadOptions
    from osprey.plugins.registry import Registry


@frozen(kw_only=True)
class Report:
    """What is wrong with a project's configuration, and what it says without effect."""

    root: Path
    source: Path | None
    problems: tuple[Problem, ...] = ()
    """With one of these, Osprey does not start or cannot do what the file says."""
    demands: tuple[Demand, ...] = ()
    unserved: tuple[UnservedKey, ...] = ()
    warnings: tuple[str, ...] = ()
    sections: tuple[SectionStatus, ...] = ()
    asked: tuple[Asked, ...] = ()
    """Which capabilities wait for a person, beyond the approval of every write."""


def registry_of(config: Config, options: LoadOptions) -> Registry:
    """Load the plugins as far as they go; a refused start does not stop anybody from looking at the file."""
    from osprey.plugins.registry import Registry
    from osprey.plugins.surveying import survey

    return Registry(survey(config.plugins, options))


def make_report(start: Path | None, options: LoadOptions) -> Report:
    """Check the configuration of the project at `start`, or of the one that is found."""
    root = find_project_dir(start, environ=os.environ)
    try:
        config = load_config(root, environ=os.environ)
    except InvalidConfigError as exc:
        return Report(root=root, source=root / "config.yml", problems=exc.problems)
    except ConfigError as exc:
        return Report(root=root, source=root / "config.yml", problems=(Problem(message=str(exc)),))
    report = Report(
        root=root,
        source=config.source,
        problems=tuple(_missing_files(config)),
        demands=config.demands,
        unserved=config.unserved,
        warnings=(*config.notes, *_other_file(config)),
    )
    return _with_plugins(report, config, options)


def _with_plugins(report: Report, config: Config, options: LoadOptions) -> Report:
    from osprey.approval.asking import who_is_asked
    from osprey.cli.model_facts import keyless_providers
    from osprey.plugins.registry import Registry
    from osprey.plugins.surveying import survey
    from osprey.prompts.library import read_prompts

    found = survey(config.plugins, options)
    registry = Registry(found)
    sections = section_statuses(config, registry)
    refusals = tuple(Problem(message=reason) for reason in (*found.name_errors, *found.refusals))
    warnings = (
        *report.warnings,
        *read_prompts(registry, config.root).warnings,
        *idle_providers(config, registry),
        *keyless_providers(config, registry),
    )
    if reason := missing(registry, "generators", config.execution.code_generator):
        warnings = (*warnings, f"execution.code_generator: {reason}; no Python is generated until then")
    return evolve(
        report,
        problems=(
            *report.problems,
            *refusals,
            *unusable_parts(config, registry),
            *(problem for section in sections for problem in section.problems),
        ),
        warnings=warnings,
        sections=sections,
        asked=who_is_asked(config.approval, registry.names("capabilities")),
    )


def _missing_files(config: Config) -> list[Problem]:
    problems: list[Problem] = []
    for target in config.control_system.targets.values():
        path = f"control_system.targets.{target.name}"
        for key, file in ((f"{path}.limits.file", target.limits.file), (f"{path}.channels", target.channels)):
            if file is not None and not file.is_file():
                problems.append(Problem(path=key, message=f"there is no file {file}: write it, or name another"))
    return [*problems, *_missing_recordings(config), *_unwatchable(config)]


def _unwatchable(config: Config) -> Iterator[Problem]:
    from osprey.telemetry import EXTRA_REMEDY, lacks_extra

    if config.telemetry.otlp_endpoint is not None and lacks_extra():
        message = f"no trace is sent without OpenTelemetry, which is not installed: {EXTRA_REMEDY}"
        yield Problem(path="telemetry.otlp_endpoint", message=message)
    file = config.logging.file
    if file is not None and not file.parent.is_dir():
        yield Problem(path="logging.file", message=f"there is no folder {file.parent}: make it, or name another")
    elif file is not None and file.is_dir():
        yield Problem(path="logging.file", message=f"{file} is a folder: name a file")


def _missing_recordings(config: Config) -> Iterator[Problem]:
    written = config.models.recording
    if written is not None and not written.parent.is_dir():
        yield Problem(path="models.recording", message=f"there is no folder {written.parent}: make it, or name another")
    for name, provider in config.api.providers.items():
        if provider.recording is not None and not provider.recording.is_file():
            message = f"there is no file {provider.recording}: record it with models.recording, or name another"
            yield Problem(path=f"api.providers.{name}.recording", message=message)


def _other_file(config: Config) -> list[str]:
    other = config.root / "config.yaml"
    return [f"{other} is not read: rename it to config.yml"] if config.source is None and other.is_file() else []
