"""Which tier is taken, which one is refused, and what is said of it; also where there is none at all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import anyio
import pytest
from attrs import evolve
from click.testing import CliRunner

import osprey
from osprey.cli.root import osprey as command_line
from osprey.config.schema import Sandbox
from osprey.errors import SandboxError
from osprey.guest import landlock
from osprey.project import Project
from osprey.services.python_executor.models import RunJob, RunMode, RunStatus
from osprey.services.python_executor.sandbox import bubblewrap, folders, ladder
from osprey.services.python_executor.sandbox.tier import LocalTier

pytestmark = pytest.mark.sandbox


def with_execution(runner, **fields):
    config = runner._project.config
    runner._project = Project(evolve(config, execution=evolve(config.execution, **fields)))
    return runner


@pytest.fixture
def without_bubblewrap(monkeypatch):
    def missing():
        msg = f"bubblewrap (bwrap) was not found; {bubblewrap._REMEDY}"
        raise SandboxError(msg)

    monkeypatch.setattr(bubblewrap, "find_bubblewrap", missing)


@pytest.fixture
def without_any(monkeypatch):
    async def fail(tier):
        raise SandboxError("it leaks")

    monkeypatch.setattr(LocalTier, "self_test", fail)


def test_what_this_host_can_do_is_held_by_the_tiers(tiers_here):
    assert {"bubblewrap", "namespaces"} <= set(tiers_here)
    assert ("landlock" in tiers_here) == (landlock.version() >= landlock.NEEDED)


@pytest.mark.anyio
async def test_the_best_tier_is_taken_and_nothing_is_passed_over(runner):
    tier = await runner.tier()
    assert tier.name == "bubblewrap + seccomp"
    assert runner.passed_over == ()


@pytest.mark.anyio
async def test_without_bubblewrap_the_next_one_is_taken_and_the_reason_is_kept(runner, without_bubblewrap):
    outcome = await runner.run(RunJob(code="results = 1"))
    assert (outcome.results, outcome.tier) == (1, "namespaces + seccomp")
    assert [finding.kind for finding in runner.passed_over] == ["bubblewrap"]
    assert "apt install bubblewrap" in runner.passed_over[0].why_not


def test_the_tier_of_a_run_stands_in_its_outcome(run, kind, execution, held_by, runner):
    held = held_by(execution, kind)
    fields = ("sandbox", "mounts")
    with_execution(runner, python_env_path=held.python_env_path, **{name: getattr(held, name) for name in fields})
    assert run("results = 1").tier == f"{kind} + seccomp"


@pytest.mark.anyio
async def test_a_named_tier_that_does_not_hold_is_an_error_with_the_remedy(runner, without_bubblewrap):
    with_execution(runner, sandbox=Sandbox.BUBBLEWRAP)
    with pytest.raises(SandboxError, match=r"execution\.sandbox names a tier that does not hold.*apt install"):
        await runner.run(RunJob(code="results = 1"))


@pytest.mark.anyio
async def test_where_no_tier_holds_python_is_refused_with_every_reason(runner, without_any):
    with pytest.raises(SandboxError, match=r"bubblewrap: it leaks.*namespaces: it leaks.*landlock: it leaks.*install"):
        await runner.run(RunJob(code="results = 1"))


@pytest.mark.anyio
async def test_on_another_system_python_is_refused_with_what_works_there(runner, monkeypatch):
    monkeypatch.setattr(ladder.sys, "platform", "darwin")
    with pytest.raises(SandboxError, match=r"no sandbox for darwin; use a Linux host.*phrasebook"):
        await runner.run(RunJob(code="results = 1"))


def test_restricted_user_namespaces_are_told_with_their_remedy():
    told = ladder._with_remedy("bwrap: setting up uid map: Permission denied")
    assert "bwrap-userns-restrict" in told


def test_without_any_isolation_code_may_compute_and_no_more(run, runner, machine):
    with_execution(runner, sandbox=Sandbox.NONE)
    outcome = run("results = 6 * 7")
    assert (outcome.status, outcome.results, outcome.tier) == (RunStatus.DONE, 42, "none")
    for mode in (RunMode.READ, RunMode.DRY):
        with pytest.raises(SandboxError, match=r"execution\.sandbox is none.*set execution\.sandbox to auto"):
            run("results = 1", mode)
    assert machine.reads == []


def test_no_isolation_is_never_chosen_by_itself(runner, without_any):
    with pytest.raises(SandboxError):
        anyio.run(runner.tier)
    assert "none" not in ladder._BY_ITSELF


def test_folders_of_a_service_that_was_killed_are_removed_and_no_others(tmp_path, monkeypatch):
    monkeypatch.setattr(folders.tempfile, "gettempdir", lambda: str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    left, own = tmp_path / f"osprey-runs-{gone.pid}-a", tmp_path / f"osprey-runs-{os.getpid()}-a"
    for folder in (left, own):
        (folder / "run").mkdir(parents=True)
    (tmp_path / f"osprey-runs-{gone.pid}-link").symlink_to(own)
    folders.sweep_scratch()
    assert not left.exists()
    assert (own / "run").exists()


def test_the_command_tests_every_tier_and_says_which_one_is_taken(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yml").write_text("execution: {sandbox: namespaces}\n")
    rows = json.loads(CliRunner().invoke(command_line, ["python", "tiers", "--json"], catch_exceptions=False).stdout)
    assert [row["tier"] for row in rows] == ["bubblewrap", "namespaces", "landlock", "none"]
    assert [row["tier"] for row in rows if row["taken"]] == ["namespaces"]
    assert all(row["holds"] != bool(row["reason"]) for row in rows[:3])
    assert rows[3]["holds"] is False


def test_the_command_fails_where_nothing_holds(tmp_path, monkeypatch, without_any):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yml").write_text("{}\n")
    answer = CliRunner().invoke(command_line, ["python", "tiers"])
    assert answer.exit_code == 1
    assert "it leaks" in answer.stdout


_AS_SOMEBODY = """
import sys, tempfile, json, os
from pathlib import Path
import anyio
from osprey.services.python_executor.broker import Broker
from osprey.services.python_executor.desks import NoDesk
from osprey.services.python_executor.interpreter import find_interpreter
from osprey.services.python_executor.sandbox import ladder, protocol, selftest

BOMB = "import os, time\\nwhile True:\\n    if os.fork() == 0:\\n        time.sleep(60)"
READ = "import os\\nfound = []\\nfor path in %r:\\n    try:\\n        found.append(open(path).read())\\n"
READ += "    except OSError:\\n        pass\\nresults = found"

async def main():
    state = Path(tempfile.mkdtemp())
    secret = state / "secret"
    secret.write_text("canary")
    told = {"uid": os.geteuid()}
    held = ladder.Ladder(interpreter=find_interpreter(None), state_dir=state)
    for kind in ladder._BY_ITSELF:
        tier = held.tier(kind)
        finding = await ladder.test(tier)
        told[kind] = [finding.why_not]
        paths = [str(secret), f"/proc/{os.getpid()}/environ", f"/proc/{os.getppid()}/environ"]
        for code in (BOMB, READ % paths):
            start = protocol.Start(code=code, mode="none", seed=0, start_ns=0, inputs={})
            broker = Broker(NoDesk(), tier.job_of(start, selftest.LIMITS), selftest.LIMITS)
            ending = await tier.run(start, broker, selftest.LIMITS)
            handover = broker.handover
            told[kind].append([handover and handover.results, handover and handover.failure and handover.failure.type])
        await ladder.discard(tier)
    print(json.dumps(told))

anyio.run(main)
"""


def test_every_tier_holds_for_an_ordinary_user_too(tiers_here, tmp_path, public_python):
    python, _ = public_python
    paths = [sysconfig.get_path("platlib"), *{str(Path(place).parent) for place in osprey.__path__}]
    as_user = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
    done = subprocess.run(
        [str(python or sys.executable), "-c", _AS_SOMEBODY],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": ":".join(paths),
            "PYTHONDONTWRITEBYTECODE": "1",
            "KEY": "canary",
        },
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
        **as_user,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told.pop("uid") != 0
    for tier in tiers_here:
        why_not, bomb, read = told[tier]
        assert why_not == ""
        assert bomb == [None, "BlockingIOError"]
        assert read == [[], None]
