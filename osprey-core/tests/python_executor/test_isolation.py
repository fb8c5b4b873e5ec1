"""The tier itself: it proves that it holds, it is refused where it does not, and nothing outlives a run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from attrs import evolve

from osprey.errors import ConfigError, ConnectorError, SandboxError
from osprey.project import Project
from osprey.services.python_executor import interpreter as interpreters
from osprey.services.python_executor.interpreter import find_interpreter
from osprey.services.python_executor.models import RunJob, RunMode, RunStatus
from osprey.services.python_executor.sandbox import bubblewrap, holding, tier
from osprey.services.python_executor.sandbox.cgroups import ControlGroup
from osprey.services.python_executor.sandbox.holding import Holding, Kind
from osprey.services.python_executor.sandbox.ladder import Ladder
from osprey.services.python_executor.sandbox.selftest import prove
from osprey.services.python_executor.sandbox.tier import LocalTier

pytestmark = pytest.mark.sandbox


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[LocalTier]:
    tier = Ladder(interpreter=find_interpreter(None), state_dir=tmp_path).tier(Kind.BUBBLEWRAP)
    yield tier
    anyio.run(tier.aclose)


@pytest.mark.anyio
async def test_the_tier_passes_its_self_test(opened):
    await opened.self_test()
    assert opened.is_warm
    assert opened.remarks == ()
    assert list(opened.state_dir.iterdir()) == []


@pytest.mark.anyio
async def test_the_tier_of_an_ordinary_user_passes_as_well(opened, monkeypatch):
    monkeypatch.setattr(holding, "user_to_drop_to", lambda: None)
    monkeypatch.setattr(bubblewrap, "user_to_drop_to", lambda: None)
    await opened.self_test()


@pytest.mark.anyio
async def test_where_runs_cannot_be_nested_each_starts_cold_and_the_reason_is_told(opened, monkeypatch):
    real = Holding.setup

    def setup(self, *, parent, nests):
        if nests:
            raise SandboxError("namespaces cannot be nested")
        return real(self, parent=parent, nests=nests)

    monkeypatch.setattr(Holding, "setup", setup)
    await opened.self_test()
    assert not opened.is_warm
    assert opened.remarks == ("nothing is kept warm between runs: namespaces cannot be nested",)


@pytest.mark.anyio
async def test_an_environment_that_leaks_fails_the_self_test(opened, monkeypatch):
    real = tier.environment_of
    names = set(real(opened.holding))
    monkeypatch.setattr(tier, "environment_of", lambda held: {**real(held), "API_KEY": "canary"})
    with pytest.raises(SandboxError, match="the host's environment could be read"):
        await prove(opened, opened.state_dir, names, has_namespaces=True)


@pytest.mark.anyio
async def test_a_visible_host_file_fails_the_self_test(opened):
    opened.state_dir.chmod(0o755)
    opened.holding = evolve(opened.holding, mounts=(opened.state_dir,))
    with pytest.raises(SandboxError, match="a file of the host was visible"):
        await opened.self_test()


@pytest.mark.anyio
async def test_rights_that_were_kept_stop_the_run_before_its_code(opened, monkeypatch):
    real = Holding.setup
    kept = {"drop_uid": None, "is_confined": False, "nests": False}
    monkeypatch.setattr(Holding, "setup", lambda self, **fields: real(self, **fields) | kept)
    with pytest.raises(SandboxError, match="did not take all rights"):
        await opened.self_test()


@pytest.mark.anyio
async def test_without_bubblewrap_the_remedy_is_named(opened, monkeypatch):
    def missing():
        raise SandboxError(f"bubblewrap (bwrap) was not found; {bubblewrap._REMEDY}")

    monkeypatch.setattr(bubblewrap, "find_bubblewrap", missing)
    with pytest.raises(SandboxError, match="apt install bubblewrap"):
        await opened.self_test()


def test_bubblewrap_is_looked_for_on_the_path(monkeypatch, tmp_path):
    bubblewrap.find_bubblewrap.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxError, match="apt install bubblewrap"):
        bubblewrap.find_bubblewrap()
    monkeypatch.undo()
    assert bubblewrap.find_bubblewrap().endswith("bwrap")


@pytest.mark.anyio
async def test_a_guest_that_cannot_start_says_why(opened, monkeypatch):
    monkeypatch.setattr(holding, "_START", "raise SystemExit('no guest here')")
    with pytest.raises(SandboxError, match="no guest here"):
        await opened.self_test()


@pytest.mark.anyio
async def test_a_cancelled_run_leaves_no_process(runner, machine, guests):
    started = anyio.Event()

    class Telling(type(machine)):
        async def read(self, channels):
            started.set()
            return await super().read(channels)

    runner.machine = Telling()
    code = "from osprey.runtime import read_channel\nimport os\nread_channel('HCM1:SP')\nos.fork()\nwhile True: pass"
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(runner.run, RunJob(code=code, mode=RunMode.READ))
        await started.wait()
        tasks.cancel_scope.cancel()
    for guest in guests:
        assert guest.keeper_pid
        assert not any(folder.exists() for folder in guest.group.folders)
        assert not Path(f"/proc/{guest.keeper_pid}").exists()
        assert not Path(f"/proc/{guest.run_pid}").exists()


@pytest.mark.anyio
async def test_a_dead_connector_is_told_to_the_program(runner, machine):
    class Dead(type(machine)):
        async def read(self, channels):
            raise ConnectorError("the gateway is gone")

    runner.machine = Dead()
    code = "from osprey.runtime import read_channel\nread_channel('HCM1:SP')"
    outcome = await runner.run(RunJob(code=code, mode=RunMode.READ))
    assert outcome.error == "line 2: ChannelError: the gateway is gone"


@pytest.mark.anyio
async def test_a_broken_directory_ends_the_run_with_its_own_error(runner, machine):
    class Broken(type(machine)):
        async def closest(self, channel):
            raise ConfigError("channels.yml, line 3: not a list")

    runner.machine = Broken()
    code = "from osprey.runtime import read_channel\nread_channel('HCM9:SP')"
    with pytest.raises(ConfigError, match="line 3"):
        await runner.run(RunJob(code=code, mode=RunMode.READ))


@pytest.mark.anyio
async def test_several_runs_at_once_do_not_meet(runner):
    outcomes = {}

    async def one(number: int) -> None:
        code = f"import os\nopen('n', 'w').write('{number}')\nresults = [{number}, os.listdir(), open('n').read()]"
        outcomes[number] = await runner.run(RunJob(code=code))

    async with anyio.create_task_group() as tasks:
        for number in range(4):
            tasks.start_soon(one, number)
    assert {n: o.results for n, o in outcomes.items()} == {n: [n, ["n"], str(n)] for n in range(4)}
    assert len({outcome.folder for outcome in outcomes.values()}) == 4


_PARENT = """
import sys, anyio
from pathlib import Path
from osprey.services.python_executor.broker import Broker
from osprey.services.python_executor.desks import NoDesk
from osprey.services.python_executor.interpreter import find_interpreter
from osprey.services.python_executor.sandbox import holding, ladder, protocol, selftest, tier

guests = []
real = tier.ask_for_run
tier.ask_for_run = lambda *args: guests.append(real(*args)) or guests[-1]

class Desk(NoDesk):
    async def answer(self, op, request):
        inside = Path(f"/proc/{guests[0].run_pid}/task/{guests[0].run_pid}/children").read_text().split()
        print(guests[0].run_pid, guests[0].keeper_pid, *inside, flush=True)
        return [{"value": 1, "unit": "", "severity": "ok", "alarm": "", "label": None, "source_ns": None}]

async def main():
    python = Path(sys.argv[3]) if sys.argv[3] else None
    held = ladder.Ladder(interpreter=find_interpreter(python), state_dir=Path(sys.argv[1]))
    held = held.tier(holding.Kind(sys.argv[2]))
    code = "import os, time\\nfrom osprey.runtime import read_channel\\n"
    code += "if os.fork() == 0:\\n    os.fork()\\n    time.sleep(600)\\n"
    code += "read_channel('A')\\nwhile True: pass"
    start = protocol.Start(code=code, mode="read", seed=0, start_ns=0, inputs={})
    limits = selftest.LIMITS
    await held.run(start, Broker(Desk(), held.job_of(start, limits), limits), limits)

anyio.run(main)
"""


def test_a_run_dies_with_its_parent(tmp_path, kind, held_by, execution):
    python = held_by(execution, kind).python_env_path
    command = [sys.executable, "-c", _PARENT, str(tmp_path), kind, str(python or "")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(pids) == 3, "the run, its keeper, and what the run has forked"
        watched = [os.pidfd_open(pid) for pid in pids]
        parent.send_signal(signal.SIGKILL)
        for pidfd in watched:
            anyio.run(_wait_readable, pidfd)
            os.close(pidfd)


async def _wait_readable(fd: int) -> None:
    with anyio.fail_after(20):
        await anyio.wait_readable(fd)


def test_another_interpreter_is_probed_and_used(tmp_path, run, runner):
    found = find_interpreter(_another_python())
    assert any(found.executable.is_relative_to(prefix) for prefix in found.prefixes)
    assert found.version >= (3, 9, 0)


def test_a_run_in_another_interpreter(runner, execution):
    python = _another_python()
    object.__setattr__(runner._project.config, "execution", _with_python(execution, python))
    outcome = anyio.run(runner.run, RunJob(code="import sys\nresults = sys.prefix"))
    assert outcome.status is RunStatus.DONE, outcome.error
    assert Path(outcome.results).resolve() in find_interpreter(python).prefixes


def _another_python() -> Path:
    """Give the system's interpreter, else the one that this environment was made of."""
    system = Path("/usr/bin/python3")
    return system if system.exists() else Path(sys.base_prefix, "bin", "python3")


def _with_python(execution, path):
    from attrs import evolve

    return evolve(execution, python_env_path=path)


def test_a_missing_interpreter_names_its_key(tmp_path):
    with pytest.raises(SandboxError, match=r"execution\.local\.python_env_path"):
        find_interpreter(tmp_path / "nowhere")


def test_an_interpreter_that_would_show_a_home_folder_is_refused(monkeypatch, tmp_path):
    facts = interpreters._own_facts()
    monkeypatch.setattr(interpreters, "_own_facts", lambda: {**facts, "prefixes": [str(Path.home())]})
    with pytest.raises(SandboxError, match="everything there"):
        find_interpreter(None)


def test_an_interpreter_that_is_too_old_is_refused(monkeypatch):
    facts = interpreters._own_facts()
    monkeypatch.setattr(interpreters, "_own_facts", lambda: {**facts, "version": [3, 8, 1]})
    with pytest.raises(SandboxError, match=r"3\.9 or newer"):
        find_interpreter(None)


def test_missing_analysis_packages_are_named_with_the_remedy(run, monkeypatch):
    facts = interpreters._own_facts()
    monkeypatch.setattr(interpreters, "_own_facts", lambda: {**facts, "paths": []})
    outcome = run("import numpy")
    assert "pip install 'osprey-core[analysis]'" in outcome.error


@pytest.mark.anyio
async def test_a_run_that_cannot_be_limited_never_starts(runner, monkeypatch):
    def refuse(group, pid):
        raise OSError(28, "no space for a group")

    await runner.tier()
    monkeypatch.setattr(ControlGroup, "add", refuse)
    with pytest.raises(SandboxError, match="a run could not be limited"):
        await runner.run(RunJob(code="open('started', 'w')"))


@pytest.mark.anyio
async def test_a_keeper_that_is_killed_takes_its_run_along(runner, machine, guests, kind, held_by):
    config = runner._project.config
    runner._project = Project(evolve(config, execution=held_by(config.execution, kind)))
    await runner.tier()
    guests.clear()

    class Killing(type(machine)):
        async def read(self, channels):
            assert guests[0].keeper_fd is not None
            signal.pidfd_send_signal(guests[0].keeper_fd, signal.SIGKILL)
            return await super().read(channels)

    runner.machine = Killing()
    code = "from osprey.runtime import read_channel\nimport os\nif os.fork() == 0:\n    while True: pass\n"
    outcome = await runner.run(RunJob(code=code + "read_channel('HCM1:SP')\nwhile True: pass", mode=RunMode.READ))
    assert not outcome.is_done
    assert not Path(f"/proc/{guests[0].run_pid}").exists() or guests[0].is_gone()
    assert not any(folder.exists() for folder in guests[0].group.folders)
