"""The generator of a configuration that names none: templates for planned phrases, a model for everything else."""

from __future__ import annotations

from osprey.services.python_executor.exceptions import CodeGenerationError
from osprey.services.python_executor.generation.factory import generator_of
from osprey.services.python_executor.generation.phrasebook import CONTEXT_KEY
from osprey.services.python_executor.models import PythonExecutionRequest


class AutomaticGenerator:
    """Has the phrasebook write what it has a template for, and `basic` what it has none for."""

    async def generate_code(self, request: PythonExecutionRequest, error_chain: list[str]) -> str:
        """Write code in the way that fits the request.

        :raises CodeGenerationError: it is no planned phrase, and no model is configured that writes Python.
        """
        from osprey.project import current_project
        from osprey.services.python_executor.generation.basic.models import has_model

        project = current_project()
        if CONTEXT_KEY in request.capability_context_data:
            return await generator_of(project, "phrasebook").generate_code(request, error_chain)
        if not has_model(project):
            msg = (
                "nothing here writes Python for a free task: set models.python_code_generator (or models.default) to a "
                "provider and a model_id, or execution.code_generator to a generator that needs none"
            )
            raise CodeGenerationError(msg, error_chain=error_chain)
        return await generator_of(project, "basic").generate_code(request, error_chain)
