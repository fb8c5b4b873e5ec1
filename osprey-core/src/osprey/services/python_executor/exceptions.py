"""What the executor raises. How a run of code ended is a value (`RunOutcome`), not an exception."""

from __future__ import annotations

from collections.abc import Sequence

from osprey.errors import OspreyError


class CodeGenerationError(OspreyError):
    """A generator could not write code for a request."""

    def __init__(self, message: str, *, generation_attempt: int = 1, error_chain: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.generation_attempt = generation_attempt
        self.error_chain = list(error_chain)
