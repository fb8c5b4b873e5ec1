"""The seeds' evaluators: whether work asks for approval, by the configuration as it is now."""

from __future__ import annotations

from typing import NamedTuple

from attrs import frozen

from osprey.approval.asking import asks, key_of
from osprey.config import ApprovalConfig, ApprovalMode, GlobalMode


class ApprovalDecision(NamedTuple):
    """Whether a person is asked, and why."""

    needs_approval: bool
    reasoning: str


@frozen
class PythonExecutionApprovalEvaluator:
    """Says whether a program needs approval before it runs."""

    approval: ApprovalConfig

    def evaluate(
        self,
        has_epics_writes: bool | None = None,
        has_epics_reads: bool | None = None,
        *,
        has_control_writes: bool | None = None,
        has_control_reads: bool | None = None,
    ) -> ApprovalDecision:
        """Judge a program by what its analysis found; writes always need approval, whatever the configuration says.

        :param has_control_writes: another spelling of `has_epics_writes`, as `has_control_reads` is of
            `has_epics_reads`; one yes under either counts. Nothing under either counts as not known.
        """
        writes = _joined(has_epics_writes, has_control_writes)
        if writes is not False:
            found = "it writes to the control system" if writes else "it is not known whether it writes"
            return ApprovalDecision(True, f"{found}, and every write needs approval")
        unknown = _unknown_word(self.approval, "python")
        if unknown:
            return ApprovalDecision(True, unknown)
        answer = asks(self.approval, "python")
        reads = _joined(has_epics_reads, has_control_reads)
        found = "it reads from the control system" if reads else "it has no access to the control system"
        if answer.is_asked:
            return ApprovalDecision(True, f"{answer.rule} wants all code approved; {found}")
        return ApprovalDecision(False, f"{found}, and {answer.rule} wants no more approved than writes")


@frozen
class MemoryApprovalEvaluator:
    """Says whether a change to what is remembered needs approval."""

    approval: ApprovalConfig

    def evaluate(self, operation_type: str = "general") -> ApprovalDecision:
        """Judge an operation on the memory."""
        unknown = _unknown_word(self.approval, "memory")
        if unknown:
            return ApprovalDecision(True, unknown)
        answer = asks(self.approval, "memory", operation_type)
        wanted = "wants it approved" if answer.is_asked else "wants no approval of it"
        return ApprovalDecision(answer.is_asked, f"memory operation {operation_type!r}: {answer.rule} {wanted}")


def _joined(first: object, second: object) -> bool | None:
    """Give what was said under two spellings: a yes wins, then what is no truth value, then a no."""
    stated = [value for value in (first, second) if value is not None]
    if any(value is True for value in stated):
        return True
    return False if stated and all(value is False for value in stated) else None


def _unknown_word(approval: ApprovalConfig, capability: str) -> str:
    """Say which word of the configuration this version does not know; empty if it knows all that matter here."""
    if approval.global_mode not in tuple(GlobalMode):
        return f"approval.global_mode is {approval.global_mode!r}, which is not known, so approval is needed"
    stated = approval.capabilities.get(key_of(capability))
    if stated is None or stated.mode is None or stated.mode in tuple(ApprovalMode):
        return ""
    return f"approval.capabilities.{key_of(capability)}.mode is {stated.mode!r}, which is not known, so it is needed"
