"""What a writer of Python is: one method, and nothing to inherit."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from osprey.services.python_executor.models import PythonExecutionRequest


@runtime_checkable
class CodeGenerator(Protocol):
    """An object that writes code. Structural: nothing is inherited, and this method is all of it."""

    async def generate_code(self, request: PythonExecutionRequest, error_chain: list[str]) -> str:
        """Write Python for `request`; `error_chain` holds what went wrong with earlier attempts, the oldest first.

        :raises CodeGenerationError: no code can be written for it.
        """
        ...
