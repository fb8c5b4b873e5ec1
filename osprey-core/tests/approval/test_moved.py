"""What has moved since a request was filed is said beside it, and a machine that does not answer is said too."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import anyio
import pytest

from osprey.approval.moved import moved_since_filed
from osprey.control import Reading, Severity
from osprey.control.mock.settings import MockFault
from osprey.control.values import DType

pytestmark = pytest.mark.anyio

FIRST, SECOND = "X:HCM1:SP", "X:HCM2:SP"


@pytest.fixture
async def room(make_room: Any) -> Any:
    return await make_room()


async def test_nothing_has_moved_on_a_machine_that_stands_still(room: Any) -> None:
    row = await room.asked({FIRST: 1.5, SECOND: 2.5})
    movement = await moved_since_filed(room.project, row)
    assert movement is not None
    assert (movement.looked_at, movement.lines) == (2, ())


async def test_a_channel_that_moved_is_named_with_both_values(room: Any) -> None:
    room.machine.change(FIRST, 0.5)
    row = await room.asked({FIRST: 1.5, SECOND: 2.5})
    room.machine.change(FIRST, 0.75)
    movement = await moved_since_filed(room.project, row)
    assert movement is not None
    [line] = movement.lines
    assert line.startswith(f"{FIRST} was 0.5, is 0.75")


async def test_what_moved_within_the_tolerance_has_not_moved(room: Any) -> None:
    room.machine.change(FIRST, 0.5)
    row = await room.asked({FIRST: 1.5})
    room.machine.change(FIRST, 0.509)
    movement = await moved_since_filed(room.project, row)
    assert movement is not None
    assert movement.lines == ()


async def test_a_channel_that_cannot_be_read_is_a_line_and_hides_no_other(room: Any) -> None:
    row = await room.asked({FIRST: 1.5, SECOND: 2.5})
    room.machine.change(SECOND, 9.0)
    room.machine.inject(FIRST, MockFault.GONE)
    movement = await moved_since_filed(room.project, row)
    assert movement is not None
    assert [line.partition(" ")[0] for line in movement.lines] == [FIRST, SECOND]
    assert "cannot be read now" in movement.lines[0]


async def test_a_machine_that_does_not_answer_costs_no_more_than_the_deadline(
    room: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(channels: Sequence[str], *, timeout_s: float) -> list[Any]:
        await anyio.sleep(math.inf)
        return []

    row = await room.asked()
    monkeypatch.setattr(room.machine, "read", never)
    movement = await moved_since_filed(room.project, row, longest_s=0.01)
    assert movement is not None
    assert movement.looked_at == 0
    assert "has not answered within 0.01 s" in movement.lines[0]


async def test_a_connector_with_a_defect_does_not_keep_the_request_from_being_shown(
    room: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(channels: Sequence[str], *, timeout_s: float) -> list[Any]:
        raise ZeroDivisionError("in the connector")

    row = await room.asked()
    monkeypatch.setattr(room.machine, "read", broken)
    movement = await moved_since_filed(room.project, row)
    assert movement is not None
    assert movement.lines == ("what has moved since cannot be told: ZeroDivisionError: in the connector",)


async def test_a_worse_alarm_is_said_with_what_it_was(room: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    row = await room.asked()
    [before] = await room.machine.read([FIRST], timeout_s=1.0)

    async def alarmed(channels: Sequence[str], *, timeout_s: float) -> list[Any]:
        return [
            Reading(
                channel=FIRST,
                value=before.value,
                dtype=DType.FLOAT,
                severity=Severity.MAJOR,
                alarm="HIHI",
                received_ns=before.received_ns,
            )
        ]

    monkeypatch.setattr(room.machine, "read", alarmed)
    movement = await moved_since_filed(room.project, row)
    assert movement is not None
    assert movement.lines == (f"{FIRST} is in major alarm (HIHI), and was ok",)


async def test_only_lists_of_writes_that_wait_are_looked_at(room: Any) -> None:
    remembered = await room.asked_text()
    assert await moved_since_filed(room.project, remembered) is None
    row = await room.asked()
    rejected = await room.journal.requests.reject(row.id, room.who("bob").actor, "no")
    assert await moved_since_filed(room.project, rejected) is None
