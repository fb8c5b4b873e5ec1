"""What is kept warm: it makes a run start at once, and nothing of one run is there in the next."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import pytest
from attrs import evolve

from osprey.project import Project
from osprey.services.python_executor import runner as runners
from osprey.services.python_executor.models import RunJob, RunMode, RunStatus
from osprey.services.python_executor.sandbox.cgroups import ControlGroup

pytestmark = pytest.mark.sandbox


@pytest.fixture
def execution(execution, kind, held_by):
    return held_by(execution, kind)


def with_execution(runner, **fields):
    config = runner._project.config
    runner._project = Project(evolve(config, execution=evolve(config.execution, **fields)))


async def wait_gone(fd: int) -> None:
    with anyio.fail_after(20):
        await anyio.wait_readable(fd)


_LOADED = "import sys\nresults = 'numpy.linalg' in sys.modules"


def test_numpy_is_loaded_before_the_program_asks_for_it(run, runner):
    assert run(_LOADED).results is True
    assert runner._tier.is_warm


def test_a_run_starts_from_nothing_where_nothing_is_to_be_kept(run, runner):
    with_execution(runner, keep_warm_s=0.0)
    assert run(_LOADED).results is False
    assert not runner._tier.is_warm


def test_a_module_of_the_list_that_is_missing_is_a_remark(run, runner):
    with_execution(runner, preload=("decimal", "no_such_module"))
    assert run("import sys\nresults = 'decimal' in sys.modules").results is True
    assert [remark.partition(":")[0] for remark in runner._tier.remarks] == ["no_such_module cannot be loaded ahead"]


def test_nothing_of_a_run_is_there_in_the_next(run):
    spoil = """
import builtins, gc, json, os, signal, sys, tempfile, numpy
numpy.pi = 3
json.dumps = lambda *a, **k: '{}'
builtins.len = lambda x: 0
sys.modules['math'] = sys
sys.path.insert(0, '/nowhere')
os.environ['LEFT'] = 'behind'
for folder in ('.', tempfile.gettempdir(), '/tmp', '/dev/shm'):
    try:
        open(os.path.join(folder, 'left'), 'w').write('x')
    except OSError:
        pass
for pid in {1, os.getppid()} - {os.getpid()}:
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        pass
results = 1
"""
    look = """
import glob, json, math, os, sys, tempfile, numpy
found = [place for folder in ('.', tempfile.gettempdir(), '/tmp', '/dev/shm')
         for place in glob.glob(folder + '/left')]
results = [round(numpy.pi, 4), json.dumps([1]), len('abc'), math.__name__, sys.path[0] != '/nowhere',
           'LEFT' in os.environ, found]
"""
    before = run(look).results
    run(spoil)
    assert run(look).results == before == [3.1416, "[1]", 3, "math", True, False, []]


def test_two_runs_of_one_job_draw_the_same_numbers_warm_and_cold(run, runner):
    code = """
import os, random, uuid, numpy as np
results = [random.random(), os.urandom(4).hex(), str(uuid.uuid4()), float(np.random.rand()),
           float(np.random.default_rng().random()), hash('text'), list({'a', 'b', 'c', 'd'})]
"""
    warm = [run(code, seed=7).results for _ in range(2)]
    assert warm[0] == warm[1]
    assert run(code, seed=8).results[:5] != warm[0][:5]
    anyio.run(runner.aclose)
    with_execution(runner, keep_warm_s=0.0)
    assert run(code, seed=7).results == warm[0]


def test_a_guest_that_was_killed_is_started_again(run, runner):
    assert run("results = 1").results == 1
    signal.pidfd_send_signal(runner._tier._zygote.watched[-1], signal.SIGKILL)
    anyio.run(wait_gone, runner._tier._zygote.watched[-1])
    assert run("results = 2").results == 2


def test_a_guest_without_work_ends_itself_and_is_started_again(run, runner):
    with_execution(runner, keep_warm_s=0.5)
    assert run("results = 1").results == 1
    anyio.run(wait_gone, runner._tier._zygote.watched[0])
    assert run("results = 2").results == 2


def test_a_closed_runner_leaves_no_process(run, runner):
    run("results = 1")
    pid = runner._tier._zygote.process.pid
    scratch = runner._tier.holding.scratch
    anyio.run(runner.aclose)
    assert not Path(f"/proc/{pid}").exists()
    assert scratch is None or not scratch.exists()


def test_a_closed_project_closes_its_runner(tmp_path, runner):
    async def work() -> int:
        async with Project(runner._project.config) as project:
            own = runners.runner_of(project)
            await own.run(RunJob(code="results = 1"))
            return own._tier._zygote.process.pid

    assert not Path(f"/proc/{anyio.run(work)}").exists()


def test_many_runs_at_once_all_end_and_few_go_on_together(runner, guests, monkeypatch):
    with_execution(runner, max_concurrent_runs=3)
    going: list[int] = []
    most: list[int] = []
    order: list[int] = []
    real = ControlGroup.add

    def add(group, pid):
        going.append(pid)
        most.append(sum(Path(f"/proc/{one}/exe").is_symlink() for one in going))
        real(group, pid)

    monkeypatch.setattr(ControlGroup, "add", add)

    async def one(number: int) -> None:
        outcome = await runner.run(RunJob(code=f"results = {number}"))
        assert outcome.status is RunStatus.DONE, outcome.error
        assert outcome.results == number
        order.append(number)

    async def work() -> None:
        async with anyio.create_task_group() as tasks:
            for number in range(100):
                tasks.start_soon(one, number)

    anyio.run(work)
    assert len(order) == 100
    assert max(most) <= 3
    # Each ends among those that were started with it: nobody is overtaken by more than a few.
    assert all(abs(place - number) <= 12 for place, number in enumerate(order))


@pytest.fixture
def preload(runner) -> Iterator[Callable[[str, str], None]]:
    """Mount a module of this name and text, and have it loaded ahead."""
    with tempfile.TemporaryDirectory() as name:
        packages = Path(name)
        packages.chmod(0o755)

        def load(module: str, text: str) -> None:
            (packages / f"{module}.py").write_text(text)
            mounts = (*runner._project.config.execution.mounts, packages)
            with_execution(runner, preload=(module,), mounts=mounts)

        yield load


@pytest.mark.parametrize(
    ("module", "text", "remark"),
    [
        (
            "threaded",
            "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n",
            "importing threaded starts threads",
        ),
        ("epics", "", "importing epics loads epics, which runs have a stand-in for"),
    ],
)
def test_a_module_that_cannot_be_shared_is_named_and_runs_start_cold(run, runner, preload, module, text, remark):
    preload(module, text)
    assert run("results = 1").results == 1
    assert not runner._tier.is_warm
    assert remark in runner._tier.remarks[0]


def test_a_shared_module_sees_the_clock_of_the_run(run, preload):
    preload("facility_clock", "from time import time\nfrom datetime import datetime\n")
    code = "import facility_clock as c\nresults = [round(c.time()), c.datetime.now().year, c.datetime.__module__]"
    assert run(code, RunMode.DRY, start_ns=10**18).results == [10**9, 2001, "datetime"]
    assert run(code, RunMode.NONE).results[0] > 10**9
