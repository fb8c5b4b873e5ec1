"""Rehearsals and their observation: the plan is what the program did, value for value."""

from __future__ import annotations

import pytest

from osprey.control.values import Outcome
from osprey.errors import UsageError
from osprey.services.python_executor.models import IntendedWrite, ReadSource, RunMode, RunStatus, WriteAnswer

pytestmark = pytest.mark.sandbox

SCAN = """
import time
import numpy as np
from osprey.runtime import read_channel, write_channel, write_channels

start = read_channel('HCM1:SP')
for step in np.linspace(-0.1, 0.1, 3):
    write_channel('HCM1:SP', start + step, unit='A')
write_channels({'HCM1:SP': start, 'SHUTTER': 1})
results = {'after': read_channel('HCM1:RB'), 'shutter': read_channel('SHUTTER')}
"""

CONFIRMED = tuple((WriteAnswer(channel="HCM1:SP", outcome=Outcome.CONFIRMED),) for _ in range(4))


def test_the_plan_is_what_the_program_wrote(run, machine):
    outcome = run(SCAN, RunMode.DRY)
    assert outcome.status is RunStatus.DONE, outcome.error
    assert outcome.writes == (
        IntendedWrite(channel="HCM1:SP", value=0.4, unit="A", line=8, group=0),
        IntendedWrite(channel="HCM1:SP", value=0.5, unit="A", line=8, group=1),
        IntendedWrite(channel="HCM1:SP", value=0.6, unit="A", line=8, group=2),
        IntendedWrite(channel="HCM1:SP", value=0.5, line=9, group=3),
        IntendedWrite(channel="SHUTTER", value=1, line=9, group=3),
    )
    assert outcome.replayable
    assert machine.values["HCM1:SP"] == 0.5


def test_reads_after_a_write_are_rehearsed_and_follow_the_shadow(run):
    outcome = run(SCAN, RunMode.DRY)
    assert outcome.results == {"after": 0.5, "shutter": 1}
    assert [(read.channel, read.source) for read in outcome.rehearsed_reads] == [
        ("HCM1:RB", ReadSource.SHADOW),
        ("SHUTTER", ReadSource.SHADOW),
    ]
    assert not outcome.reads[0].is_rehearsed


def test_a_channel_without_shadow_is_live_but_rehearsed(run):
    code = """
from osprey.runtime import *
write_channel('HCM1:SP.VAL', 1)
results = [read_channel('BEAM:CURRENT'), read_channel('HCM1:SP')]
"""
    outcome = run(code, RunMode.DRY)
    assert outcome.results == [401.25, 1.0]
    assert [read.source for read in outcome.rehearsed_reads] == [ReadSource.LIVE, ReadSource.SHADOW]


def test_a_write_after_a_rehearsed_read_is_not_replayable(run):
    code = """
from osprey.runtime import *
write_channel('HCM1:SP', 0.1)
seen = read_channel('HCM1:RB')
write_channel('HCM1:SP', seen * 2)
"""
    outcome = run(code, RunMode.DRY)
    assert outcome.status is RunStatus.DONE
    assert not outcome.replayable
    assert "line 5 comes after the reading of HCM1:RB at line 4" in outcome.why_not
    assert "read everything first, then write" in outcome.why_not


def test_idiomatic_epics_code_makes_the_same_plan(run):
    code = """
import epics
from epics import caget, caput, PV
pv = PV('HCM1:SP')
pv.value = caget('HCM1:SP') + 0.25
caput('HCM1:SP', 0.5, wait=True, timeout=3)
epics.caput_many(['HCM1:SP', 'SHUTTER'], [0.1, 1])
pv.put(0.2)
results = [pv.get(), pv.units, pv.connected, epics.caget_many(['BEAM:CURRENT', 'BPM:X'])]
"""
    outcome = run(code, RunMode.DRY)
    assert outcome.status is RunStatus.DONE, outcome.error
    assert [(w.channel, w.value, w.line, w.group) for w in outcome.writes] == [
        ("HCM1:SP", 0.75, 5, 0),
        ("HCM1:SP", 0.5, 6, 1),
        ("HCM1:SP", 0.1, 7, 2),
        ("SHUTTER", 1, 7, 2),
        ("HCM1:SP", 0.2, 8, 3),
    ]
    assert outcome.results == [0.2, "A", True, [401.25, [0.1, 0.2, 0.3]]]


@pytest.mark.parametrize("value", ["float('nan')", "float('inf')", "[1.0, float('nan')]", "None", "{}", "b'1'"])
def test_what_is_no_value_is_not_planned(run, value):
    code = f"from osprey.runtime import write_channel\nwrite_channel('HCM1:SP', {value})"
    outcome = run(code, RunMode.DRY)
    assert outcome.status is RunStatus.FAILED
    assert outcome.error_line == 2
    assert outcome.writes == ()


def test_a_write_to_an_unknown_channel_names_the_closest(run):
    outcome = run("from osprey.runtime import *\nwrite_channel('HCM2:SP', 1)", RunMode.DRY)
    assert "did you mean HCM1:SP" in outcome.error
    assert outcome.writes == ()


def test_sleeps_and_clocks_are_virtual_after_a_write(run):
    code = """
import time, datetime, asyncio
from osprey.runtime import write_channel
write_channel('HCM1:SP', 0.1)
t0, d0 = time.time(), datetime.datetime.now()
time.sleep(3600)
asyncio.run(asyncio.sleep(1800))
results = [round(time.time() - t0), round((datetime.datetime.now() - d0).total_seconds()), t0,
           isinstance(d0, datetime.datetime), str(datetime.date.today())]
"""
    outcome = run(code, RunMode.DRY, start_ns=1_700_000_000_000_000_000)
    assert outcome.status is RunStatus.DONE, outcome.error
    passed, passed_as_dates, start, is_datetime, day = outcome.results
    assert passed == passed_as_dates == 5400
    assert start == pytest.approx(1_700_000_000, abs=1)
    assert is_datetime
    assert day == "2023-11-14"


def test_pandas_works_in_a_rehearsal_and_shows_the_runs_time(run):
    code = """
import datetime
import pandas as pd
from osprey.runtime import write_channel
start = pd.Timestamp.now(tz='UTC')
write_channel('HCM1:SP', 0.1)
frame = pd.DataFrame({'t': pd.date_range('2023-11-14', periods=3, freq='h'), 'x': [1, 2, 3]})
frame['later'] = frame.apply(lambda row: row.t + datetime.timedelta(hours=1), axis=1)
results = [str(start.date()), str(pd.Timestamp.utcnow().date()), str(frame.later.iloc[-1]),
           isinstance(start, datetime.datetime), float(frame.set_index('t').x.resample('2h').sum().iloc[0])]
"""
    outcome = run(code, RunMode.DRY, start_ns=1_700_000_000_000_000_000)
    assert outcome.status is RunStatus.DONE, outcome.error
    assert outcome.results == ["2023-11-14", "2023-11-14", "2023-11-14 03:00:00", True, 3.0]


def test_a_busy_wait_ends_in_virtual_time(run):
    code = """
import time
from osprey.runtime import write_channel
write_channel('HCM1:SP', 0.1)
end = time.monotonic() + 60
while time.monotonic() < end:
    pass
results = 'done'
"""
    assert run(code, RunMode.DRY).results == "done"


@pytest.mark.parametrize(
    "wait",
    [
        "wait_until(lambda: read_channel('BEAM:CURRENT') > 500, timeout_s=30)",
        "wait_until(('BEAM:CURRENT', '>', 500), 30)",
        "while read_channel('BEAM:CURRENT') < 500: time.sleep(5)",
        "while True: time.sleep(0.5)",
    ],
)
def test_waiting_for_the_machine_after_a_write_cannot_be_rehearsed(run, wait):
    code = f"import time\nfrom osprey.runtime import *\nwrite_channel('HCM1:SP', 0.1)\n{wait}\n"
    outcome = run(code, RunMode.DRY)
    assert outcome.status is RunStatus.CANNOT_REHEARSE, outcome.error
    assert "waits for the machine" in outcome.error
    assert outcome.recording is None


def test_a_condition_that_holds_needs_no_waiting(run):
    code = "from osprey.runtime import *\nwrite_channel('HCM1:SP', 1)\nwait_until(('HCM1:RB', '>=', 1), 5)"
    assert run(code, RunMode.DRY).status is RunStatus.DONE


def test_observing_makes_rehearsed_reads_true(run, machine):
    dry = run(SCAN, RunMode.DRY)
    machine.values.update({"HCM1:SP": 0.5, "HCM1:RB": 0.4987, "SHUTTER": 1})
    seen = run(SCAN, RunMode.OBSERVE, recording=dry.recording, ledger_answers=CONFIRMED)
    assert seen.status is RunStatus.DONE, seen.error
    assert seen.results == {"after": 0.4987, "shutter": 1}
    assert [read.source for read in seen.reads] == [ReadSource.RECORD, ReadSource.LIVE, ReadSource.LIVE]
    assert seen.rehearsed_reads == ()
    assert seen.writes == dry.writes


def test_observing_takes_the_first_reads_from_the_record(run, machine):
    dry = run(SCAN, RunMode.DRY)
    machine.values["HCM1:SP"] = 1.9
    seen = run(SCAN, RunMode.OBSERVE, recording=dry.recording, ledger_answers=CONFIRMED)
    assert seen.status is RunStatus.DONE, seen.error
    assert seen.writes == dry.writes


def test_observing_shows_the_rehearsals_times_and_random_numbers(run):
    code = """
import time, random
from osprey.runtime import write_channel
write_channel('HCM1:SP', (time.time() % 1 + random.random()) / 10)
results = 1
"""
    dry = run(code, RunMode.DRY, seed=5)
    answers = ((WriteAnswer(channel="HCM1:SP", outcome=Outcome.CONFIRMED),),)
    seen = run(code, RunMode.OBSERVE, recording=dry.recording, ledger_answers=answers)
    assert seen.status is RunStatus.DONE, seen.error
    assert seen.writes == dry.writes


def test_a_write_that_deviates_ends_the_observation(run):
    code = """
from osprey.runtime import *
write_channel('HCM1:SP', 0.1)
write_channel('HCM1:SP', round(read_channel('BEAM:CURRENT')))
results = 1
"""
    dry = run(code, RunMode.DRY)
    answers = tuple((WriteAnswer(channel="HCM1:SP", outcome=Outcome.CONFIRMED),) for _ in range(2))
    same = run(code, RunMode.OBSERVE, recording=dry.recording, ledger_answers=answers)
    assert same.status is RunStatus.DONE


def test_a_write_that_depends_on_a_live_read_ends_the_observation(run, machine):
    code = """
from osprey.runtime import *
write_channel('HCM1:SP', 0.1)
write_channel('HCM1:SP', round(read_channel('BEAM:CURRENT')))
"""
    dry = run(code, RunMode.DRY)
    machine.values["BEAM:CURRENT"] = 300.0
    answers = tuple((WriteAnswer(channel="HCM1:SP", outcome=Outcome.CONFIRMED),) for _ in range(2))
    seen = run(code, RunMode.OBSERVE, recording=dry.recording, ledger_answers=answers)
    assert seen.status is RunStatus.DEVIATED
    assert "write HCM1:SP = 300" in seen.error
    assert "write HCM1:SP = 401" in seen.error


def test_writes_that_are_left_out_are_a_deviation(run, machine):
    code = """
from osprey.runtime import *
write_channel('HCM1:SP', 0.1)
if read_channel('BEAM:CURRENT') > 400:
    write_channel('HCM1:SP', 0.2)
"""
    dry = run(code, RunMode.DRY)
    machine.values["BEAM:CURRENT"] = 300.0
    answers = tuple((WriteAnswer(channel="HCM1:SP", outcome=Outcome.CONFIRMED),) for _ in range(2))
    seen = run(code, RunMode.OBSERVE, recording=dry.recording, ledger_answers=answers)
    assert seen.status is RunStatus.DEVIATED
    assert "1 of the 2 groups" in seen.error


def test_a_write_that_was_not_confirmed_is_told_to_the_program(run):
    dry = run(SCAN, RunMode.DRY)
    answers = ((WriteAnswer(channel="HCM1:SP", outcome=Outcome.MISMATCH, reason="clipped"),),)
    seen = run(SCAN, RunMode.OBSERVE, recording=dry.recording, ledger_answers=answers)
    assert seen.status is RunStatus.FAILED
    assert "HCM1:SP was mismatch: clipped" in seen.error


@pytest.mark.anyio
async def test_an_observation_needs_its_own_rehearsal(runner):
    from osprey.services.python_executor.models import Recording, RunJob

    with pytest.raises(UsageError, match="needs the recording"):
        await runner.run(RunJob(code="x = 1", mode=RunMode.OBSERVE))
    recording = Recording(code_sha256="0" * 64, seed=0, start_ns=0)
    with pytest.raises(UsageError, match="must run the code that was rehearsed"):
        await runner.run(RunJob(code="x = 1", mode=RunMode.OBSERVE, recording=recording, ledger_answers=()))


def test_a_recording_survives_json(run):
    import json

    from osprey.services.python_executor._serialization import from_json, to_json
    from osprey.services.python_executor.models import Recording, RunOutcome

    dry = run(SCAN, RunMode.DRY)
    assert dry.recording is not None
    assert from_json(Recording, json.loads(json.dumps(to_json(dry.recording)))) == dry.recording
    assert from_json(RunOutcome, json.loads(json.dumps(to_json(dry)))) == dry


def test_tables_of_pandas_work_in_a_rehearsal_and_its_times_are_the_runs(run):
    outcome = run(
        """
import datetime
import pandas as pd
frame = pd.DataFrame({'a': [1.5, None]}, index=pd.to_datetime(['2026-01-01', '2026-01-02']))
results = {'frame': frame, 'series': frame['a'], 'now': datetime.datetime.now().year}
""",
        mode=RunMode.DRY,
        start_ns=0,
    )
    assert outcome.status is RunStatus.DONE, outcome.error
    assert outcome.results["frame"]["__osprey__"] == "dataframe"
    assert outcome.results["series"]["column"]["values"] == [1.5, None]
    assert outcome.results["now"] == 1970
