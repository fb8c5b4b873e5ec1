"""The call of a run: under which name it goes on, and what is shown beside what it asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from attrs import field, frozen

from osprey.approval.asking import asks
from osprey.approval.seeds.payloads import TYPES
from osprey.approval.seeds.places import CALL, current_call, current_place, digest_of
from osprey.approval.seeds.plain import plain_json
from osprey.config import ExecutionMethod
from osprey.errors import ConfigError, RefusedError, UsageError
from osprey.services.python_executor.exceptions import ContainerConfigurationError

if TYPE_CHECKING:
    from osprey.config import ApprovalConfig
    from osprey.project import Project
    from osprey.services.python_executor.requests import PythonExecutionRequest

_CAPABILITY: Final = "python"
_PREFIX: Final = "python_executor"
_STRENGTH: Final = {ExecutionMethod.LOCAL: 0, ExecutionMethod.CONTAINER: 1}


@frozen(kw_only=True)
class RunCall:
    """One call of the service; JSON throughout."""

    run: str
    """The name of its checkpoints."""
    thread: str
    """That its requests are filed under."""
    key: str
    """What makes its requests the same ones when a stage runs again after a crash."""
    is_code_asked: bool
    """A person reads all code before it runs."""
    shown: Mapping[str, Any] = field(factory=dict[str, Any])
    """What is shown beside each request."""
    digest: str = ""
    """What makes it the same call when its caller runs again; empty: it never is."""


def call_of(project: Project, request: PythonExecutionRequest, config: Mapping[str, Any] | None) -> RunCall:
    """Give the call that a configuration makes of a request.

    :raises UsageError: the configuration names no thread.
    :raises RefusedError: it asks for less isolation than the project does.
    """
    require_method(project, configurable_of(config).get("execution_method"))
    thread, place, outer = thread_id_of(config), current_place(), current_call()
    shown: dict[str, Any] = {"question": request.user_query or request.task_objective}
    if outer is not None:
        shown |= {TYPES: list(outer.types), CALL: outer.digest}
    digest = ""
    if place is not None:
        digest = digest_of(place.thread, place.namespace, outer.digest if outer else "", _stated(request))
    return RunCall(
        run=run_of(config),
        thread=thread,
        key=f"{place.thread if place else ''}/{_PREFIX}/{thread}",
        is_code_asked=is_code_asked(project, project.config.approval),
        shown=shown,
        digest=digest,
    )


def run_of(config: Mapping[str, Any] | None) -> str:
    """Give the name of the run that a configuration means: its thread, within the thread that calls.

    :raises UsageError: the configuration names no thread.
    """
    place, namespace = current_place(), str(configurable_of(config).get("checkpoint_ns", ""))
    caller = place.thread if place else ""
    return f"{caller}/{_PREFIX}/{digest_of(caller, namespace, thread_id_of(config))}"


def thread_id_of(config: Mapping[str, Any] | None) -> str:
    """Give the thread that a configuration names.

    :raises UsageError: there is none.
    """
    thread = configurable_of(config).get("thread_id")
    if not isinstance(thread, str) or not thread:
        msg = (
            "the Python service is called with a thread of its own: config={'configurable': {'thread_id': NAME}}; "
            f"configurable.thread_id is {'missing' if thread is None else repr(thread)}"
        )
        raise UsageError(msg)
    return thread


def configurable_of(config: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Give the part of a configuration that is a graph's own."""
    given: Any = (config or {}).get("configurable", {})
    if not isinstance(given, Mapping):
        msg = f"'configurable' of a service's configuration is a mapping, not {type(given).__name__}"
        raise UsageError(msg)
    return cast("Mapping[str, Any]", given)


def is_code_asked(project: Project, approval: ApprovalConfig) -> bool:
    """Say whether a person reads all code before it runs: by the mode of approval, or of execution."""
    reading = project.config.execution.modes.get("read_only")
    asked = reading is not None and bool(reading.requires_approval)
    return asked or asks(approval, _CAPABILITY).is_asked


def require_method(project: Project, wanted: Any = None) -> None:
    """Go on only if code can run where the project, and this one call, want it to.

    :raises ConfigError: the project wants what this version does not do.
    :raises RefusedError: the call wants less than the project.
    :raises ContainerConfigurationError: the call wants a container, and there is nothing that runs one.
    """
    from osprey.config import DemandArea

    configured = project.config.execution.execution_method
    if wanted is not None:
        method = _method(wanted)
        if _STRENGTH[method] < _STRENGTH[configured]:
            msg = f"configurable.execution_method is {method}, which isolates less than the project's {configured}"
            raise RefusedError(msg, rule="python.execution_method")
        if method is ExecutionMethod.CONTAINER and configured is not ExecutionMethod.CONTAINER:
            msg = "configurable.execution_method is container, and nothing here runs one: leave it out, or set local"
            raise ContainerConfigurationError(msg)
    project.config.require(DemandArea.EXECUTION)


def _method(wanted: Any) -> ExecutionMethod:
    try:
        return ExecutionMethod(wanted)
    except ValueError as exc:
        msg = f"configurable.execution_method is {wanted!r}: it is container or local"
        raise ConfigError(msg) from exc


def _stated(request: PythonExecutionRequest) -> Any:
    try:
        return plain_json(request, "request")
    except UsageError:  # tables and arrays: what was called is told by its place
        return request.task_objective
