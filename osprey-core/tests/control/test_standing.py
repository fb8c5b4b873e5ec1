"""Whether what was approved still holds, where a look at the machine does not tell."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from osprey.control import ErrorKind, Fault, Severity
from osprey.control.guard.standing import find_alarm

CHANNEL = "X:HCM1:SP"


def looked(*readings: Fault) -> Any:
    return SimpleNamespace(scene=SimpleNamespace(readings={one.channel: one for one in readings}))


@pytest.mark.parametrize("readings", [(), (Fault(channel=CHANNEL, kind=ErrorKind.TIMEOUT, message="late"),)])
def test_an_alarm_that_cannot_be_told_is_not_taken_for_the_one_that_was_shown(readings: tuple[Fault, ...]) -> None:
    writes = cast("Any", SimpleNamespace(alarms={CHANNEL: "ok"}))
    refusal = find_alarm(writes, looked(*readings))
    assert refusal is not None
    assert refusal.rule == "approval.stale"
    assert "cannot be told" in refusal.reason


def test_the_severities_are_in_their_order() -> None:
    order = [Severity.OK, Severity.MINOR, Severity.MAJOR, Severity.INVALID]
    for place, severity in enumerate(order):
        assert [severity.is_worse_than(other) for other in order] == [True] * place + [False] * (len(order) - place)
