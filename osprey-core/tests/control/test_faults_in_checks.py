"""Whatever goes wrong inside the guard refuses: every check, and every function of its checks, is made to fail.

The list of checks and the functions are found by looking at the modules, so that a new check is tried by itself.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import pkgutil
from collections.abc import Callable
from typing import Any

import pytest

from osprey.control import MockConnector
from osprey.control.guard import checks
from osprey.errors import RefusedError
from osprey.journal.ledger.ledger import Ledger

SP = "SR:01:HCM1:SP"
SP2 = "SR:01:HCM2:SP"
# Every key that makes a check do something, so that each function is reached.
LIMITS = """
channels:
  "*":
    min: -9
    max: 9
    allowed: [2.5, 1.0]
    step: 0.5
    max_step: 20
    max_rate: 1000000
    max_travel: 1000000
    group_rate: 1000000
    expression: 'ch("X:Beam") < 1000 and value != current'
    tolerance_absolute: 0.1
    fields: [DRVH]
"""

pytestmark = pytest.mark.anyio


class StrangeError(BaseException):
    """No exception that anybody expects."""


def modules() -> list[Any]:
    found = pkgutil.iter_modules(checks.__path__, f"{checks.__name__}.")
    return [importlib.import_module(module.name) for module in found]


STAGES = {
    name: order
    for name, order in vars(checks).items()
    if isinstance(order, tuple) and order and all(inspect.isfunction(check) for check in order)
}
PLACES = [(stage, number) for stage, order in STAGES.items() for number in range(len(order))]
FUNCTIONS = [
    (module, name)
    for module in modules()
    for name, found in vars(module).items()
    if inspect.isfunction(found) and found.__module__ == module.__name__
]
ERRORS = [
    ZeroDivisionError("boom"),
    KeyError("x"),
    RecursionError("too deep"),
    MemoryError(),
    StopIteration(),
    UnicodeError("x"),
    ExceptionGroup("two", [ValueError("x"), TypeError("y")]),
]
TORN = [KeyboardInterrupt(), SystemExit(3), GeneratorExit(), asyncio.CancelledError(), StrangeError()]
WRONG = [None, True, "ok", 0, [], object()]


def raising(error: BaseException) -> Callable[..., Any]:
    def broken(*args: Any, **kwargs: Any) -> Any:
        raise error

    return broken


def test_the_checks_are_found():
    assert set(STAGES) >= {"BEFORE_READING", "ON_FRESH_VALUES", "BEFORE_A_GROUP"}
    every = {check for order in STAGES.values() for check in order}
    assert len(every) >= 10
    assert len(FUNCTIONS) > 50
    listed = {name for _, name in FUNCTIONS if name.startswith(("check_", "settle_"))}
    assert listed == {check.__name__ for check in every}, "a check that stands in no stage is never asked"


def swap(monkeypatch: pytest.MonkeyPatch, stage: str, number: int, check: Callable[..., Any]) -> None:
    order = list(STAGES[stage])
    order[number] = check
    monkeypatch.setattr(checks, stage, tuple(order))


async def refuses(room: Any, request: Any) -> None:
    """See that neither judging nor applying lets anything through, and that the approval is not used up."""
    judgement = await room.judge({SP: 2.5, SP2: 1.0})
    assert not judgement.is_allowed
    assert {item.rule for item in judgement.items} == {"guard.error"}
    report = await room.guard.apply(request)
    assert (report.status, report.rule) == ("refused", "guard.error")
    assert room.connector.puts == []
    assert (await room.row(request)).state == "approved"
    assert "guard.error" in await room.refusals()


BEFORE_A_CLAIM = [place for place in PLACES if place[0] != "BEFORE_A_GROUP"]


@pytest.mark.parametrize(("stage", "number"), BEFORE_A_CLAIM)
async def test_an_error_inside_any_check_refuses(make_room, monkeypatch, stage, number):
    room = await make_room(limits=LIMITS)
    request = await room.approve({SP: 2.5})
    for error in ERRORS:
        swap(monkeypatch, stage, number, raising(error))
        await refuses(room, request)


@pytest.mark.parametrize(("stage", "number"), BEFORE_A_CLAIM)
async def test_a_check_that_gives_anything_but_its_case_refuses(make_room, monkeypatch, stage, number):
    room = await make_room(limits=LIMITS)
    request = await room.approve({SP: 2.5})
    for wrong in WRONG:
        swap(monkeypatch, stage, number, lambda case, scene, wrong=wrong: wrong)
        await refuses(room, request)

    async def late(case: Any, scene: Any) -> Any:
        return case

    coroutines = []
    swap(monkeypatch, stage, number, lambda case, scene: coroutines.append(late(case, scene)) or coroutines[-1])
    await refuses(room, request)
    for coroutine in coroutines:
        coroutine.close()


@pytest.mark.parametrize(("stage", "number"), BEFORE_A_CLAIM)
async def test_a_check_that_gives_the_case_of_another_write_refuses(make_room, monkeypatch, stage, number):
    room = await make_room(limits=LIMITS)
    request = await room.approve({SP: 2.5})
    seen = []

    def confusing(case: Any, scene: Any) -> Any:
        seen.append(case)
        return seen[0] if case is not seen[0] else None

    swap(monkeypatch, stage, number, confusing)
    await refuses(room, request)


@pytest.mark.parametrize("error", TORN, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize(("stage", "number"), BEFORE_A_CLAIM)
async def test_a_check_that_is_torn_away_sends_nothing(make_room, monkeypatch, stage, number, error):
    room = await make_room(limits=LIMITS)
    request = await room.approve({SP: 2.5})
    swap(monkeypatch, stage, number, raising(error))
    with pytest.raises(type(error)):
        await room.guard.apply(request)
    assert room.connector.puts == []
    assert (await room.row(request)).state == "approved"


@pytest.mark.parametrize("number", range(len(checks.BEFORE_A_GROUP)))
async def test_an_error_in_a_check_between_two_groups_refuses_the_next(make_room, monkeypatch, number):
    room = await make_room(limits=LIMITS.replace("allowed: [2.5, 1.0]", "note: x"))
    for error in ERRORS:
        room.connector.puts.clear()
        room.connector.change(SP, 0.0)
        room.connector.change(SP2, 0.0)
        request = await room.approve({SP: 2.5}, {SP2: 1.0})
        with monkeypatch.context() as patch:
            swap(patch, "BEFORE_A_GROUP", number, raising(error))
            report = await room.guard.apply(request)
        assert (report.status, report.rule) == ("partial", "guard.error")
        assert [put.channel for put in room.connector.puts] == [SP]


@pytest.mark.parametrize(("module", "name"), FUNCTIONS, ids=lambda part: getattr(part, "__name__", part))
async def test_an_error_inside_any_function_of_the_checks_never_lets_a_refused_write_through(
    make_room, monkeypatch, module, name
):
    """Some functions only make a sentence: an error there must not turn a no into a yes."""
    room = await make_room(limits=LIMITS)
    refused = [{SP: 99.0}, {SP: 2.6}, {SP: "x"}, {f"{SP}.DRVL": 1.0}, {"SR:01:HCM1:RB": 1.0}, {SP: [1.0]}]
    monkeypatch.setattr(module, name, raising(ZeroDivisionError("boom")))
    for batch in refused:
        assert not (await room.judge(batch)).is_allowed
    assert room.connector.puts == []


class Vanishing(MockConnector):
    """Does something to the surroundings at the moment of a read."""

    act: Callable[[], None] | None = None

    async def read(self, channels, *, timeout_s):
        if self.act is not None:
            act, self.act = self.act, None
            act()
        return await super().read(channels, timeout_s=timeout_s)


@pytest.mark.parametrize(
    ("after", "rule"),
    [(None, "guard.error"), ("channels: {", "guard.error"), ("channels: {'*': {max: 1}}", "approval.limits_changed")],
)
async def test_limits_that_vanish_break_or_change_while_a_batch_is_judged_stop_it(make_room, after, rule):
    room = await make_room(limits=LIMITS, connector=Vanishing)
    request = await room.approve({SP: 2.5}, {SP2: 1.0})
    path = room.project.root / "limits.yml"
    room.connector.act = path.unlink if after is None else lambda: path.write_text(after)
    report = await room.guard.apply(request)
    assert (report.status, report.rule) == ("failed", rule)
    assert room.connector.puts == []
    again = await room.guard.apply(request)
    assert again.status == "refused"


@pytest.mark.parametrize("call", ["recent_writes_of", "recent_writes_to"])
async def test_a_ledger_that_cannot_be_read_refuses_before_and_after_the_claim(make_room, monkeypatch, call):
    room = await make_room(limits=LIMITS)
    request = await room.approve({SP: 2.5})

    async def broken(*args: Any, **kwargs: Any) -> Any:
        raise OSError("disk I/O error")

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, call, broken)
        await refuses(room, request)
    reading, calls = getattr(Ledger, call), []

    async def failing_later(*args: Any, **kwargs: Any) -> Any:
        calls.append(1)
        return await (reading if len(calls) == 1 else broken)(*args, **kwargs)

    monkeypatch.setattr(Ledger, call, failing_later)
    report = await room.guard.apply(request)
    assert (report.status, report.rule) == ("failed", "guard.error")
    assert room.connector.puts == []
    assert await room.journal.ledger.list() == []


async def test_a_directory_that_cannot_be_asked_refuses(make_room, monkeypatch):
    from osprey.control.channels.directory import ChannelDirectory

    room = await make_room(limits=LIMITS)
    request = await room.approve({SP: 2.5})
    monkeypatch.setattr(ChannelDirectory, "get", raising(ZeroDivisionError("boom")))
    await refuses(room, request)


async def test_a_rule_that_cannot_be_looked_up_refuses(make_room, monkeypatch):
    from osprey.control.limits.limits import Limits

    room = await make_room(limits=LIMITS)
    request = await room.approve({SP: 2.5})
    monkeypatch.setattr(Limits, "rule_for", raising(ZeroDivisionError("boom")))
    await refuses(room, request)


async def test_a_check_that_refuses_by_itself_is_the_rule_that_is_told(make_room, monkeypatch):
    room = await make_room(limits=LIMITS)
    swap(monkeypatch, "BEFORE_READING", 1, raising(RefusedError("not today", rule="facility.holiday")))
    (item,) = (await room.judge({SP: 2.5})).items
    assert (item.rule, item.reason) == ("facility.holiday", "not today")
