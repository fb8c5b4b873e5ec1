"""Attempts by way of what people type, and of what programs and classes of the predecessor hand over."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from attrs import evolve
from click.testing import CliRunner

from osprey.agent.capabilities.write_lists import groups_of_scan, groups_of_writes
from osprey.cli.channel_values import Intended, intended_in, intended_of, value_of
from osprey.cli.root import osprey
from osprey.connectors.foreign import ForeignConnector
from osprey.control import (
    ChannelInfo,
    DType,
    MockConnector,
    MockSettings,
)
from osprey.errors import UsageError

SP = "SR:01:HCM1:SP"

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("text", ["1_5", "\uff11\uff12", "1_0.5"])
def test_what_only_python_takes_for_a_number_is_not_one_at_the_command_line(text):
    info = ChannelInfo(channel=SP, name=SP, dtype=DType.FLOAT)
    assert value_of(Intended(asked=SP, text=text), info) == text


def test_a_number_that_is_the_name_of_another_state_is_not_guessed_at():
    info = ChannelInfo(channel=SP, name=SP, dtype=DType.ENUM, labels=("2", "1", "0"))
    assert value_of(Intended(asked=SP, text="1"), info) == 1
    assert value_of(Intended(asked=SP, text='"2"'), info) == "2"
    with pytest.raises(UsageError, match="state"):
        value_of(Intended(asked=SP, text="2"), info)


NODE = "nsu=urn:plant;s=Magnets.Q1"


@pytest.mark.parametrize("arguments", [(NODE, "5"), (f"{NODE}=5",)])
def test_a_name_with_equals_signs_of_its_own_is_written_in_either_form(arguments):
    assert intended_of(arguments, None) == [Intended(asked=NODE, text="5")]


@pytest.mark.parametrize("line", [f"{NODE} 5 A", f"{NODE}=5 A", f"{NODE} = 5 A"])
def test_a_line_of_a_file_with_such_a_name_is_the_same_write(line):
    assert intended_in("f", [line], None) == [Intended(asked=NODE, text="5", unit="A")]


@pytest.mark.parametrize("line", ["X [1, 2", "X=[1", "X [", "X"])
def test_a_list_that_does_not_end_is_the_users_mistake_and_names_its_line(line):
    with pytest.raises(UsageError, match="line 1"):
        intended_in("f", [line], None)


def test_a_restore_of_channels_that_do_not_answer_does_not_end_as_done(tmp_path):
    target = "connector: mock, posture: simulation, writes_enabled: true, limits: {unlisted: native_only}"
    config = f"control_system: {{default_target: m, targets: {{m: {{{target}, settings: {{faults: {{FAULT}}}}}}}}}}\n"

    def run(*arguments, faults=""):
        (tmp_path / "config.yml").write_text(config.replace("FAULT", faults))
        return CliRunner().invoke(osprey, ["--project", str(tmp_path), "snapshot", *arguments, "--json"])

    assert run("save", "a", SP).exit_code == 0
    result = run("restore", "a", faults=f"'{SP}': gone")
    assert (result.exit_code, json.loads(result.stdout)["status"]) == (1, "failed")


@pytest.mark.parametrize(("setpoint", "expected"), [(100.0, 100.1), (None, 99.6)])
async def test_a_step_counts_from_what_is_set_not_from_what_is_measured(setpoint, expected):
    """Set to 100 and reading 99.5: up by 0.1 is 100.1, and never down to 99.6."""

    class Measuring(MockConnector):
        async def read(self, channels, *, timeout_s):
            found = await super().read(channels, timeout_s=timeout_s)
            return [evolve(one, value=99.5, setpoint=setpoint) for one in found]

    connector = Measuring(MockSettings())
    target = SimpleNamespace(connector=connector, config=SimpleNamespace(read_timeout_s=1.0))
    [[item]] = await groups_of_writes(target, [[{"channel": SP, "delta": 0.1}]])
    assert item.value == expected
    *_, [last] = await groups_of_scan(target, {"channel": SP, "start": 0, "stop": 1, "steps": 2})
    assert last.value == (setpoint or 99.5)


@pytest.mark.parametrize(
    ("channel", "name", "field", "has_modifier"),
    [
        ("X:SP", "X:SP", "VAL", False),
        ("X:SP.VAL", None, "VAL", False),
        ("X:SP.DRVH", "X:SP", "DRVH", False),
        ("X:SP.PROC", "X:SP", "PROC", False),
        ("X:SP.VAL$", None, "VAL", True),
        ('X:SP.{"arr":{"s":2}}', 'X:SP.{"arr":{"s":2}}', "VAL", True),
        ("module.parameter", "module.parameter", "VAL", False),
    ],
)
async def test_a_class_of_the_predecessor_opens_no_field_and_no_second_spelling(channel, name, field, has_modifier):
    class Class:
        async def read_channel(self, channel, timeout=None):
            return SimpleNamespace(value=1.0, timestamp=None, metadata=None)

        async def get_metadata(self, channel):
            return SimpleNamespace()

    [info] = await ForeignConnector(Class()).describe([channel], timeout_s=5)
    told = (info.name, info.field, info.is_value_field, info.has_modifier)
    assert told == (name, field, field == "VAL", has_modifier)
