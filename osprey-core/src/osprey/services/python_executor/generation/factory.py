"""Finding a writer of Python by its name, and building it with its section of the configuration."""

from __future__ import annotations

import inspect
import logging
import warnings
from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, cast

from osprey.errors import ConfigError, PluginError
from osprey.services.python_executor.generation.protocol import CodeGenerator

if TYPE_CHECKING:
    from osprey.project import Project

_POINT: Final = "generators"
_BASIC: Final = "basic"
_OLDER: Final = {"legacy": _BASIC}
"""The predecessor's earlier names."""
_STANDS_IN: Final = {"claude_code": (_BASIC, "pip install 'osprey-claude[code]'")}
"""Who writes where a generator's plugin is not installed, and the command that installs it."""

_log = logging.getLogger(__name__)


def create_code_generator(config: Mapping[str, Any] | None = None) -> CodeGenerator:
    """Build the generator that a configuration names, in the project of the current context.

    :param config: ``{"execution": {"code_generator": name, "generators": {name: {...}}}}``; what it does not say, the
        project's configuration says. None: the project's configuration alone.
    :raises ConfigError: it has not this form, or a section is not what its generator takes.
    :raises PluginError: as `generator_of`.
    """
    from osprey.project import current_project

    project = current_project()
    execution = _execution_of(config)
    name = execution.get("code_generator")
    if name is not None and not isinstance(name, str):
        msg = f"execution.code_generator is the name of a generator, not {name!r}"
        raise ConfigError(msg)
    return generator_of(project, name, _mapping(execution.get("generators", {}), "execution.generators"))


def generator_of(project: Project, name: str | None = None, sections: Mapping[str, Any] | None = None) -> CodeGenerator:
    """Build the generator called `name`, or the one that `execution.code_generator` names.

    Its section `execution.generators.<name>` is given as `model_config`: an instance of the settings class that its
    registration declares, else the mapping unchanged. A generator whose plugin is not installed is stood in for by
    `basic`, which is logged as a warning.

    :param sections: settings by generator, each in the place of the project's own section.
    :raises PluginError: no plugin declares it, or it does not have the generators' one method.
    :raises ConfigError: its section is not what it takes.
    """
    execution = project.config.execution
    wanted = _present(project, name or execution.code_generator)
    section = _section(wanted, sections or {}, execution.generators)
    implementation = project.registry.resolve(_POINT, wanted)
    settings_class = project.registry.settings_class(_POINT, wanted)
    model_config: object = section if settings_class is None else _structured(settings_class, section, wanted)
    generator = _build(implementation, model_config)
    if not isinstance(generator, CodeGenerator):
        msg = f"generator {wanted!r} has no method generate_code(request, error_chain): add it to its class"
        raise PluginError(msg)
    return generator


def _present(project: Project, name: str) -> str:
    """Give the name of a generator that is there: a newer name, or one that stands in."""
    if name in _OLDER:
        newer = _OLDER[name]
        warnings.warn(f"code_generator {name!r} is called {newer!r} now", DeprecationWarning, stacklevel=4)
        return newer
    stand_in = _STANDS_IN.get(name)
    if stand_in is None or _is_installed(project, name):
        return name
    other, remedy = stand_in
    _log.warning("generator %r is not installed, so %r writes the code: %s", name, other, remedy)
    return other


def _is_installed(project: Project, name: str) -> bool:
    """Say whether a generator is there, with the modules that it needs; none of them is imported."""
    found = next((entry for entry in project.registry.entries(_POINT) if entry.name == name), None)
    return found is not None and all(find_spec(module) is not None for module in found.registration.requires)


def _section(name: str, given: Mapping[str, Any], configured: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    for spelling in (name, *(older for older, newer in _OLDER.items() if newer == name)):
        if spelling in given:
            return dict(_mapping(given[spelling], f"execution.generators.{spelling}"))
        if spelling in configured:
            return configured[spelling]
    return {}


def _structured(settings_class: type[Any], section: Mapping[str, Any], name: str) -> object:
    from osprey.config import structure_settings

    return structure_settings(settings_class, section, f"execution.generators.{name}")


def _execution_of(config: Mapping[str, Any] | None) -> Mapping[str, Any]:
    if config is None:
        return {}
    whole = _mapping(config, "a configuration")
    root = _mapping(whole.get("osprey", whole), "osprey")
    return _mapping(root.get("execution", {}), "execution")


def _mapping(value: object, what: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        msg = f"{what} is a mapping, not {type(value).__name__}"
        raise ConfigError(msg)
    return cast("Mapping[str, Any]", value)


def _build(implementation: Any, model_config: object) -> object:
    """Call the class with the arguments that it takes; a generator without settings needs none."""
    if not callable(implementation):
        return cast("object", implementation)
    parameters = inspect.signature(implementation).parameters
    if "model_config" not in parameters:
        return implementation()
    given = dict(cast("Mapping[str, Any]", model_config)) if isinstance(model_config, Mapping) else model_config
    return implementation(model_config=given)
