"""What went wrong before, as a generator is told of it: texts, which carry their parts for whoever wants those."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import frozen

_HALF: Final = 500
"""Characters that are kept of each end of a long traceback."""


@frozen(kw_only=True)
class ExecutionError:
    """One failed attempt."""

    error_type: str
    error_message: str
    failed_code: str | None = None
    traceback: str | None = None
    attempt_number: int = 1
    stage: str = ""
    """``generation`` or ``execution``."""
    analysis_issues: Sequence[str] = ()

    def to_prompt_text(self) -> str:
        """Give it as a text for whoever writes the next attempt."""
        parts = [f"Attempt {self.attempt_number} failed ({self.stage}, {self.error_type}): {self.error_message}"]
        parts += [f"- {issue}" for issue in self.analysis_issues]
        if self.traceback:
            parts.append(f"It came from:\n{_shortened(self.traceback)}")
        if self.failed_code:
            parts.append(f"The code was:\n{self.failed_code}")
        return "\n".join(parts)


class ErrorText(str):
    """An error of `error_chain`: a text, with its parts in `details`."""

    details: ExecutionError

    def __new__(cls, details: ExecutionError) -> ErrorText:
        made = super().__new__(cls, details.to_prompt_text())
        made.details = details
        return made


def _shortened(text: str) -> str:
    if len(text) <= 2 * _HALF:
        return text
    return f"{text[:_HALF]}\n...\n{text[-_HALF:]}"
