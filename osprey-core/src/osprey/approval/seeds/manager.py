"""The seeds' approval manager: what the configuration of the current project wants asked, read anew each time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

from osprey.approval.asking import asks, key_of
from osprey.approval.seeds.evaluators import MemoryApprovalEvaluator, PythonExecutionApprovalEvaluator
from osprey.config import ApprovalMode, GlobalMode
from osprey.project import current_project

if TYPE_CHECKING:
    from osprey.config import ApprovalConfig
    from osprey.project import Project


@frozen
class PythonExecutionApprovalConfig:
    """What holds for programs; every write is approved, whatever stands here."""

    enabled: bool
    """Whether more is asked for than the approval of writes, if `mode` says so."""
    mode: ApprovalMode


@frozen
class MemoryApprovalConfig:
    """What holds for changes to what is remembered."""

    enabled: bool


class ApprovalManager:
    """Reads the approval rules of one project."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def get_python_execution_config(self) -> PythonExecutionApprovalConfig:
        """Give what holds for programs, with the global mode taken into account."""
        config = self._config
        stated = config.capabilities.get(key_of("python"))
        if config.global_mode is GlobalMode.ALL_CAPABILITIES:
            return PythonExecutionApprovalConfig(True, ApprovalMode.ALL_CODE)
        mode = (stated.mode if stated else None) or ApprovalMode.CONTROL_WRITES
        is_enabled = stated is None or stated.enabled
        return PythonExecutionApprovalConfig(is_enabled and config.global_mode is not GlobalMode.DISABLED, mode)

    def get_memory_config(self) -> MemoryApprovalConfig:
        """Give what holds for the memory, with the global mode and the policies taken into account."""
        return MemoryApprovalConfig(asks(self._config, "memory", "save").is_asked)

    def get_python_execution_evaluator(self) -> PythonExecutionApprovalEvaluator:
        """Give what judges programs."""
        return PythonExecutionApprovalEvaluator(self._config)

    def get_memory_evaluator(self) -> MemoryApprovalEvaluator:
        """Give what judges operations on the memory."""
        return MemoryApprovalEvaluator(self._config)

    def get_config_summary(self) -> dict[str, Any]:
        """Give what holds now as plain values, for a person or a log."""
        python, memory = self.get_python_execution_config(), self.get_memory_config()
        return {
            "global_mode": str(self._config.global_mode),
            "python_execution": {"enabled": python.enabled, "mode": str(python.mode)},
            "memory": {"enabled": memory.enabled},
            "policies": sorted(self._config.policies),
            "writes": "always approved",
        }

    @property
    def _config(self) -> ApprovalConfig:
        return self._project.config.approval


def get_approval_manager() -> ApprovalManager:
    """Give the approval manager of the current project."""
    return ApprovalManager(current_project())


def get_python_execution_evaluator() -> PythonExecutionApprovalEvaluator:
    """Give what judges programs by the configuration of the current project."""
    return get_approval_manager().get_python_execution_evaluator()


def get_memory_evaluator() -> MemoryApprovalEvaluator:
    """Give what judges operations on the memory by the configuration of the current project."""
    return get_approval_manager().get_memory_evaluator()
