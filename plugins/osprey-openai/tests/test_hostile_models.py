"""What models do that they should not, over this dialect's wire: no turn is led astray by it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from openai_wire import answer, call

from osprey.testing.hostile_models import CASES, WAYS, Case, Dialect, Said, check

pytestmark = pytest.mark.anyio


def written(said: Said) -> dict[str, Any]:
    if said.is_refusal:
        return answer({"content": None, "refusal": said.text})
    calls = [call(name, arguments, f"call_{place}") for place, (name, arguments) in enumerate(said.calls)]
    finish = "length" if said.is_cut else "tool_calls" if calls else "stop"
    return answer({"content": said.text or None, **({"tool_calls": calls} if calls else {})}, finish)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", CASES, ids=str)
async def test_whatever_a_model_answers_is_handled_counted_and_shown_and_changes_nothing(
    tmp_path: Path, case: Case, way: str
) -> None:
    await check(Dialect(name="openai", write=written, path="/v1"), case, way, tmp_path)
