"""What came of a turn's steps: as a model is told it, fenced and bounded, and as evidence for what it says then."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from osprey.agent.saying.evidence import Evidence, evidence_of
from osprey.base import StepStatus
from osprey.base.contexts.context import PROVENANCE_KEY
from osprey.prompts.fencing import Source, fence

if TYPE_CHECKING:
    from osprey.agent.state import TurnState

MOST_TEXT: Final = 3_000
"""Characters of what one step says; of its data there are no more."""


def evidence_in(state: TurnState, *, zone: str, more: Sequence[str] = ()) -> Evidence:
    """Gather what a turn has shown: the question itself, and what its steps said and left.

    :param zone: in which times are told.
    :param more: further texts that the model and the person both know.
    """
    results: list[dict[str, Any]] = state.get("results", [])
    contexts: list[dict[str, Any]] = [result["context"] for result in results]
    origins: list[dict[str, Any]] = [context.get(PROVENANCE_KEY) or {} for context in contexts]
    channels = [{"channels": origin.get("channels")} for origin in origins]
    texts = [str(state.get("user_query", "")), *(str(result["text"]) for result in results), *more]
    return evidence_of(texts, [*contexts, *channels], zone=zone)


def told_text(result: Mapping[str, Any], limit: int = MOST_TEXT) -> list[str]:
    """Give what a step said, as a model is told it; nothing, if it said nothing."""
    return [fence(str(result["text"]), Source.RESULT, limit=limit)] if result["text"] else []


def told_context(result: Mapping[str, Any], limit: int = MOST_TEXT) -> list[str]:
    """Give what a finished step left, as a model is told it: previews alone, large data stay in their files."""
    if result["status"] != StepStatus.DONE or not result["context"]:
        return []
    return [fence(json.dumps(result["context"], ensure_ascii=False), Source.RESULT, limit=limit)]
