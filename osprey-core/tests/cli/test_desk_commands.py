"""`osprey desk` with real processes: a service, and users of the host who look at its inbox and decide."""

from __future__ import annotations

import functools
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from attrs import define, field

OWN = pwd.getpwuid(os.getuid()).pw_name
CONFIG: dict[str, Any] = {
    "control_system": {
        "default_target": "bench",
        "targets": {
            "bench": {
                "connector": "mock",
                "posture": "simulation",
                "writes_enabled": True,
                "limits": {"file": "limits.yml"},
                "channels": "channels.yml",
            }
        },
    }
}
FILES = {
    "limits.yml": "defaults: {min: 0, max: 10, tolerance_absolute: 0.01}\nchannels:\n  'BEND:CURRENT:SP': {}\n",
    "channels.yml": "channels:\n- {name: 'BEND:CURRENT:SP', device: BEND, role: setpoint, unit: A}\n",
}
TWO_PEOPLE = {
    "desk_users": ["bin", "mail", "games", "root"],
    "people": {"ann": {"subjects": ["os:bin"]}, "ben": {"subjects": ["os:mail"]}},
    "policies": {"two": {"kinds": ["channel_write"], "persons": 2}},
}
READ_EVERYTHING = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")


@functools.cache
def becoming(user: str) -> tuple[str, ...]:
    """Give what makes a command run as another user, wherever the interpreter lies.

    One in a folder that only root can enter needs the right to read everything; it is no right to write, and no
    other identity.
    """
    plain = ("setpriv", f"--reuid={user}", f"--regid={pwd.getpwnam(user).pw_gid}", "--clear-groups")
    tried = subprocess.run([*plain, sys.executable, "-c", "import osprey"], check=False, capture_output=True)
    return plain if tried.returncode == 0 else (*plain, *READ_EVERYTHING)


@define
class Host:
    """A folder with a project and a place for its socket, and the users of this host."""

    folder: Path
    service: str = OWN
    servers: list[subprocess.Popen[str]] = field(factory=list)

    @property
    def socket(self) -> Path:
        return self.folder / "run/desk.sock"

    def prepare(self, **approval: Any) -> None:
        """Write the project, and give everything to the user of the service."""
        project, run = self.folder / "project", self.folder / "run"
        for made in (project, run):
            made.mkdir(mode=0o755)
        config = {**CONFIG, "approval": {"desk_socket": str(self.socket), **approval}}
        (project / "config.yml").write_text(json.dumps(config), encoding="utf-8")
        for name, text in FILES.items():
            (project / name).write_text(text, encoding="utf-8")
        if self.service != OWN:
            for path in (project, run, *project.iterdir()):
                shutil.chown(path, self.service)

    def command(self, user: str, arguments: Sequence[str]) -> list[str]:
        return [*(() if user == OWN else becoming(user)), sys.executable, "-m", "osprey", *arguments]

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "HOME": "/nonexistent", "OSPREY_DESK_SOCKET": str(self.socket)}

    def run(self, user: str, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Run a command as a user of this host; `code` is what it has to end with."""
        cache = self.folder / f"cache-{user}"
        done = subprocess.run(
            self.command(user, arguments),
            env={**self.environment, "XDG_CACHE_HOME": str(cache)},
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )
        assert done.returncode == code, f"{user}: {arguments}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done

    def json(self, user: str, *arguments: str, code: int = 0) -> Any:
        return json.loads(self.run(user, *arguments, "--json", code=code).stdout)

    def at_project(self, *arguments: str, code: int = 0) -> Any:
        """Run a command of the project, as the service's user, and give its JSON."""
        return self.json(self.service, "--project", str(self.folder / "project"), *arguments, code=code)

    def serve(self) -> str:
        """Start the service and wait until it serves; give what it said."""
        arguments = ["--project", str(self.folder / "project"), "desk", "serve"]
        server = subprocess.Popen(
            self.command(self.service, arguments),
            env={**self.environment, "XDG_CACHE_HOME": str(self.folder / f"cache-{self.service}")},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.servers.append(server)
        assert server.stderr is not None
        told = ""
        for line in iter(server.stderr.readline, ""):
            told += line
            if line.startswith("The desk serves"):
                return told
        raise AssertionError(told)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End the newest service, and give its exit code."""
        server = self.servers.pop()
        server.send_signal(how)
        _, _ = server.communicate(timeout=60)
        return server.returncode


@pytest.fixture
def host() -> Iterator[Host]:
    """A host on which the tests' own user serves; other users can enter the folder."""
    made = Host(Path(tempfile.mkdtemp(prefix="desk-")).resolve())
    made.folder.chmod(0o755)
    yield made
    while made.servers:
        made.stop(signal.SIGKILL)
    shutil.rmtree(made.folder)


@pytest.fixture
def others(host: Host) -> Host:
    """A host on which `daemon` serves; being other users needs the rights that a CI machine has."""
    if os.geteuid() != 0 and "CI" not in os.environ:
        pytest.skip("this test runs commands as other users, which this user may not; CI may")
    assert os.geteuid() == 0, "this test runs commands as other users: let CI run as root"
    host.service = "daemon"
    for user in ("daemon", "bin", "mail", "games", "root", "nobody"):
        (host.folder / f"cache-{user}").mkdir()
        shutil.chown(host.folder / f"cache-{user}", user)
    return host


@pytest.fixture
def ask(host: Host) -> Callable[[], tuple[str, str, str]]:
    """Ask for a write; give the thread, the request's id and its short hash."""

    def work() -> tuple[str, str, str]:
        thread = host.at_project("ask", "set BEND to 3 A", code=4)["thread"]
        *_, row = host.at_project("approvals", "list")
        return thread, row["id"], row["hash"][:8]

    return work


def test_two_other_users_decide_and_the_one_who_asked_carries_it_out(others: Host, ask: Any) -> None:
    others.prepare(**TWO_PEOPLE)
    told = others.serve()
    assert "bin, mail, games" in told
    assert "WARNING" not in told
    thread, request, digits = ask()
    assert [row["id"] for row in others.json("bin", "desk", "list")] == [request]
    approve = ("desk", "approve", request, "--hash", digits)

    first = others.run("bin", *approve, code=4)
    assert "recorded. Missing: one more person (ben)." in first.stdout
    assert "The desk of daemon knows you as os:bin." in first.stderr
    assert "has approved" in others.run("bin", *approve, code=3).stderr
    assert others.at_project("resume", thread, code=4)["status"] == "waiting"

    assert f"osprey resume {thread}" in others.run("mail", *approve).stdout
    assert others.at_project("resume", thread)["status"] == "done"
    said = others.json("mail", "desk", "show", request)["said"]
    assert [(one["person"], one["word"], one["method"]) for one in said] == [
        ("ann", "approve", "peer"),
        ("ben", "approve", "peer"),
    ]


def test_nobody_counts_who_could_be_the_one_who_asked(others: Host, ask: Any) -> None:
    others.prepare(**TWO_PEOPLE)
    others.serve()
    _, request, digits = ask()
    for user, why in [
        ("daemon", "asked for request"),
        ("root", "root can act as every user"),
        ("games", "approval.people names nobody with the subject os:games"),
        ("nobody", "may not ask this desk"),
    ]:
        told = others.run(user, "desk", "approve", request, "--hash", digits, code=3)
        assert why in told.stderr, user
        assert told.stdout == ""
    row = others.json("bin", "desk", "show", request)
    assert (row["state"], row["votes"], row["said"]) == ("pending", 0, [])
    rules = [row["detail"]["rule"] for row in others.at_project("audit", "log") if row["event"] == "refused"]
    assert rules == [
        "approval.requester",
        "approval.not_authenticated",
        "approval.not_authenticated",
        "desk.peer",
    ]


def test_a_vote_outlives_the_service(others: Host, ask: Any) -> None:
    others.prepare(**TWO_PEOPLE)
    others.serve()
    _, request, digits = ask()
    others.run("bin", "desk", "approve", request, "--hash", digits, code=4)
    others.stop(signal.SIGKILL)
    assert others.socket.is_socket(), "it had no time to remove it"
    assert "is `osprey desk serve` running there?" in others.run("mail", "desk", "list", code=1).stderr
    others.serve()
    assert others.json("mail", "desk", "list")[0]["votes"] == 1
    others.run("mail", "desk", "approve", request, "--hash", digits)
    assert others.json("bin", "desk", "show", request)["state"] == "approved"


def test_a_service_of_root_lets_nobody_count(others: Host, ask: Any) -> None:
    others.service = OWN
    others.prepare(**TWO_PEOPLE)
    assert "WARNING: nobody's approval counts where a secret is asked for" in others.serve()
    _, request, digits = ask()
    told = others.run("bin", "desk", "approve", request, "--hash", digits, code=3)
    assert "served by root" in told.stderr


def test_every_decision_from_the_command_line(host: Host, ask: Any) -> None:
    host.prepare()
    assert "nobody else (approval.desk_users)" in host.serve()
    assert "Nothing waits" in host.run(OWN, "desk", "list").stderr

    _, request, digits = ask()
    line = host.run(OWN, "desk", "list").stdout
    assert all(part in line for part in (request, digits, "0 of 1", "ends in", "Set BEND to 3 A"))
    assert "It decides nothing" in host.run(OWN, "desk", "comment", request, "yes, but \x1b[2J only 5 A").stdout
    assert "It waits on" in host.run(OWN, "desk", "postpone", request, "--reason", "shift change").stdout
    shown = host.run(OWN, "desk", "show", request).stdout
    assert f"Request {request}" in shown
    assert "Needs one person" in shown
    assert "yes, but \\u001b[2J only 5 A" in shown
    assert "Moved since: nothing (1 channels read just now)." in shown
    assert f"osprey desk approve {request} --hash {digits}" in shown
    assert "Nothing was written" in host.run(OWN, "desk", "reject", request, "--reason", "beam is on").stdout
    assert host.at_project("approvals", "list", "--all")[0]["state"] == "rejected"

    thread, request, digits = ask()
    assert "is not a part of a hash" in host.run(OWN, "desk", "approve", request, "--hash", "yes", code=3).stderr
    assert f"osprey resume {thread}" in host.run(OWN, "desk", "approve", request, "--hash", digits).stdout
    assert "will not be carried out" in host.run(OWN, "desk", "withdraw", request, "--reason", "no").stdout
    assert host.at_project("resume", thread, code=3)["status"] == "refused"

    assert host.stop() == 0
    assert not host.socket.exists()


def test_the_json_of_a_request_is_that_of_the_projects_own_inbox(host: Host, ask: Any) -> None:
    host.prepare()
    host.serve()
    ask()
    [at_desk], [at_project] = host.json(OWN, "desk", "list"), host.at_project("approvals", "list")
    assert at_desk == at_project
    shown = host.json(OWN, "desk", "show", at_desk["id"])
    assert {name: shown[name] for name in at_desk} == at_desk
    assert shown["document"]["writes"]["groups"][0][0]["channel"] == "BEND:CURRENT:SP"


def test_a_client_needs_to_be_told_where_the_desk_is(host: Host) -> None:
    done = subprocess.run(
        host.command(OWN, ["desk", "list"]), capture_output=True, text=True, check=False, timeout=100, cwd=host.folder
    )
    assert done.returncode == 2
    assert "--socket" in done.stderr


def test_a_desk_that_nobody_could_reach_is_not_served(host: Host) -> None:
    host.prepare(desk_users=["daemon", "bin"])
    (host.folder / "run").chmod(0o700)
    done = host.run(OWN, "--project", str(host.folder / "project"), "desk", "serve", code=2)
    assert "can enter" in done.stderr
