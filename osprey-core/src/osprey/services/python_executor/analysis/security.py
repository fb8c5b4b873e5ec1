"""The seeds' `analyze_code_security`: what the analyser says, as attributes that an approval evaluator reads."""

from __future__ import annotations

import anyio.to_thread
from attrs import frozen

from osprey.project import current_project
from osprey.services.python_executor.analysis.combining import analyst_of
from osprey.services.python_executor.analysis.report import Analysis, Verdict


@frozen
class CodeSecurity:
    """What is known of a text before it runs. Where it cannot be told, it counts as writing."""

    analysis: Analysis

    @property
    def verdict(self) -> Verdict:
        """Give the verdict of three."""
        return self.analysis.verdict

    @property
    def has_control_writes(self) -> bool:
        """Say whether it writes, or may."""
        return self.analysis.may_write

    @property
    def has_control_reads(self) -> bool:
        """Say whether it reads a machine."""
        return bool(self.analysis.reads)

    @property
    def has_epics_writes(self) -> bool:
        """Give `has_control_writes` under the seeds' older name; it speaks of every control system."""
        return self.has_control_writes

    @property
    def has_epics_reads(self) -> bool:
        """Give `has_control_reads` under the seeds' older name; it speaks of every control system."""
        return self.has_control_reads


async def analyze_code_security(code: str) -> CodeSecurity:
    """Look at a text before it runs, for the project of the current context. It grants nothing."""
    analyst = analyst_of(current_project())
    return CodeSecurity(await anyio.to_thread.run_sync(analyst.analyse, code))
