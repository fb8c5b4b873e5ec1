"""Every example of the page on the runtime runs in the sandbox and does what the page says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

import osprey.guest.runtime as runtime
from osprey.control.values import ChannelRecord, ErrorKind
from osprey.services.python_executor.models import RunMode, RunOutcome, RunStatus

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "runtime.md"
TEXT = PAGE.read_text(encoding="utf-8")
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@frozen
class Example:
    """A block of code, and the blocks that say what comes of it."""

    code: str
    said: dict[str, str]


def _examples() -> list[Example]:
    found: list[Example] = []
    for kind, text in _BLOCK.findall(TEXT):
        if kind == "python":
            found.append(Example(text, {}))
        else:
            found[-1].said[kind] = text.strip()
    return found


EXAMPLES = _examples()


@pytest.fixture
def ring(machine: Any) -> Any:
    """A corner of the ring, with a monitor that does not answer."""
    machine.values = {
        "SR:S01:DCCT01:CURRENT:RB": 498.2,
        "SR:S02:HCM03:CURRENT:SP": -0.043,
        "SR:S02:HCM03:CURRENT:RB": -0.043,
        "SR:S02:HCM04:CURRENT:SP": -0.287,
        **{f"SR:S02:BPM0{number}:X:RB": number / 100 for number in (5, 6, 7)},
    }
    machine.units = {name: "A" for name in machine.values if "HCM" in name}
    machine.faults = {"SR:S02:BPM06:X:RB": ErrorKind.TIMEOUT}
    positions = {"SR:S02:BPM05:X:RB": 15.8, "SR:S02:BPM06:X:RB": 20.2, "SR:S02:BPM07:X:RB": 21.8}
    setpoint, readback = "SR:S02:HCM03:CURRENT:SP", "SR:S02:HCM03:CURRENT:RB"
    machine.records = {
        setpoint: ChannelRecord(name=setpoint, device="HCM03", readback=readback),
        **{name: ChannelRecord(name=name, position_m=place, unit="mm") for name, place in positions.items()},
    }
    return machine


def _plan(outcome: RunOutcome) -> str:
    rows = [(write.group + 1, write.channel, write.value, write.unit or "") for write in outcome.writes]
    return "\n".join(" ".join(map(str, row)).rstrip() for row in rows)


@pytest.mark.sandbox
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.code.splitlines()[-1][:40])
def test_an_example_does_what_the_page_says(run: Any, ring: Any, example: Example) -> None:
    outcome = run(example.code, RunMode.DRY, inputs={"scan": {"observations": [{}, {}]}})
    if outcome.status is not RunStatus.DONE:
        assert outcome.error.startswith(example.said["text"]), outcome.error
        return
    assert outcome.replayable
    assert _plan(outcome) == example.said.get("plan", _plan(outcome))
    if "json" in example.said:
        assert outcome.results == json.loads(example.said["json"])
    if "text" in example.said:
        assert outcome.warnings == (example.said["text"],)
    if "plt" in example.code:
        assert outcome.figures


@pytest.mark.parametrize("name", runtime.__all__)
def test_everything_that_a_script_may_import_stands_on_the_page(name: str) -> None:
    assert f"`{name}" in TEXT
