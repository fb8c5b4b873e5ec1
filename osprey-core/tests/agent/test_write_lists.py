"""Steps and scans become exact values on a fresh read, and nothing is guessed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from osprey.agent.capabilities.write_lists import (
    as_labelled,
    decimal_share,
    decimal_sum,
    groups_of_scan,
    groups_of_writes,
)
from osprey.control.targets import Target, targets_of
from osprey.errors import ConnectorError, UsageError
from osprey.project import open_project

pytestmark = pytest.mark.anyio

MOCK = (
    "control_system: {default_target: bench, targets: {bench: {connector: mock, settings: {faults: {GONE: missing}}}}}"
)


@pytest.fixture
async def target(tmp_path: Path) -> AsyncIterator[Target]:
    (tmp_path / "config.yml").write_text(MOCK, encoding="utf-8")
    async with open_project(tmp_path) as project:
        yield await targets_of(project).get("bench")


async def test_a_delta_is_added_to_the_present_value(target: Target) -> None:
    [present] = await target.connector.read(["A:SP"], timeout_s=1)
    [[item]] = await groups_of_writes(target, [[{"channel": "A:SP", "delta": 0.25, "unit": "A"}]])
    assert item.value == decimal_sum(present.value, 0.25)  # type: ignore[union-attr, arg-type]
    assert item.unit == "A"


async def test_a_share_in_per_cent_is_one_of_the_present_value(target: Target) -> None:
    [present] = await target.connector.read(["A:SP"], timeout_s=1)
    [[item]] = await groups_of_writes(target, [[{"channel": "A:SP", "percent": -2.0, "unit": "A"}]])
    assert item.value == decimal_share(present.value, -2.0)  # type: ignore[union-attr, arg-type]
    assert decimal_share(120.0, 2.0) == 122.4


async def test_a_share_of_what_cannot_be_read_is_refused(target: Target) -> None:
    with pytest.raises(ConnectorError, match="cannot be changed by a step"):
        await groups_of_writes(target, [[{"channel": "GONE", "percent": 2.0}]])


@pytest.mark.parametrize(
    ("labels", "said", "meant"),
    [
        (("OFF", "ON"), "off", "OFF"),
        (("Off", "OFF"), "off", "off"),
        (("off", "OFF"), "off", "off"),
        (("OPEN", "SHUT"), "off", "off"),
        ((), "off", "off"),
    ],
)
def test_a_state_is_spelled_as_its_channel_does_where_one_alone_can_be_meant(
    labels: tuple[str, ...], said: str, meant: str
) -> None:
    assert as_labelled(said, labels) == meant


async def test_a_scan_hits_its_ends_exactly_and_restores(target: Target) -> None:
    [present] = await target.connector.read(["A:SP"], timeout_s=1)
    groups = await groups_of_scan(target, {"channel": "A:SP", "start": -0.3, "stop": 0.7, "steps": 11})
    values = [item.value for [item] in groups]
    assert values[0] == -0.3
    assert values[10] == 0.7
    assert values[-1] == present.value  # type: ignore[union-attr]
    assert len(values) == 12


async def test_a_scan_of_one_point_is_refused(target: Target) -> None:
    with pytest.raises(UsageError, match="at least 2"):
        await groups_of_scan(target, {"channel": "A:SP", "start": 0, "stop": 1, "steps": 1})


async def test_a_step_from_an_unknown_value_is_refused(target: Target) -> None:
    with pytest.raises(ConnectorError, match="GONE"):
        await groups_of_writes(target, [[{"channel": "GONE", "delta": 1.0}]])


async def test_a_step_adds_as_a_person_does_on_paper() -> None:
    assert decimal_sum(-0.043, 0.1) == 0.057
    assert decimal_sum(1e300, 1e-300) == 1e300
