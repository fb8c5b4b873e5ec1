"""Looking at code before it runs: a verdict of three, with lines and reasons. Advice, never a permission.

Import from this page. `libraries.toml` is the table of control libraries; what is not known to read is a write.
What code can really do is decided by the sandbox and the guard.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from osprey.services.python_executor.analysis.text import Finding, check_text

if TYPE_CHECKING:
    from osprey.services.python_executor.analysis.analyser import analyse
    from osprey.services.python_executor.analysis.combining import (
        CodeAnalyst,
        CodePolicy,
        CodeReader,
        ExecutionDecision,
        analyst_of,
    )
    from osprey.services.python_executor.analysis.report import Access, Analysis, Findings, Remark, Verdict
    from osprey.services.python_executor.analysis.security import CodeSecurity, analyze_code_security

_HOMES = {
    "analyse": "analyser",
    "CodeAnalyst": "combining",
    "CodePolicy": "combining",
    "CodeReader": "combining",
    "ExecutionDecision": "combining",
    "analyst_of": "combining",
    "CodeSecurity": "security",
    "analyze_code_security": "security",
    "Access": "report",
    "Analysis": "report",
    "Findings": "report",
    "Remark": "report",
    "Verdict": "report",
}

__all__ = [
    "Access",
    "Analysis",
    "CodeAnalyst",
    "CodePolicy",
    "CodeReader",
    "CodeSecurity",
    "ExecutionDecision",
    "Finding",
    "Findings",
    "Remark",
    "Verdict",
    "analyse",
    "analyst_of",
    "analyze_code_security",
    "check_text",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    msg = f"osprey.services.python_executor.analysis has no {name!r}"
    raise AttributeError(msg)
