"""A channel that gives no value: an error that names all, or a gap that is told; and the same in every pass."""

from __future__ import annotations

import anyio
import pytest

from osprey.control.values import ChannelRecord, ErrorKind, Outcome
from osprey.services.python_executor.gaps import tell_all, tell_gaps
from osprey.services.python_executor.generation.phrasebook import PhrasebookGenerator
from osprey.services.python_executor.models import (
    PythonExecutionRequest,
    RecordedOp,
    Recording,
    RunMode,
    RunStatus,
    WriteAnswer,
)
from osprey.services.python_executor.observation import ObservationDesk
from osprey.services.python_executor.sandbox.supervisor import EndRunError

pytestmark = pytest.mark.sandbox

CONFIRMED = ((WriteAnswer(channel="HCM1:SP", outcome=Outcome.CONFIRMED),),)
ORBIT = """
import math
from osprey.runtime import read_channels, write_channel

names = ['BEAM:CURRENT', 'HCM1:RB']
before = read_channels(names, missing=math.nan)
write_channel('HCM1:SP', 0.25 if math.isnan(before['BEAM:CURRENT']) else 0.75)
after = read_channels(names, missing=math.nan)
results = {'before': before, 'after': after}
"""
NO_ANSWER = "no value from 1 of 2 channels; channel 'BEAM:CURRENT': no answer within 5 s"


def test_without_a_stand_in_one_error_names_every_channel_and_why(run, machine):
    machine.faults = {"BEAM:CURRENT": ErrorKind.TIMEOUT, "SHUTTER": ErrorKind.TIMEOUT}
    code = "from osprey.runtime import *\nread_channels(['BEAM:CURRENT', 'HCM1:RB', 'HCM9:SP', 'SHUTTER'])"
    outcome = run(code, RunMode.READ)
    assert outcome.status is RunStatus.FAILED
    assert outcome.error.startswith("line 2: ChannelError: channels 'BEAM:CURRENT', 'SHUTTER': no answer within 5 s; ")
    assert "channel 'HCM9:SP': it does not exist (did you mean HCM1:SP, HCM1:RB?)" in outcome.error
    assert outcome.reads == ()


def test_a_time_out_of_all_is_a_time_out(run, machine):
    machine.faults = {"BEAM:CURRENT": ErrorKind.TIMEOUT}
    outcome = run("from osprey.runtime import *\nread_channels(['BEAM:CURRENT'])", RunMode.READ)
    assert outcome.error_type == "TimeoutError"


def test_a_stand_in_takes_the_place_and_the_warning_says_why(run, machine):
    machine.faults = {"BEAM:CURRENT": ErrorKind.TIMEOUT}
    code = "from osprey.runtime import *\nresults = read_channels(['BEAM:CURRENT', 'HCM1:RB'], missing='none')"
    outcome = run(code, RunMode.READ)
    assert outcome.results == {"BEAM:CURRENT": "none", "HCM1:RB": 0.49}
    assert outcome.warnings == (NO_ANSWER,)
    assert [read.channel for read in outcome.reads] == ["HCM1:RB"]


def test_what_is_marked_invalid_is_missing_or_used_with_a_warning(run, machine):
    machine.invalid = {"HCM1:RB"}
    code = """
from osprey.runtime import *
results = [read_channels(['HCM1:RB'], missing=None), read_channels(['HCM1:RB']), read_channel('HCM1:RB')]
"""
    outcome = run(code, RunMode.READ)
    assert outcome.results == [{"HCM1:RB": None}, {"HCM1:RB": 0.49}, 0.49]
    assert outcome.warnings == (
        "no value from 1 of 1 channels; channel 'HCM1:RB': its value is marked invalid (READ)",
        "channel 'HCM1:RB': its value is marked invalid and was used all the same",
    )


def test_nothing_asked_is_nothing_given(run):
    code = """
from osprey.runtime import *
results = [read_channels([]), archive([], start_ns=0, end_ns=1), channel_info([]), channel_records([])]
"""
    assert run(code, RunMode.READ).results == [{}, {}, {}, {}]


def test_an_archive_without_a_channel_raises_or_leaves_it_empty(run):
    code = """
from osprey.runtime import archive
series = archive(['BEAM:CURRENT', 'NONE'], start_ns=0, end_ns=10, skip_missing=True)
results = [series['BEAM:CURRENT']['v'], series['NONE']['v'], series['NONE']['fault']]
archive('NONE', start_ns=0, end_ns=10)
"""
    outcome = run(code, RunMode.READ)
    assert outcome.error == "line 5: ChannelError: channel 'NONE': it does not exist (nothing has a similar name)"
    outcome = run(code.replace("archive('NONE'", "# "), RunMode.READ)
    assert outcome.results == [[400.0], [], "it does not exist (nothing has a similar name)"]
    assert outcome.warnings[0].startswith("no value from 1 of 2 channels; channel 'NONE'")


def test_an_archived_sample_that_is_marked_invalid_is_a_gap_with_a_warning(run, machine):
    machine.invalid = {"HCM1:RB"}
    code = """
from osprey.runtime import archive
series = archive(['BEAM:CURRENT', 'HCM1:RB'], start_ns=10**9, end_ns=2 * 10**9)
values = {name: one['v'][0] for name, one in series.items()}
results = [values['BEAM:CURRENT'], values['HCM1:RB'] != values['HCM1:RB'], series['HCM1:RB']['before']]
"""
    outcome = run(code, RunMode.READ)
    assert outcome.results == [400.0, True, [0.0, 399.0]]
    assert outcome.warnings == ("channel 'HCM1:RB': 1 of 1 archived samples is marked invalid and left out",)


def test_the_channel_list_answers_for_a_channel_that_does_not(run, machine):
    machine.faults = {"HCM1:SP": ErrorKind.TIMEOUT}
    code = """
from osprey.runtime import channel_records
record = channel_records('HCM1:SP.VAL')['HCM1:SP.VAL']
results = [record['device'], record['readback'], record['position_m']]
channel_records(['SHUTTER'])
"""
    outcome = run(code, RunMode.DRY)
    assert outcome.error.startswith("line 5: ChannelError: channel 'SHUTTER': it is not in the channel list")
    assert run(code.replace("channel_records(['S", "# "), RunMode.DRY).results == ["HCM1", "HCM1:RB", None]
    assert machine.reads == []


def test_a_gap_of_the_rehearsal_stays_one_although_the_channel_is_back(run, machine):
    machine.faults = {"BEAM:CURRENT": ErrorKind.TIMEOUT}
    dry = run(ORBIT, RunMode.DRY)
    assert dry.status is RunStatus.DONE, dry.error
    assert [write.value for write in dry.writes] == [0.25]
    assert NO_ANSWER in dry.warnings
    machine.faults = {}
    seen = run(ORBIT, RunMode.OBSERVE, recording=dry.recording, ledger_answers=CONFIRMED)
    assert seen.status is RunStatus.DONE, seen.error
    assert seen.writes == dry.writes
    assert seen.results["before"] == {"BEAM:CURRENT": None, "HCM1:RB": 0.49}
    assert seen.results["after"] == {"BEAM:CURRENT": 401.25, "HCM1:RB": 0.49}
    assert NO_ANSWER in seen.warnings


def test_a_channel_that_is_lost_by_the_change_is_a_gap_after_it(run, machine):
    dry = run(ORBIT, RunMode.DRY)
    machine.faults = {"BEAM:CURRENT": ErrorKind.TIMEOUT}
    seen = run(ORBIT, RunMode.OBSERVE, recording=dry.recording, ledger_answers=CONFIRMED)
    assert seen.status is RunStatus.DONE, seen.error
    assert seen.results["before"]["BEAM:CURRENT"] == 401.25
    assert seen.results["after"]["BEAM:CURRENT"] is None


def test_an_error_of_the_rehearsal_stays_one_although_the_channel_is_back(run, machine):
    code = """
from osprey.runtime import *
try:
    value = read_channels(['BEAM:CURRENT', 'HCM1:RB'])['BEAM:CURRENT']
except LookupError as exc:
    value = str(exc)
write_channel('HCM1:SP', 0.1)
results = value
"""
    machine.faults = {"BEAM:CURRENT": ErrorKind.INVALID_DATA}
    dry = run(code, RunMode.DRY)
    machine.faults = {}
    seen = run(code, RunMode.OBSERVE, recording=dry.recording, ledger_answers=CONFIRMED)
    assert seen.status is RunStatus.DONE, seen.error
    assert seen.results == dry.results == "channel 'BEAM:CURRENT': no answer within 5 s"


@pytest.mark.anyio
async def test_asking_for_a_gap_where_the_rehearsal_would_have_failed_is_a_deviation(machine):
    asked = {"channels": ["HCM1:RB"], "partial": False, "line": 1}
    step = RecordedOp(op="read", request=asked, answer={"ok": [{"value": 0.49}]})
    desk = ObservationDesk(machine, Recording(code_sha256="", seed=0, start_ns=0, ops=(step,)), ())
    with pytest.raises(EndRunError, match="but its rehearsal asked to read HCM1:RB here"):
        await desk.answer("read", {**asked, "partial": True})


def _bpms(machine, names: list[str]) -> list[dict[str, object]]:
    for place, name in enumerate(names):
        machine.values[name] = 0.1 * place
        machine.records[name] = ChannelRecord(name=name, device=name, position_m=float(place), unit="mm")
    return [{"label": "orbit", "unit": "mm", "has_positions": True, "channels": dict.fromkeys(names, 0.0)}]


def test_one_dead_monitor_does_not_stop_a_change_or_its_figure(run, machine):
    params = {
        "title": "Change HCM1 by 0.1 A",
        "unit": "A",
        "steps": {"HCM1:SP": 0.1},
        "profiles": _bpms(machine, ["BPM1:X", "BPM2:X", "BPM3:X"]),
        "settle_s": 0.0,
    }
    context = {"phrasebook": {"template": "step_and_show", "params": params}}
    request = PythonExecutionRequest(user_query="", task_objective="", capability_context_data=context)
    code = anyio.run(PhrasebookGenerator().generate_code, request, [])
    machine.faults = {"BPM2:X": ErrorKind.TIMEOUT}
    dry = run(code, RunMode.DRY)
    assert dry.status is RunStatus.DONE, dry.error
    seen = run(code, RunMode.OBSERVE, recording=dry.recording, ledger_answers=CONFIRMED)
    assert seen.status is RunStatus.DONE, seen.error
    assert (seen.results["orbit"]["n"], seen.results["orbit"]["missing"]) == (2, "BPM2:X")
    assert len(seen.figures) == 1
    assert seen.warnings == ("no value from 1 of 3 channels; channel 'BPM2:X': no answer within 5 s",)
    machine.faults = {"HCM1:SP": ErrorKind.TIMEOUT}
    failed = run(code, RunMode.DRY)
    assert failed.status is RunStatus.FAILED
    assert "channel 'HCM1:SP': no answer within 5 s" in failed.error
    assert failed.writes == ()


def test_a_warning_names_a_few_and_counts_the_rest():
    faults = [(f"BPM{number}", "no answer") for number in range(48)]
    assert tell_gaps(faults, 96) == (
        "no value from 48 of 96 channels; channels 'BPM0', 'BPM1', 'BPM2', 'BPM3', 'BPM4' and 43 more: no answer"
    )
    assert all(repr(name) in tell_all(faults) for name, _ in faults)


def test_a_stand_in_that_is_no_number_reaches_no_plan(run, machine):
    machine.faults = {"BEAM:CURRENT": ErrorKind.TIMEOUT}
    code = """
import math
from osprey.runtime import *
write_channel('HCM1:SP', read_channels(['BEAM:CURRENT'], missing=math.nan)['BEAM:CURRENT'])
"""
    outcome = run(code, RunMode.DRY)
    assert "nan is not a finite number, so nothing was planned" in outcome.error
    assert outcome.writes == ()
