"""What models do that they should not, over this dialect's wire: no turn is led astray by it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from claude_wire import answer, call, text

from osprey.testing.hostile_models import CASES, WAYS, Case, Dialect, Said, check

pytestmark = pytest.mark.anyio


def written(said: Said) -> dict[str, Any]:
    calls = [call(name, _input(arguments), f"toolu_{place}") for place, (name, arguments) in enumerate(said.calls)]
    stop = "refusal" if said.is_refusal else "max_tokens" if said.is_cut else "tool_use" if calls else "end_turn"
    return answer(*([text(said.text)] if said.text else ()), *calls, stop=stop)


def _input(arguments: str) -> Any:
    """Give arguments as this dialect has them: an object, or of what is none the text."""
    try:
        return json.loads(arguments)
    except ValueError:
        return arguments


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", CASES, ids=str)
async def test_whatever_a_model_answers_is_handled_counted_and_shown_and_changes_nothing(
    tmp_path: Path, case: Case, way: str
) -> None:
    await check(Dialect(name="anthropic", write=written), case, way, tmp_path)
