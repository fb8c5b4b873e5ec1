"""The tier itself: it proves that it holds, it is refused where it does not, and nothing outlives a run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from osprey.errors import ConfigError, ConnectorError, SandboxError
from osprey.services.python_executor import interpreter as interpreters
from osprey.services.python_executor.interpreter import find_interpreter
from osprey.services.python_executor.models import RunJob, RunMode, RunStatus
from osprey.services.python_executor.sandbox import bubblewrap, process, tier
from osprey.services.python_executor.sandbox.tier import BubblewrapTier

pytestmark = pytest.mark.sandbox


@pytest.fixture
def opened(tmp_path: Path) -> BubblewrapTier:
    return BubblewrapTier(interpreter=find_interpreter(None), state_dir=tmp_path)


@pytest.mark.anyio
async def test_the_tier_passes_its_self_test(opened):
    await opened.self_test()
    assert list(opened.state_dir.iterdir()) == []


@pytest.mark.anyio
async def test_the_tier_of_an_ordinary_user_passes_as_well(opened, monkeypatch):
    monkeypatch.setattr(bubblewrap, "user_to_drop_to", lambda: None)
    await opened.self_test()


@pytest.mark.anyio
async def test_an_environment_that_leaks_fails_the_self_test(opened, monkeypatch):
    real = tier._environment
    calls = []

    def leaking(start):
        calls.append(start)
        return real(start) if len(calls) > 1 else {**real(start), "API_KEY": "canary"}

    monkeypatch.setattr(tier, "_environment", leaking)
    with pytest.raises(SandboxError, match="the host's environment could be read"):
        await opened.self_test()


@pytest.mark.anyio
async def test_a_visible_host_file_fails_the_self_test(opened, monkeypatch):
    real = bubblewrap._scratch
    opened.state_dir.chmod(0o755)
    show: list[str] = []
    folders = [str(folder) for folder in reversed(opened.state_dir.parents)][1:]
    for folder in folders:
        show += ["--perms", "0755", "--dir", folder]
    show += ["--ro-bind", str(opened.state_dir), str(opened.state_dir)]
    monkeypatch.setattr(bubblewrap, "_scratch", lambda: [*real(), *show])
    with pytest.raises(SandboxError, match="a file of the host was visible"):
        await opened.self_test()


@pytest.mark.anyio
async def test_rights_that_were_kept_stop_the_run_before_its_code(opened, monkeypatch):
    monkeypatch.setattr(bubblewrap, "user_to_drop_to", lambda: None)
    monkeypatch.setattr(bubblewrap, "_namespaces", lambda: ["--unshare-pid", "--unshare-net", "--as-pid-1"])
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
    monkeypatch.setattr(bubblewrap, "_START", "raise SystemExit('no guest here')")
    with pytest.raises(SandboxError, match="no guest here"):
        await opened.self_test()


@pytest.mark.anyio
async def test_a_cancelled_run_leaves_no_process(runner, machine):
    started = anyio.Event()
    guests: list[process.GuestProcess] = []

    class Telling(type(machine)):
        async def read(self, channels):
            started.set()
            return await super().read(channels)

    runner.machine = Telling()
    code = "from osprey.runtime import read_channel\nimport os\nread_channel('HCM1:SP')\nos.fork()\nwhile True: pass"
    real_start = process.start_guest

    def start(*args):
        guests.append(real_start(*args))
        return guests[-1]

    process.start_guest = start
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(runner.run, RunJob(code=code, mode=RunMode.READ))
            await started.wait()
            tasks.cancel_scope.cancel()
    finally:
        process.start_guest = real_start
    for guest in guests:
        assert guest.exit_code is not None
        assert not any(folder.exists() for folder in guest.group.folders)
        assert not Path(f"/proc/{guest.process.pid}").exists()


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
from osprey.services.python_executor.sandbox import process, tier

class Desk(NoDesk):
    async def answer(self, op, request):
        print(guests[0].process.pid, flush=True)
        return [{"value": 1, "unit": "", "severity": "ok", "alarm": "", "label": None, "source_ns": None}]

guests = []
real = process.start_guest
process.start_guest = lambda *args: guests.append(real(*args)) or guests[-1]

async def main():
    held = tier.BubblewrapTier(interpreter=find_interpreter(None), state_dir=Path(sys.argv[1]))
    code = "from osprey.runtime import read_channel\\nimport os\\nread_channel('A')\\nos.fork()\\nwhile True: pass"
    start = tier.Start(code=code, mode="read", seed=0, start_ns=0, inputs={})
    limits = tier._SELF_TEST_LIMITS
    await held.run(start, Broker(Desk(), held.job_of(start, limits), limits), limits)

anyio.run(main)
"""


def test_a_run_dies_with_its_parent(tmp_path):
    with subprocess.Popen([sys.executable, "-c", _PARENT, str(tmp_path)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        monitor = int(parent.stdout.readline())
        children = Path(f"/proc/{monitor}/task/{monitor}/children").read_text().split()
        assert children, "the guest runs below bubblewrap"
        watched = [os.pidfd_open(int(child)) for child in children]
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
