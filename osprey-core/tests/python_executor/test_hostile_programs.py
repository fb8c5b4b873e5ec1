"""Programs that mean harm, or behave as if: each is contained, named, and leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from osprey.config.schema import ExecutionConfig
from osprey.services.python_executor.models import RunJob, RunMode, RunStatus
from osprey.services.python_executor.sandbox import cgroups, process, tier

pytestmark = pytest.mark.sandbox


@pytest.fixture
def execution(execution, kind, held_by) -> ExecutionConfig:
    """Each program is run in every tier that holds here."""
    return held_by(execution, kind)


def test_no_secret_of_the_environment_can_be_read(run, monkeypatch):
    monkeypatch.setenv("OSPREY_TEST_CANARY", "canary-7f3a")
    code = """
import os, glob
found = [os.environ.get('OSPREY_TEST_CANARY')]
for path in glob.glob('/proc/*/environ') + glob.glob('/proc/*/cmdline') + glob.glob('/proc/*/task/*/environ'):
    try:
        found.append(open(path, 'rb').read().decode(errors='replace'))
    except OSError:
        pass
results = {'leaks': [text for text in found if text and 'canary' in text], 'env': sorted(os.environ)}
"""
    outcome = run(code)
    assert outcome.results["leaks"] == []
    assert not [name for name in outcome.results["env"] if name.startswith("OSPREY")]


def test_no_file_of_the_host_can_be_read_or_changed(run, tmp_path):
    secret = tmp_path / "config.yml"
    secret.write_text("key: canary")
    code = f"""
import os, sys
out = {{}}
for path in ({str(secret)!r}, '/etc/passwd', '/etc/shadow', '/root/.bashrc', '/proc/1/root/etc/passwd'):
    try:
        out[path] = open(path).read()
    except OSError as error:
        out[path] = None
for path in ('/usr/x', '/etc/x', os.path.join(sys.prefix, 'x'), '/osprey/osprey_guest/x', '/dev/x'):
    try:
        open(path, 'w')
        out[path] = 'written'
    except OSError:
        out[path] = None
for make in (os.link, os.symlink):
    try:
        make('/etc/passwd', 'copy'); out[make.__name__] = open('copy').read()
    except OSError:
        out[make.__name__] = None
results = out
"""
    outcome = run(code)
    assert outcome.status is RunStatus.DONE, outcome.error
    assert set(outcome.results.values()) == {None}


def test_no_network_by_any_way(run):
    code = """
import ctypes, _socket, socket
out = []
for family in range(0, 46):
    for kind in (1, 2, 3, 5):
        fd = ctypes.CDLL(None).socket(family, kind, 0)
        out.append(fd)
for make in (lambda: _socket.socket(2, 2), lambda: socket.create_connection(('127.0.0.1', 22), 1),
             lambda: socket.getaddrinfo('localhost', 1)):
    try:
        make(); out.append('opened')
    except OSError:
        out.append(-1)
results = sorted(set(map(str, out)))
"""
    assert run(code).results == ["-1"]


def test_system_calls_outside_the_list_are_refused(run):
    code = """
import ctypes, platform
libc = ctypes.CDLL(None, use_errno=True)
calls = {'unshare': 272, 'mount': 165, 'ptrace': 101, 'bpf': 321, 'io_uring_setup': 425, 'setns': 308,
         'execve': 59, 'execveat': 322, 'keyctl': 250, 'userfaultfd': 323, 'memfd_create': 319,
         'pidfd_open': 434, 'process_vm_readv': 310, 'clone3': 435, 'setuid': 105, 'mknod': 133}
out = {}
if platform.machine() == 'x86_64':
    for name, number in calls.items():
        ctypes.set_errno(0)
        out[name] = (libc.syscall(number, 0, 0, 0, 0, 0, 0), ctypes.get_errno())
    out['clone newuser'] = (libc.syscall(56, 0x10000000 | 17, 0, 0, 0, 0), ctypes.get_errno())
results = out
"""
    outcome = run(code)
    assert outcome.status is RunStatus.DONE, outcome.error
    assert {name for name, (value, number) in outcome.results.items() if value != -1 or number not in (1, 38)} == set()


def test_the_brokers_descriptor_is_the_only_one(run):
    code = """
import os, stat
results = sorted(fd for fd in range(3, 512) if os.path.exists(f'/proc/self/fd/{fd}') and
                 stat.S_ISSOCK(os.fstat(fd).st_mode))
"""
    assert run(code).results == [3]


def test_a_fork_bomb_ends_at_the_process_limit_and_nothing_survives(run, guests):
    code = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
while True:
    try:
        if os.fork() == 0:
            time.sleep(60)
    except OSError:
        time.sleep(60)
"""
    outcome = run(code, timeout_s=1.5)
    assert outcome.status in (RunStatus.TIMEOUT, RunStatus.PROCESS_LIMIT)
    for guest in guests:
        # The kernel removes a group only when no process is left in it.
        assert not any(folder.exists() for folder in guest.group.folders)
        assert not Path(f"/proc/{guest.keeper_pid}").exists()
        assert not Path(f"/proc/{guest.run_pid}").exists()


def test_a_thread_bomb_names_the_process_limit(run):
    code = """
import threading
hold = threading.Event()
while True:
    threading.Thread(target=hold.wait, daemon=True).start()
"""
    outcome = run(code)
    assert outcome.status is RunStatus.PROCESS_LIMIT
    assert "execution.max_processes" in outcome.error
    assert outcome.error_line == 5


def test_a_memory_bomb_names_the_memory_limit(run):
    outcome = run("a = []\nwhile True:\n    a.append(bytearray(16 << 20))")
    assert outcome.status is RunStatus.MEMORY_LIMIT
    assert "execution.memory_limit_mb" in outcome.error


def test_memory_over_many_processes_is_one_limit_where_a_control_group_can_be_made(run, monkeypatch):
    grouped: list[bool] = []  # asked while the guest lives: its group is gone with it
    real = tier.ask_for_run

    def start(*args) -> process.GuestProcess:
        guest = real(*args)
        grouped.append(guest.group.limits_memory)
        return guest

    monkeypatch.setattr(tier, "ask_for_run", start)
    code = """
import os, time
for _ in range(2):
    if os.fork() == 0:
        block = bytearray(b'x') * (200 << 20)
        time.sleep(30)
block = bytearray(b'x') * (200 << 20)
time.sleep(30)
"""
    outcome = run(code, timeout_s=8)
    if grouped[-1]:
        assert outcome.status in (RunStatus.MEMORY_LIMIT, RunStatus.TIMEOUT)
    else:  # each process has the limit for itself
        assert outcome.status is RunStatus.TIMEOUT


def test_without_control_groups_each_process_has_the_limits_for_itself(run, guests, monkeypatch, tmp_path):
    monkeypatch.setattr(cgroups, "_ROOT", tmp_path / "no-cgroups")
    outcome = run("a = []\nwhile True:\n    a.append(bytearray(16 << 20))")
    assert guests[-1].group.folders == ()
    assert outcome.status is RunStatus.MEMORY_LIMIT
    outcome = run("import threading, time\nwhile True:\n    threading.Thread(target=time.sleep, args=[60]).start()")
    assert outcome.status is RunStatus.PROCESS_LIMIT


def test_a_full_disk_names_the_disk_limit(run):
    code = "with open('a', 'wb') as f:\n    while True:\n        f.write(bytes(1 << 20))"
    outcome = run(code)
    assert outcome.status is RunStatus.DISK_LIMIT
    assert "execution.disk_limit_mb" in outcome.error


def test_a_flood_of_output_is_cut(run):
    outcome = run("while True:\n    print('x' * 1000)")
    assert outcome.status is RunStatus.OUTPUT_LIMIT
    assert len(outcome.stdout) == 64 << 10


@pytest.mark.parametrize("loop", ["while True: pass", "9 ** (9 ** 10)"])
def test_a_program_that_ignores_signals_ends_at_its_deadline(run, loop):
    code = f"""
import signal
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM, signal.SIGXCPU):
    signal.signal(number, signal.SIG_IGN)
{loop}
"""
    outcome = run(code, timeout_s=1.0)
    assert outcome.status is RunStatus.TIMEOUT
    assert "within 1 s" in outcome.error


def test_many_threads_meet_the_cpu_limit(run):
    code = """
import hashlib, threading
block = bytes(1 << 22)
def burn():
    while True:
        hashlib.sha256(block).digest()
for _ in range(4):
    threading.Thread(target=burn).start()
"""
    outcome = run(code, timeout_s=3.0)
    assert outcome.status in (RunStatus.CPU_LIMIT, RunStatus.TIMEOUT)


def test_death_in_native_code_names_the_signal_and_the_line(run):
    outcome = run("import ctypes\n\nctypes.string_at(0)")
    assert outcome.status is RunStatus.CRASHED
    assert "SIGSEGV" in outcome.error
    assert outcome.error_line == 3


def test_leaving_without_results_is_not_success(run):
    outcome = run("import os\nresults = {'ok': 1}\nos._exit(0)")
    assert outcome.status is RunStatus.EXITED
    assert outcome.results is None


@pytest.mark.parametrize(("end", "status"), [("os._exit(9)", RunStatus.EXITED), ("os.abort()", RunStatus.CRASHED)])
def test_results_that_were_handed_over_before_a_bad_end_are_not_kept(run, end, status):
    code = f"""
import json, os, struct
text = json.dumps({{'op': 'finish', 'results': {{'ok': 1}}, 'warnings': []}}).encode()
os.write(3, struct.pack('>I', len(text)) + text)
{end}
"""
    outcome = run(code)
    assert outcome.status is status
    assert outcome.results is None


def test_results_that_contain_themselves_are_refused(run):
    assert "contains itself" in run("a = []\na.append(a)\nresults = a").error


@pytest.mark.parametrize(
    "frame",
    [
        b"\xff\xff\xff\xff",
        b"\x00\x00\x00\x02[]",
        b"\x00\x00\x00\x04nope",
        b'\x00\x00\x00\x1f{"op":"approve","id":"*","x":1}',
        b'\x00\x00\x00\x2c{"op":"write","items":[{"channel":"HCM1:SP"}]',
        b'\x00\x00\x00\x20{"op":"sleep","seconds":NaN}     ',
        b'\x00\x00\x00\x28{"op":"hello","protocol":1,"python":"3"}',
        b"\x00\x00\x03\x00" + b"[" * 768,
    ],
)
def test_a_forged_frame_ends_the_run(run, frame):
    code = f"import os, time\nos.write(3, {frame!r})\ntime.sleep(30)"
    outcome = run(code, RunMode.DRY, timeout_s=3.0)
    assert outcome.status in (RunStatus.BROKER_LIMIT, RunStatus.TIMEOUT)
    assert outcome.writes == ()


@pytest.mark.parametrize("results", ['"\\ud800"', '{"\\udfff": 1}', "1e999", "[-1e999]"])
def test_a_handover_that_no_record_could_hold_ends_the_run(run, results):
    code = f"""
import os, struct
text = b'{{"op":"finish","results":' + {results!r}.encode() + b',"warnings":[]}}'
os.write(3, struct.pack('>I', len(text)) + text)
os.read(3, 100)
"""
    outcome = run(code)
    assert outcome.status is RunStatus.BROKER_LIMIT
    assert outcome.results is None


def test_text_without_an_encoding_arrives_with_question_marks(run):
    outcome = run("results = {'half \\ud800': 'a \\udfff', 'whole': 'µ\\U0001f600'}")
    assert outcome.results == {"half ?": "a ?", "whole": "µ\U0001f600"}


def test_a_request_that_names_a_channel_twice_is_malformed(run):
    code = """
from osprey import runtime
runtime._link.call('read', channels=['BPM:X', 'BPM:X'], partial=True, line=1)
"""
    assert run(code, RunMode.READ).status is RunStatus.BROKER_LIMIT


def test_what_the_service_keeps_of_readings_is_bounded(run, machine):
    machine.values["BPM:X"] = [0.25] * 1_000_000
    code = """
from osprey.runtime import read_channel
while True:
    read_channel('BPM:X')
"""
    outcome = run(code, RunMode.READ)
    assert outcome.status is RunStatus.BROKER_LIMIT
    assert "more than 32 MiB of answers" in outcome.error
    assert len(outcome.reads) < 10


def test_a_forged_write_frame_is_only_a_plan(run, machine):
    code = """
import json, os, struct
text = json.dumps({'op': 'write', 'items': [{'channel': 'HCM1:SP', 'value': 9.9, 'unit': None}], 'line': 1}).encode()
os.write(3, struct.pack('>I', len(text)) + text)
os.read(3, 100)
results = 1
"""
    outcome = run(code, RunMode.DRY)
    assert [write.value for write in outcome.writes] == [9.9]
    assert machine.values["HCM1:SP"] == 0.5


def test_an_endless_stream_of_requests_is_bounded(run):
    code = "from osprey.runtime import read_channel\nwhile True:\n    read_channel('BEAM:CURRENT')"
    outcome = run(code, RunMode.READ, timeout_s=2.0)
    assert outcome.status in (RunStatus.BROKER_LIMIT, RunStatus.TIMEOUT)


def test_a_forked_child_cannot_speak_for_the_run(run):
    code = """
import os
from osprey.runtime import write_channel
pid = os.fork()
if pid == 0:
    write_channel('HCM1:SP', 1)
os.waitpid(pid, 0)
results = 'parent'
"""
    outcome = run(code, RunMode.DRY)
    assert outcome.results == "parent"
    assert outcome.writes == ()


def test_a_link_in_place_of_a_figure_shows_nothing(run):
    code = """
import os
os.symlink('/etc/hostname', 'figure.png')
open('fake.png', 'wb').write(b'<script>')
results = 1
"""
    outcome = run(code)
    assert outcome.status is RunStatus.DONE, outcome.error
    assert outcome.figures == ()
    assert outcome.warnings == ("a figure was left out: it is not a PNG image",)


def test_a_time_bomb_in_a_finalizer_does_not_outlive_the_run(run):
    code = """
class Bomb:
    def __del__(self):
        while True: pass
bomb = Bomb()
results = 1
"""
    assert run(code).status is RunStatus.DONE


def test_removing_the_stand_ins_reaches_nothing(run):
    code = """
import sys
sys.meta_path[:] = [f for f in sys.meta_path if type(f).__name__ != '_Finder']
sys.modules.pop('epics', None)
try:
    import epics
    results = repr(epics.caget('BEAM:CURRENT', timeout=0.5))
except BaseException as error:
    results = 'failed'
"""
    outcome = run(code, RunMode.READ)
    assert outcome.reads == ()
    assert outcome.results in ("failed", "None", None)


def test_using_up_every_descriptor_still_ends_in_an_answer(run):
    code = """
import os
try:
    while True:
        os.dup(0)
except OSError:
    pass
results = 'all used'
"""
    outcome = run(code)
    assert outcome.status in (RunStatus.DONE, RunStatus.FAILED)


@pytest.mark.anyio
async def test_a_run_cannot_reach_another_that_goes_on(runner, machine, guests):
    await runner.tier()
    guests.clear()
    told = anyio.Event()
    ended = anyio.Event()

    class Waiting(type(machine)):
        async def read(self, channels):
            told.set()
            await ended.wait()
            return await super().read(channels)

    runner.machine = Waiting()
    victim = """
import os, tempfile
from osprey.runtime import read_channel
open('own', 'w').write('x')
open(os.path.join(tempfile.gettempdir(), 'own'), 'w').write('x')
read_channel('HCM1:SP')
results = [open('own').read(), os.listdir()]
"""
    attacker = """
import os, signal, tempfile
from osprey.runtime import inputs
hit = []
for pid in inputs['pids']:
    try:
        if pid != os.getpid():
            os.kill(pid, signal.SIGKILL)
            hit.append(pid)
    except OSError:
        pass
for folder in {'.', '..', '/tmp', '/dev/shm', '/osprey/work', tempfile.gettempdir(), os.path.dirname(os.getcwd())}:
    for place, _, files in os.walk(folder):
        if 'own' in files:
            hit.append(place)
results = hit
"""
    outcomes = []

    async def run_victim() -> None:
        outcomes.append(await runner.run(RunJob(code=victim, mode=RunMode.READ)))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run_victim)
        await told.wait()
        zygote = runner._tier._zygote
        pids = [guests[0].run_pid, guests[0].keeper_pid, zygote.process.pid]
        attack = await runner.run(RunJob(code=attacker, inputs={"pids": pids}))
        ended.set()
    assert attack.results == [], attack.error
    assert outcomes[0].results[0] == "x"
    assert zygote.is_alive()
