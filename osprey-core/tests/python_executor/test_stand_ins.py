"""Idiomatic programs of Tango and PV Access, in a rehearsal: they read, and what they write is the plan."""

from __future__ import annotations

from typing import Any

import pytest

from osprey.services.python_executor.models import RunMode, RunOutcome, RunStatus

pytestmark = pytest.mark.sandbox

DEVICE = "sr/mag/hcm1"
STATES = ("ON", "OFF", "CLOSE", "OPEN", "INSERT", "EXTRACT", "MOVING")


@pytest.fixture
def tango(run: Any, machine: Any) -> Any:
    """Runs a program on a machine with one device: two attributes, a state and two commands."""
    machine.values |= {
        f"{DEVICE}/current": 0.5,
        f"{DEVICE}/profile": [1.0, 2.0],
        f"{DEVICE}/State": 1,
        f"{DEVICE}/Status": "all well",
        f"{DEVICE}/Reset": 0,
        f"{DEVICE}/GoTo": 0,
    }
    machine.units[f"{DEVICE}/current"] = "A"
    machine.labels[f"{DEVICE}/State"] = STATES
    machine.commands |= {f"{DEVICE}/Reset", f"{DEVICE}/GoTo"}
    return lambda code, mode=RunMode.DRY: run(code, mode)


def writes(outcome: RunOutcome) -> list[tuple[str, Any, int]]:
    assert outcome.status is RunStatus.DONE, outcome.error
    return [(write.channel, write.value, write.group) for write in outcome.writes]


def test_a_device_is_read_in_every_way_that_people_write(tango: Any) -> None:
    outcome = tango(
        f"""
import tango
import PyTango
from tango import AttrQuality, DeviceProxy, DevState

dev = DeviceProxy({DEVICE!r})
reading = dev.read_attribute('current')
assert reading.quality == AttrQuality.ATTR_VALID and reading.name == 'current'
several = dev.read_attributes(['current', 'profile'])
config = dev.get_attribute_config('current')
attribute = tango.AttributeProxy({DEVICE + "/current"!r})
results = {{
    'values': [reading.value, dev.current, dev['current'].value, attribute.read().value, several[1].value.mean()],
    'state': str(dev.state().name), 'is_off': dev.State() == DevState.OFF, 'status': dev.status(),
    'unit': config.unit, 'limits': [config.min_value, config.max_value], 'ping': dev.ping(),
    'same': PyTango.DeviceProxy is DeviceProxy, 'time': reading.time.totime(),
}}
"""
    )
    assert outcome.status is RunStatus.DONE, outcome.error
    assert outcome.results == {
        "values": [0.5, 0.5, 0.5, 0.5, 1.5],
        "state": "OFF",
        "is_off": True,
        "status": "all well",
        "unit": "A",
        "limits": ["-2.0", "2.0"],
        "ping": 0,
        "same": True,
        "time": 0.0,
    }
    assert not outcome.writes


def test_a_device_is_written_in_every_way_that_people_write(tango: Any) -> None:
    outcome = tango(
        f"""
from tango import AttributeProxy, DeviceProxy, Group
dev = DeviceProxy({DEVICE!r})
dev.write_attribute('current', 0.1)
dev.current = 0.2
dev['current'] = 0.3
dev.write_attributes([('current', 0.4), ('profile', [3.0, 4.0])])
AttributeProxy('{DEVICE}/current').write(0.5)
results = dev.write_read_attribute('current', 0.6).value
dev.command_inout('GoTo', 7)
dev.Reset()
group = Group('all')
group.add([{DEVICE!r}])
assert not group.write_attribute('current', 0.8)[0].has_failed()
"""
    )
    current = f"{DEVICE}/current"
    assert writes(outcome) == [
        (current, 0.1, 0),
        (current, 0.2, 1),
        (current, 0.3, 2),
        (current, 0.4, 3),
        (f"{DEVICE}/profile", [3.0, 4.0], 3),
        (current, 0.5, 4),
        (current, 0.6, 5),
        (f"{DEVICE}/GoTo", 7, 6),
        (f"{DEVICE}/Reset", True, 7),
        (current, 0.8, 8),
    ]
    assert outcome.results == 0.6


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("dev.subscribe_event('current', None)", "no events"),
        ("dev.put_property({'a': 1})", "put_property does not exist in a run"),
        ("dev.write_attribute_asynch('current', 1)", "does not exist in a run"),
        ("tango.Database()", "tango.Database does not exist in a run"),
        ("dev.currnt", "does not exist"),
        ("tango.DeviceProxy('sr/mag/none').ping()", "does not exist"),
    ],
)
def test_what_a_run_has_not_of_tango_is_said(tango: Any, line: str, said: str) -> None:
    outcome = tango(f"import tango\ndev = tango.DeviceProxy({DEVICE!r})\n{line}\n")
    assert outcome.status is RunStatus.FAILED
    assert said in outcome.error
    assert outcome.error_line == 3


def test_a_device_that_fails_raises_what_programs_catch(tango: Any) -> None:
    code = (
        f"import tango\ntry:\n    tango.DeviceProxy({DEVICE!r}).gone\nexcept tango.DevFailed as exc:\n    results = 1\n"
    )
    assert tango(code).results == 1


def test_a_program_of_pv_access_reads_and_writes(run: Any, machine: Any) -> None:
    machine.labels["SHUTTER2"] = ("closed", "open")
    machine.values["SHUTTER2"] = 1
    outcome = run(
        """
from p4p.client.thread import Context, TimeoutError
import p4p.client.thread

with Context('pva') as ctxt:
    one = ctxt.get('BEAM:CURRENT')
    several = ctxt.get(['BPM:X', 'SHUTTER2'])
    missing = ctxt.get(['NO:SUCH'], throw=False)[0]
    ctxt.put('HCM1:SP', 0.1)
    ctxt.put(['HCM1:SP', 'SHUTTER'], [one / 4000, {'value': 1}], wait=True)
results = {
    'one': one + 0, 'units': one.units, 'stamp': one.timestamp, 'severity': one.severity,
    'mean': round(float(several[0].mean()), 9), 'state': [str(several[1]), int(several[1])],
    'missing': type(missing).__name__,
    'after': ctxt.get('HCM1:SP') + 0,
}
""",
        RunMode.DRY,
    )
    assert writes(outcome) == [("HCM1:SP", 0.1, 0), ("HCM1:SP", 401.25 / 4000, 1), ("SHUTTER", 1, 1)]
    assert outcome.results == {
        "one": 401.25,
        "units": "mA",
        "stamp": 1e-9,
        "severity": 0,
        "mean": 0.2,
        "state": ["open", 1],
        "missing": "ChannelError",
        "after": 401.25 / 4000,
    }


def test_a_program_of_pv_access_may_be_asynchronous(run: Any) -> None:
    outcome = run(
        """
import asyncio
from p4p.client.asyncio import Context

async def main():
    async with Context('pva') as ctxt:
        value = await ctxt.get('HCM1:SP')
        await ctxt.put('HCM1:SP', value + 0.25)
    return value + 0

results = asyncio.run(main())
""",
        RunMode.DRY,
    )
    assert writes(outcome) == [("HCM1:SP", 0.75, 0)]
    assert outcome.results == 0.5


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("ctxt.rpc('HCM1:SP', None)", "nobody can tell in advance"),
        ("ctxt.monitor('HCM1:SP', print)", "no monitors"),
        ("ctxt.put('HCM1:SP', {'display.units': 'A'})", "value of a channel alone"),
        ("ctxt.put('HCM1:SP', lambda v: v)", "compute the value first"),
        ("ctxt.get('HCM1:SP', request='field(alarm)')", "not a selection of fields"),
        ("ctxt.put(['HCM1:SP'], [1, 2])", "1 channels and 2 values"),
        ("from p4p.server import Server", "p4p.server does not exist in a run"),
        ("from p4p.client.thread import Subscription", "cannot import name 'Subscription'"),
    ],
)
def test_what_a_run_has_not_of_pv_access_is_said(run: Any, line: str, said: str) -> None:
    outcome = run(f"from p4p.client.thread import Context\nctxt = Context()\n{line}\n", RunMode.DRY)
    assert outcome.status is RunStatus.FAILED
    assert said in outcome.error
    assert not outcome.writes


@pytest.mark.parametrize(
    "code",
    ["import tango\ntango.DeviceProxy('a/b/c').x = 1", "import p4p.client.thread as t\nt.Context().put('HCM1:SP', 1)"],
)
def test_nothing_is_written_where_only_reading_is_allowed(run: Any, machine: Any, code: str) -> None:
    machine.values["a/b/c/x"] = 0.0
    outcome = run(code, RunMode.READ)
    assert outcome.status is RunStatus.FAILED
    assert outcome.error_type == "ControlError"
