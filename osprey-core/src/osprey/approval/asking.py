"""Whether a capability's work asks for approval at all, beyond that of its writes, which always do.

The keys of the configuration decide here, for what has no effect on a machine. They can only add.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from attrs import frozen

from osprey.config import ApprovalMode, GlobalMode

if TYPE_CHECKING:
    from osprey.config import ApprovalConfig

KEY_OF_CAPABILITY: Final = {"python": "python_execution"}
"""Where a capability's key under `approval.capabilities` is not its own name."""
KIND_OF_CAPABILITY: Final = {"python": "python_executor", "memory": "memory_*"}
"""Where a capability's kind of request is not its own name."""
_ALWAYS: Final = frozenset({"channel_write"})
"""Capabilities whose every effect is a write: it has its own approval, and one is enough."""
_KNOWN_MODES: Final = (GlobalMode.DISABLED, GlobalMode.SELECTIVE, GlobalMode.ALL_CAPABILITIES)
_NOT_ALL_CODE: Final = (None, ApprovalMode.DISABLED, ApprovalMode.CONTROL_WRITES)
"""Modes under which code that only reads is not asked for; one that nobody knows asks."""
_LOOKING: Final = frozenset({"search", "list", "show"})
"""Operations of a memory that change nothing: only `all_capabilities` asks for those."""
_BY_WRITES: Final = frozenset({"channel_write", "python"})
"""Capabilities whose kind of request is that of a list of writes: a policy on the kind is about those."""


@frozen(kw_only=True)
class Answer:
    """Whether a person is asked, and the rule that says so."""

    is_asked: bool
    rule: str


def key_of(capability: str) -> str:
    """Give the name under `approval.capabilities` that governs a capability."""
    return KEY_OF_CAPABILITY.get(capability, capability)


def kind_of(capability: str, operation: str = "") -> str:
    """Give the kind of request that a capability's work becomes; a memory's has the operation in its name."""
    return KIND_OF_CAPABILITY.get(capability, capability).replace("*", operation or "*")


def asks(config: ApprovalConfig, capability: str, operation: str = "") -> Answer:
    """Say whether a step of this capability waits for a person before it runs.

    Writes are no part of the question: the guard wants an approval for each, whatever stands here.
    """
    key = key_of(capability)
    if operation in _LOOKING and config.global_mode is not GlobalMode.ALL_CAPABILITIES:
        return Answer(is_asked=False, rule="approval.global_mode")
    if config.global_mode is GlobalMode.ALL_CAPABILITIES:
        return Answer(is_asked=capability not in _ALWAYS, rule="approval.global_mode")
    kind = kind_of(capability, operation)
    for name, policy in config.policies.items():
        if capability not in _BY_WRITES and any(fnmatchcase(kind, pattern) for pattern in policy.kinds):
            return Answer(is_asked=True, rule=f"approval.policies.{name}")
    if config.global_mode not in _KNOWN_MODES:
        return Answer(is_asked=True, rule="approval.global_mode")
    stated = config.capabilities.get(key)
    if config.global_mode is GlobalMode.DISABLED or stated is None or not stated.enabled or capability in _ALWAYS:
        return Answer(is_asked=False, rule="approval.global_mode" if stated is None else f"approval.capabilities.{key}")
    rule = f"approval.capabilities.{key}"
    if capability == "python":
        return Answer(is_asked=stated.mode not in _NOT_ALL_CODE, rule=f"{rule}.mode")
    return Answer(is_asked=stated.mode is not ApprovalMode.DISABLED, rule=rule)


@frozen(kw_only=True)
class Asked:
    """What the configuration makes of one capability, for people to read."""

    capability: str
    key: str
    """Where the configuration may speak of it."""
    kind: str
    """The kind of request that it becomes."""
    is_asked: bool
    rule: str


def who_is_asked(config: ApprovalConfig, capabilities: Iterable[str]) -> tuple[Asked, ...]:
    """Give the mapping from capabilities to keys and kinds of request, with what holds now."""
    found: list[Asked] = []
    for name in capabilities:
        answer = asks(config, name)
        key = f"approval.capabilities.{key_of(name)}"
        found.append(Asked(capability=name, key=key, kind=kind_of(name), is_asked=answer.is_asked, rule=answer.rule))
    return tuple(found)
