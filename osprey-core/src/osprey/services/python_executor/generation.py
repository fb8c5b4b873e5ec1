"""Writers of Python: the protocol they follow and the factory that finds them by name."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Protocol, cast, runtime_checkable

from osprey.services.python_executor.models import PythonExecutionRequest

if TYPE_CHECKING:
    from osprey.project import Project


@runtime_checkable
class CodeGenerator(Protocol):
    """An object that writes code. Structural: nothing is inherited, and this method is all of it."""

    async def generate_code(self, request: PythonExecutionRequest, error_chain: list[str]) -> str:
        """Write Python for `request`; `error_chain` holds what went wrong with earlier attempts.

        :raises CodeGenerationError: no code can be written for it.
        """
        ...


def create_code_generator(project: Project, name: str | None = None) -> CodeGenerator:
    """Build the generator called `name`, or the one that `execution.code_generator` names.

    Its section `execution.generators.<name>` is given as `model_config`: an instance of the settings
    class that its registration declares, else the mapping unchanged.

    :raises PluginError: no plugin declares it, or it does not have the generators' one method.
    """
    from osprey.errors import PluginError

    execution = project.config.execution
    wanted = name or execution.code_generator
    implementation = project.registry.resolve("generators", wanted)
    section = execution.generators.get(wanted, {})
    settings_class = project.registry.settings_class("generators", wanted)
    if settings_class is not None:
        from osprey.config import structure_settings

        where = f"execution.generators.{wanted}"
        generator = _build(implementation, structure_settings(settings_class, section, where))
    else:
        generator = _build(implementation, dict(section))
    if not isinstance(generator, CodeGenerator):
        msg = f"generator {wanted!r} has no method generate_code(request, error_chain): add it to its class"
        raise PluginError(msg)
    return generator


def _build(implementation: Any, model_config: object) -> object:
    """Call the class with the arguments that it takes; a generator without settings needs none."""
    if not callable(implementation):
        return cast("object", implementation)
    parameters = inspect.signature(implementation).parameters
    return implementation(model_config=model_config) if "model_config" in parameters else implementation()
