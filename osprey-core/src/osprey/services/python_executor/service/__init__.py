"""The service: a request becomes code, a rehearsal, a person's decision, an effect and a record, in a graph of its own.

`PythonExecutorService` is what applications call. `runs_of` gives the runs of a project for whoever has a thread of
its own already, such as the agent; both go through the same stages. `stages` has a module for each.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from osprey.services.python_executor.service.calls import RunCall
    from osprey.services.python_executor.service.endings import Asked, Ended
    from osprey.services.python_executor.service.events import Stage, StageBegan
    from osprey.services.python_executor.service.facade import PythonExecutorService
    from osprey.services.python_executor.service.runs import ServiceRuns, runs_of

_HOMES: Final = {
    "Asked": "endings",
    "Ended": "endings",
    "PythonExecutorService": "facade",
    "RunCall": "calls",
    "ServiceRuns": "runs",
    "Stage": "events",
    "StageBegan": "events",
    "runs_of": "runs",
}

__all__ = ["Asked", "Ended", "PythonExecutorService", "RunCall", "ServiceRuns", "Stage", "StageBegan", "runs_of"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    msg = f"{__name__} has no {name!r}"
    raise AttributeError(msg)
