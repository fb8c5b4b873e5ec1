"""What the file asks for beyond what this version does, where silence would be dangerous.

Such a setting loads, `config check` names it, and the part that would have to obey it refuses to work
(`Config.require`). A demand is taken out of here in the change that meets it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from osprey.config.approval import ApprovalMode, GlobalMode
from osprey.config.layout import ApprovalLayout, ControlSystemLayout, ExecutionLayout
from osprey.config.schema import Demand, DemandArea, ExecutionMethod

LineOf = Callable[[str], int]


def execution_demands(layout: ExecutionLayout, line_of: LineOf) -> Iterator[Demand]:
    """Name what `execution` asks for and does not get."""
    if layout.execution_method is ExecutionMethod.CONTAINER:
        path = "execution.execution_method"
        yield Demand(
            area=DemandArea.EXECUTION,
            path=path,
            line=line_of(path),
            asks="a container for generated Python",
            remedy="set it to local, which runs generated Python in the sandbox of this host",
        )


def control_demands(layout: ControlSystemLayout, line_of: LineOf) -> Iterator[Demand]:
    """Name what `control_system` asks for and does not get."""
    checking = layout.limits_checking
    if checking is not None and checking.enabled and checking.database_path is None:
        path = "control_system.limits_checking"
        yield Demand(
            area=DemandArea.CONTROL,
            path=path,
            line=line_of(path),
            asks="limits from a file that it does not name",
            remedy="set its database_path, or limits.file of each target",
        )


def powerless(
    control: ControlSystemLayout, approval: ApprovalLayout, execution: ExecutionLayout, line_of: LineOf
) -> Iterator[str]:
    """Name the keys that seem to take safety away, which no key can."""
    paths: list[str] = []
    if approval.global_mode is GlobalMode.DISABLED:
        paths.append("approval.global_mode")
    for name, capability in approval.capabilities.items():
        if not capability.enabled:
            paths.append(f"approval.capabilities.{name}.enabled")
        if capability.mode is ApprovalMode.DISABLED:
            paths.append(f"approval.capabilities.{name}.mode")
    modes = execution.modes
    if modes.write_access is not None and modes.write_access.requires_approval is False:
        paths.append("execution.modes.write_access.requires_approval")
    if modes.read_only is not None and modes.read_only.allows_writes:
        paths.append("execution.modes.read_only.allows_writes")
    for path in paths:
        yield f"{path} (line {line_of(path)}) has no power to remove the approval of a write"
    yield from _powerless_limits(control, line_of)


def _powerless_limits(control: ControlSystemLayout, line_of: LineOf) -> Iterator[str]:
    older = control.limits_checking
    if older is None:
        return
    path = "control_system.limits_checking"
    if not older.enabled:
        yield f"{path} (line {line_of(path)}) has no power to switch limits off; the guard always checks them"
    if older.on_violation == "skip":
        key = f"{path}.on_violation"
        yield f"{key} (line {line_of(key)}) has no power to skip a refused write; the whole batch is refused"
    if older.allow_unlisted_channels:
        key = f"{path}.allow_unlisted_channels"
        yield (
            f"{key} (line {line_of(key)}) is read as limits.unlisted: native_only; it has no power to allow "
            "a write to a channel without any limit"
        )
