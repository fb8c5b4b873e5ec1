"""Programs of people and models that mean well: what they find in a run."""

from __future__ import annotations

import pytest

from osprey.services.python_executor.models import ReadSource, RunMode, RunStatus

pytestmark = pytest.mark.sandbox


def test_results_output_and_python_come_back(run):
    outcome = run("print('hello')\nresults = {'sum': sum(range(10))}")
    assert outcome.status is RunStatus.DONE, outcome.error
    assert outcome.results == {"sum": 45}
    assert outcome.stdout == "hello\n"
    assert outcome.python.startswith("3.")
    assert outcome.tier == "bubblewrap + seccomp"


def test_numpy_and_a_figure_work(run):
    outcome = run(
        """
import numpy as np
import matplotlib.pyplot as plt
x = np.linspace(0, 1, 50)
plt.plot(x, np.sin(x))
plt.title('µ and β')
plt.show()
results = {'mean': np.sin(x).mean(), 'shape': np.eye(2), 'count': np.int64(3), 'flag': np.bool_(True)}
"""
    )
    assert outcome.status is RunStatus.DONE, outcome.error
    assert outcome.results["shape"] == [[1.0, 0.0], [0.0, 1.0]]
    assert outcome.results["flag"] is True
    assert outcome.figures == ("figures/figure_01.png",)
    assert (outcome.folder / outcome.figures[0]).read_bytes().startswith(b"\x89PNG")
    assert outcome.stdout == ""


def test_a_figure_that_was_saved_and_closed_is_kept(run):
    outcome = run(
        """
import matplotlib.pyplot as plt
plt.plot([1, 2])
plt.savefig('orbit.png')
plt.close()
results = {}
"""
    )
    assert outcome.figures == ("figures/figure_01.png",)


def test_reads_are_live_and_recorded(run):
    code = """
from osprey.runtime import read_channel, read_channels, channel_info, archive
current = read_channel('BEAM:CURRENT')
orbit = read_channels(['BPM:X', 'HCM1:SP'])
past = archive(['BEAM:CURRENT'], start_ns=0, end_ns=10)
info = channel_info(['HCM1:SP'])['HCM1:SP']
results = {'current': current, 'x': orbit['BPM:X'], 'past': past, 'info': info}
"""
    outcome = run(code, RunMode.READ)
    assert outcome.status is RunStatus.DONE, outcome.error
    assert outcome.results["current"] == 401.25
    assert outcome.results["x"] == [0.1, 0.2, 0.3]
    assert outcome.results["past"]["BEAM:CURRENT"]["v"] == [400.0]
    assert outcome.results["info"]["description"] == "horizontal corrector 1"
    assert outcome.results["info"]["drive_high"] == 2.0
    assert [(read.channel, read.line, read.source) for read in outcome.reads] == [
        ("BEAM:CURRENT", 3, ReadSource.LIVE),
        ("BPM:X", 4, ReadSource.LIVE),
        ("HCM1:SP", 4, ReadSource.LIVE),
    ]
    assert outcome.simulated


def test_a_channel_that_is_named_twice_is_read_once_and_given_twice(run, machine):
    outcome = run("import epics\nresults = epics.caget_many(['BEAM:CURRENT', 'BEAM:CURRENT'])", RunMode.READ)
    assert outcome.results == [401.25, 401.25]
    assert machine.reads == [("BEAM:CURRENT",)]


def test_an_unknown_channel_names_the_closest(run):
    outcome = run("from osprey.runtime import read_channel\nread_channel('HCM9:SP')", RunMode.READ)
    assert outcome.status is RunStatus.FAILED
    assert "did you mean HCM1:SP, HCM1:RB?" in outcome.error
    assert outcome.error_line == 2


def test_a_read_run_cannot_write(run):
    outcome = run("from osprey.runtime import write_channel\nwrite_channel('HCM1:SP', 1.0)", RunMode.READ)
    assert outcome.status is RunStatus.FAILED
    assert "may only read" in outcome.error
    assert outcome.writes == ()


def test_a_computation_reaches_no_channel(run):
    outcome = run("from osprey.runtime import read_channel\nread_channel('BEAM:CURRENT')")
    assert "no access to a control system" in outcome.error


def test_inputs_reach_the_program(run):
    outcome = run("from osprey.runtime import inputs\nresults = inputs['a']", inputs={"a": [1, "zwei"]})
    assert outcome.results == [1, "zwei"]


def test_an_error_is_told_in_the_programs_own_lines(run):
    code = "def average(values):\n    return sum(values) / len(values)\n\nresults = average([])\n"
    outcome = run(code)
    assert outcome.status is RunStatus.FAILED
    assert outcome.error == "line 2: ZeroDivisionError: division by zero"
    assert outcome.error_type == "ZeroDivisionError"
    assert outcome.error_line == 2
    assert outcome.error_frames == (
        "line 4, in <module>: results = average([])",
        "line 2, in average: return sum(values) / len(values)",
    )


def test_two_runs_of_one_seed_draw_the_same_numbers(run):
    code = """
import random, secrets, uuid
import numpy as np
results = [random.random(), secrets.token_hex(4), str(uuid.uuid4()), np.random.default_rng().random(),
           np.random.rand(), list({'a', 'b', 'c', 'd'})]
"""
    first, second, other = run(code, seed=7), run(code, seed=7), run(code, seed=8)
    assert first.results == second.results
    assert first.results[:5] != other.results[:5]


def test_nan_in_results_is_null_with_a_warning(run):
    outcome = run("results = {'a': float('nan'), 'b': [1.0, float('inf')]}")
    assert outcome.status is RunStatus.DONE
    assert outcome.results == {"a": None, "b": [1.0, None]}
    assert outcome.warnings == ("not a finite number, recorded as null: results['a'], results['b'][1]",)


def test_what_has_no_encoding_is_named(run):
    outcome = run("results = {'f': [open]}")
    assert outcome.status is RunStatus.FAILED
    assert "results['f'][0] is a builtin_function_or_method" in outcome.error


def test_results_that_were_never_set_are_a_warning(run):
    outcome = run("x = 1")
    assert outcome.status is RunStatus.DONE
    assert outcome.warnings == ("the code never set `results`",)


def test_event_loops_threads_and_dataclasses_work(run):
    outcome = run(
        """
import asyncio, threading, pickle
from dataclasses import dataclass

@dataclass
class Point:
    x: float

async def main():
    await asyncio.sleep(0.01)
    return 3

results = {}
threading.Thread(target=lambda: results.update(thread=1)).start()
results['loop'] = asyncio.run(main())
results['point'] = pickle.loads(pickle.dumps(Point(2.0))).x
""",
        RunMode.DRY,
    )
    assert outcome.status is RunStatus.DONE, outcome.error
    assert outcome.results == {"thread": 1, "loop": 3, "point": 2.0}


@pytest.mark.parametrize(
    "client", ["p4p.server", "tango.server", "aioca", "caproto.sync.client", "ophyd", "epics.autosave"]
)
def test_other_clients_fail_with_a_sentence(run, client):
    outcome = run(f"import {client}", RunMode.READ)
    assert outcome.status is RunStatus.FAILED
    assert "use osprey.runtime" in outcome.error
    assert outcome.error_line == 1


def test_a_subprocess_fails_with_a_sentence(run):
    outcome = run("import subprocess\nsubprocess.run(['ls'])")
    assert "no other program can be started in a run" in outcome.error


def test_waiting_for_a_person_ends_at_once(run):
    outcome = run("name = input('who? ')")
    assert outcome.error_type == "EOFError"


def test_leaving_with_a_code_is_a_failure_and_without_one_is_not(run):
    assert run("import sys\nresults = 1\nsys.exit()").status is RunStatus.DONE
    assert run("import sys\nsys.exit('no beam')").error == "line 2: SystemExit: no beam"


def test_a_run_shows_the_facilitys_time_and_may_use_its_folder(run):
    code = "open('a.txt', 'w').write('x')\nimport os, time\nresults = [os.getcwd(), os.listdir(), time.tzname[0]]"
    assert run(code).results == ["/osprey/work", ["a.txt"], "UTC"]
