"""What an application's `execute` gives, as a step's result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from osprey.base.contexts.context import BESIDE_KEY, CONTEXT_TYPE_KEY, untyped
from osprey.base.contexts.preview import preview_of
from osprey.base.results import ApprovalNeeded, StepResult
from osprey.errors import UsageError

if TYPE_CHECKING:
    from osprey.base.capability import BaseCapability

_CONTEXTS: Final = "capability_context_data"
_CLEARED: Final = frozenset({"approval_approved", "approved_payload"})
"""What `clear_approval_state` gives; here a decision is spent in the journal, so there is nothing to clear."""


async def result_of(capability: BaseCapability, returned: Any) -> StepResult | ApprovalNeeded:
    """Make a result of what `execute` gave.

    :raises UsageError: it is nothing that a step can leave behind, or holds something that nothing would read.
    """
    if isinstance(returned, StepResult | ApprovalNeeded):
        return returned
    if returned is None:
        return StepResult()
    if not isinstance(returned, Mapping):
        msg = f"capability '{capability.name}' returned {type(returned).__name__}: use store_output_context"
        raise UsageError(msg)
    given = {key: value for key, value in cast("Mapping[str, Any]", returned).items() if key not in _CLEARED}
    if _CONTEXTS not in given:
        return await _left(capability, given) if given else StepResult()
    if strange := sorted(map(str, set(given) - {_CONTEXTS})):
        msg = (
            f"capability '{capability.name}' returned {', '.join(strange)} beside its context; "
            "nothing reads that: put it into what store_output_context gets"
        )
        raise UsageError(msg)
    return await _of_state(capability, given[_CONTEXTS])


async def _of_state(capability: BaseCapability, by_type: Any) -> StepResult:
    stored, key = _stored(capability, by_type), capability.step.context_key
    own = stored.pop(key, None)
    if own is None:
        msg = f"capability '{capability.name}' left nothing under its own context key '{key}'"
        raise UsageError(msg)
    result = await _left(capability, own)
    beside = {name: await capability.leave(context, key=name) for name, context in stored.items()}
    return StepResult(text=result.text, context={**result.context, BESIDE_KEY: beside} if beside else result.context)


def _stored(capability: BaseCapability, by_type: Any) -> dict[str, Mapping[str, Any]]:
    """Give what is new in `{type: {key: context}}`, by key; an application may give back all that it found there."""
    known = capability.known_contexts()
    stored: dict[str, Mapping[str, Any]] = {}
    try:
        for kind, contexts in by_type.items():
            for key, context in contexts.items():
                if key not in known:
                    stored[str(key)] = {CONTEXT_TYPE_KEY: str(kind), **context}
    except (AttributeError, TypeError) as exc:
        msg = f"capability '{capability.name}': '{_CONTEXTS}' is {{type: {{context key: context}}}}; {exc}"
        raise UsageError(msg) from exc
    return stored


async def _left(capability: BaseCapability, context: Mapping[str, Any]) -> StepResult:
    left = await capability.leave(context)
    return StepResult(text=_told(untyped(context)), context=left)


def _told(fields: Mapping[str, Any]) -> str:
    """Say in a few lines what was left behind; whoever wants other words gives a `StepResult`."""
    return "\n".join(f"{key.replace('_', ' ')}: {value}" for key, value in preview_of(fields).items())
