"""What the predecessor got wrong about writing, limits and connectors, one test a defect.

The rows are those of the two tables of its review: W for "write safety is not enforced where the write happens",
C for the connectors' defects. A row whose test stands elsewhere is listed at the end; that it is there is tested.
"""

from __future__ import annotations

import ast
import json
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from osprey.config import load_config
from osprey.control import (
    Actor,
    ApplyReport,
    ApplyRequest,
    Fault,
    Judgement,
    JudgeRequest,
    MockConnector,
    Outcome,
    WriteBatch,
    WriteItem,
    guard_of,
    targets_of,
)
from osprey.control.mock.connector import MockFault
from osprey.control.payload import write_document
from osprey.errors import ConfigError
from osprey.journal import NewRequest, journal_of
from osprey.project import Project, open_project
from osprey.services.python_executor.analysis.pattern_detection import detect_control_system_operations

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]
ALICE = Actor(subject="os:alice")
A, B, C = "MAG:HCM1:SP", "MAG:HCM2:SP", "MAG:HCM3:SP"
CONFIG = """
control_system:
  default_target: machine
  targets:
    machine: {{connector: mock, posture: approval, writes_enabled: {enabled}, limits: {{{limits}}}}}
"""


class Machine:
    """A project with a mock machine that notes each put."""

    def __init__(self, project: Project, connector: MockConnector) -> None:
        self.project = project
        self.connector = connector

    async def judge(self, *groups: dict[str, Any]) -> Judgement:
        made = tuple(tuple(WriteItem(channel=name, value=value) for name, value in group.items()) for group in groups)
        request = JudgeRequest(batch=WriteBatch(target="machine", groups=made), actor=ALICE)
        return await guard_of(self.project).judge(request)

    async def rules(self, *groups: dict[str, Any]) -> list[str]:
        return [item.rule for item in (await self.judge(*groups)).items]

    async def approve(self, *groups: dict[str, Any]) -> ApplyRequest:
        requests = journal_of(self.project).requests
        facts: dict[str, Any] = {"title": "", "thread": "", "risk": "", "requester": "os:alice"}
        facts["policy"] = self.project.config.approval.version
        document = write_document(await self.judge(*groups))
        row = await requests.create(NewRequest(kind="channel_write", document=document, expires_ns=4 * 10**18, **facts))
        await requests.approve(row.id, row.sha256, ALICE)
        return ApplyRequest(request_id=row.id, sha256=row.sha256, actor=ALICE)

    async def write(self, *groups: dict[str, Any]) -> ApplyReport:
        return await guard_of(self.project).apply(await self.approve(*groups))


Open = Callable[..., Awaitable[Machine]]


@pytest.fixture
async def open_machine(tmp_path: Path) -> AsyncIterator[Open]:
    opened: list[Project] = []

    async def make(limits: Any = None, *, enabled: str = "true") -> Machine:
        if limits is not None:
            (tmp_path / "limits.json").write_text(json.dumps(limits))
        stated = "unlisted: native_only" if limits is None else "unlisted: refuse, file: limits.json"
        (tmp_path / "config.yml").write_text(CONFIG.format(enabled=enabled, limits=stated))
        opened.append(open_project(tmp_path))
        target = await targets_of(opened[-1]).get()
        assert isinstance(target.connector, MockConnector)
        return Machine(opened[-1], target.connector)

    yield make
    for project in opened:
        await project.aclose()


async def test_the_master_switch_holds_for_every_connector_and_every_way_to_write(open_machine: Open) -> None:
    """W1, C9: with `writes_enabled: false` the EPICS connector and generated code still wrote."""
    machine = await open_machine(enabled="false")
    assert await machine.rules({A: 1.0}) == ["posture.writes_disabled"]
    assert machine.connector.puts == []


async def test_an_approval_from_before_the_switch_was_turned_off_does_not_write(
    open_machine: Open, tmp_path: Path
) -> None:
    """W1: the switch is looked at when the write happens, not when it was asked for."""
    machine = await open_machine()
    request = await machine.approve({A: 1.0})
    closed = await open_machine(enabled="false")
    report = await guard_of(closed.project).apply(request)
    assert (report.status, report.rule) == ("refused", "posture.writes_disabled")
    assert closed.connector.puts == []


async def test_patterns_in_the_configuration_switch_nothing_off(tmp_path: Path) -> None:
    """W3: a list of patterns meant to extend replaced the built-in one, and writes were no longer seen."""
    (tmp_path / "config.yml").write_text("control_system:\n  patterns: {write: ['caput_special']}\n")
    with open_project(tmp_path).activate():
        assert detect_control_system_operations("import epics\nepics.caput('A', 1)\n")["has_writes"]
        assert detect_control_system_operations("caput_special('A', 1)\n")["has_writes"]


async def test_limits_that_cannot_be_read_stop_every_write_whatever_a_channel_is_called(open_machine: Open) -> None:
    """W7, W9, C10: an exception while the limits were set up, or a missing file, meant no limits."""
    odd = 'MAG:"quoted" \\ """ name'
    machine = await open_machine({odd: {"max_value": 5}})
    assert await machine.rules({odd: 4.0}) == ["ok"]
    assert await machine.rules({odd: 6.0}) == ["limits.max"]
    request = await machine.approve({odd: 4.0})
    path = machine.project.root / "limits.json"
    for spoil in (lambda: path.write_text('{"A": '), lambda: path.write_text('{"A": {"mx": 1}}'), path.unlink):
        spoil()
        with pytest.raises(ConfigError, match=r"limits\.json"):
            await machine.judge({odd: 4.0})
        assert (await guard_of(machine.project).apply(request)).status == "refused"
    assert machine.connector.puts == []


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, [1e9, 1e9], [999], "abc", "5", True, None, {"value": 5}, [math.nan], 10**400]
)
async def test_no_kind_of_value_slips_past_the_limits(open_machine: Open, value: Any) -> None:
    """W8, C3: NaN, lists, texts and truth values were allowed on a channel with limits of 0 to 10."""
    machine = await open_machine({A: {"min_value": 0, "max_value": 10}})
    judgement = await machine.judge({A: value})
    assert not judgement.is_allowed
    assert judgement.items[0].rule.startswith("value.")


async def test_an_error_inside_the_limits_refuses(open_machine: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """W9, C10: any error of the validator that was not a violation was logged, and the write went out."""
    from osprey.control.limits.limits import Limits

    machine = await open_machine({A: {"max_value": 10}})
    request = await machine.approve({A: 1.0})

    def broken(*args: Any) -> Any:
        raise KeyError("x")

    monkeypatch.setattr(Limits, "rule_for", broken)
    assert await machine.rules({A: 1.0}) == ["guard.error"]
    assert (await guard_of(machine.project).apply(request)).rule == "guard.error"
    assert machine.connector.puts == []


async def test_the_defaults_of_the_limits_are_inherited(open_machine: Open) -> None:
    """W10, C4: the `defaults` block was checked and then never used."""
    machine = await open_machine({"defaults": {"min_value": -1, "max_value": 1}, A: {}, B: {"max_value": 3}})
    assert await machine.rules({A: 1.5}) == ["limits.max"]
    assert await machine.rules({B: 2.5}) == ["ok"]
    closed = await open_machine({"defaults": {"writable": False}, A: {"max_value": 1}, B: {"writable": True}})
    assert await closed.rules({A: 0.5}, {B: 0.5}) == ["limits.writable", "ok"]


async def test_an_option_without_an_effect_is_named(tmp_path: Path) -> None:
    """W10: `on_violation` and three keys of `write_verification` were documented and read by nothing."""
    (tmp_path / "config.yml").write_text(
        "control_system:\n  limits_checking: {on_violation: skip}\n"
        "  write_verification: {enabled: true, timeout: 5, fail_on_mismatch: true}\n"
    )
    config = load_config(tmp_path, environ={})
    told = " ".join([*config.notes, *map(str, config.unserved)])
    for key in ("limits_checking.on_violation", "control_system.write_verification"):
        assert key in told


async def test_a_read_back_that_differs_is_no_success(open_machine: Open) -> None:
    """W11, C2: a mismatch was logged, and the write was called a success."""
    machine = await open_machine({A: {"max_value": 10, "settle_s": 0}})
    request = await machine.approve({A: 4.0})
    machine.connector.inject(A, MockFault.CLIP)
    report = await guard_of(machine.project).apply(request)
    assert report.status != "done"
    assert [item.outcome for item in report.items] == [Outcome.MISMATCH]


async def test_a_violation_late_in_a_list_leaves_nothing_written(open_machine: Open) -> None:
    """W12: of three writes with a violation in the second, the first and the third were sent."""
    machine = await open_machine({"*": {"min_value": -5, "max_value": 5}})
    for groups in ([{A: 1.0, B: 99.0, C: 1.0}], [{A: 1.0}, {B: 99.0}, {C: 1.0}]):
        judgement = await machine.judge(*groups)
        assert [item.is_allowed for item in judgement.items] == [True, False, True]
        assert not judgement.is_allowed
    assert machine.connector.puts == []


async def test_a_step_is_judged_through_the_connector_that_writes(open_machine: Open) -> None:
    """W13, C11: the step limit read another system's value with pyepics, whatever the connector was."""
    machine = await open_machine({A: {"max_step": 1}})
    machine.connector.change(A, 3.0)
    assert await machine.rules({A: 4.0}) == ["ok"]
    assert await machine.rules({A: 4.1}) == ["limits.max_step"]
    machine.connector.inject(A, MockFault.GONE)
    assert await machine.rules({A: 4.0}) == ["target.unreachable"]


@pytest.mark.parametrize(
    ("channel", "value", "sent"),
    [("X:Title", "hello", "hello"), ("X:Shutter", "OPEN", 1), ("X:WF", [0.5, 0.25], [0.5, 0.25]), ("X:Count", 7, 7)],
)
async def test_texts_states_and_arrays_are_written_as_what_they_are(
    open_machine: Open, channel: str, value: Any, sent: Any
) -> None:
    """W15, C5: every value was put through `float`, so these raised."""
    machine = await open_machine({"*": {}})
    machine.connector.change("X:Shutter", 0)
    report = await machine.write({channel: value})
    assert report.status == "done", report.reason
    assert [put.value for put in machine.connector.puts] == [sent]


async def test_without_a_configuration_nothing_real_can_be_reached(tmp_path: Path) -> None:
    """W17: where nothing was configured the factory made the real EPICS connector."""
    async with open_project(tmp_path) as project:
        assert (await targets_of(project).get()).simulated


async def test_a_bad_channel_of_a_batch_is_told_and_not_dropped(open_machine: Open) -> None:
    """W18, C7: `read_multiple_channels` left failed channels out without a word."""
    machine = await open_machine()
    machine.connector.inject(B, MockFault.MISSING)
    results = await machine.connector.read([A, B, C], timeout_s=1.0)
    assert [result.channel for result in results] == [A, B, C]
    assert [isinstance(result, Fault) for result in results] == [False, True, False]


async def test_a_put_that_nobody_confirmed_is_no_success(open_machine: Open) -> None:
    """C1: pyepics gives -1, which is true, for a put that timed out, and 1 for one that was rejected."""
    machine = await open_machine({"*": {"verification": "callback"}})
    for channel, fault, outcome in (
        (A, MockFault.NO_COMPLETION, Outcome.UNCONFIRMED),
        (B, MockFault.REJECT, Outcome.FAILED),
    ):
        request = await machine.approve({channel: 1.0})
        machine.connector.inject(channel, fault)
        report = await guard_of(machine.project).apply(request)
        assert [item.outcome for item in report.items] == [outcome]


async def test_two_spellings_of_one_channel_have_one_limit(open_machine: Open) -> None:
    """C15: limits for `X` did not hold for `X.VAL`, nor in another letter case where that makes no difference."""
    machine = await open_machine({A: {"max_value": 5}, f"{B}.VAL": {"max_value": 5}})
    for channel in (A, f"{A}.VAL", B, f"{B}.VAL"):
        assert await machine.rules({channel: 6.0}) == ["limits.max"], channel
    assert await machine.rules({A: 1.0, f"{A}.VAL": 1.0}) == ["batch.duplicate"] * 2


EXECUTOR = "osprey-core/tests/python_executor"
EPICS = "plugins/osprey-epics/tests"
ELSEWHERE = {
    "W2 a write is seen whatever it is called": (
        f"{EXECUTOR}/test_hostile_programs.py",
        "test_a_forged_write_frame_is_only_a_plan",
    ),
    "W2 other clients reach nothing": (
        f"{EXECUTOR}/test_honest_programs.py",
        "test_other_clients_fail_with_a_sentence",
    ),
    "W5 a run without the right to write cannot write": (
        f"{EXECUTOR}/test_honest_programs.py",
        "test_a_read_run_cannot_write",
    ),
    "W6 no limit is kept inside the process it guards": (
        f"{EXECUTOR}/test_hostile_programs.py",
        "test_removing_the_stand_ins_reaches_nothing",
    ),
    "W6 no network beside the broker": (f"{EXECUTOR}/test_hostile_programs.py", "test_no_network_by_any_way"),
    "W14, C8 reads and writes have their own gateways": (
        f"{EPICS}/test_lifetime.py",
        "test_reads_and_writes_can_go_through_different_gateways",
    ),
    "C1 rejected, on an IOC": (
        "tests/end_to_end/test_outcomes_on_an_ioc.py",
        "test_a_put_that_the_record_rejects_has_failed",
    ),
    "C1 timed out, on an IOC": (
        "tests/end_to_end/test_outcomes_on_an_ioc.py",
        "test_a_put_that_is_not_completed_in_time_is_unconfirmed_and_never_sent_again",
    ),
    "C2 clipped, on an IOC": (
        "tests/end_to_end/test_outcomes_on_an_ioc.py",
        "test_a_put_that_the_record_clips_is_a_mismatch",
    ),
    "C6 connectors do not disturb each other": (
        f"{EPICS}/test_lifetime.py",
        "test_two_connectors_reach_two_iocs_in_one_process",
    ),
    "C12 exact UTC times, severities in words": (
        f"{EPICS}/test_reading.py",
        "test_a_reading_carries_value_unit_alarm_and_exact_times",
    ),
    "C13 a missing name does not outlast its deadline": (
        f"{EPICS}/test_writing.py",
        "test_a_channel_that_does_not_exist_is_not_found_and_nothing_was_sent",
    ),
    "C15 letter case": (
        "osprey-core/tests/control/test_limits_in_force.py",
        "test_letter_case_makes_no_difference_to_the_limits_of_a_system_that_makes_none",
    ),
}


@pytest.mark.parametrize("row", ELSEWHERE)
async def test_the_tests_of_the_other_rows_are_where_they_should_be(row: str) -> None:
    path, name = ELSEWHERE[row]
    found = {
        node.name
        for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert name in found
