"""Commands of the inbox in one project, with people who have secrets."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from osprey.cli.root import osprey

MACHINE = """
control_system:
  default_target: bench
  targets:
    bench:
      connector: mock
      posture: {posture}
      writes_enabled: true
      settings: {{noise: 0, seed: {seed}}}
      limits: {{file: limits.yml}}
      channels: channels.yml
"""
DEVICES = ("BEND", "QUAD", "SEXT")
ROLES = {"anna": ["operator"], "ben": ["operator"], "carol": ["expert"]}


def secret_of(name: str) -> str:
    return f"secret of {name}"


def cheap_hash(secret: str) -> str:
    """Hash as `hash-secret` does, at a cost that a test can afford."""
    digest = hashlib.scrypt(secret.encode(), salt=bytes(16), n=16, r=8, p=1, dklen=32)
    return f"scrypt:16:8:1:{bytes(16).hex()}:{digest.hex()}"


class Inbox:
    """Commands in one project; each opens it anew, as a process of its own would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.configure()

    def configure(
        self, policies: Mapping[str, Any] | None = None, *, posture: str = "simulation", seed: int = 0, **approval: Any
    ) -> None:
        """Write the configuration: people, policies, and what the machine's values come from."""
        people = {
            name: {"subjects": [f"os:{name}"], "roles": roles, "secret_hash": cheap_hash(secret_of(name))}
            for name, roles in ROLES.items()
        }
        section = {"people": people, "policies": dict(policies or {}), **approval}
        names = [f"{device}:CURRENT:SP" for device in DEVICES]
        listed = [f"- {{name: '{n}', device: {n[:4]}, role: setpoint, unit: A}}" for n in names]
        files = {
            # JSON is YAML.
            "config.yml": f"{MACHINE.format(posture=posture, seed=seed)}\napproval: {json.dumps(section)}\n",
            "limits.yml": "defaults: {min: -100, max: 100, tolerance_absolute: 0.01}\nchannels:\n"
            + "".join(f"  '{name}': {{}}\n" for name in names),
            "channels.yml": "channels:\n" + "\n".join(listed) + "\n",
        }
        for name, text in files.items():
            (self.folder / name).write_text(text, encoding="utf-8")

    def run(self, *arguments: str, **more: Any) -> Result:
        return CliRunner().invoke(osprey, ["--project", str(self.folder), *arguments], **more)

    def approvals(self, *arguments: str, code: int | None = 0) -> Result:
        """Run a command of `osprey approvals` that has to end with this code; None: it may be refused."""
        done = self.run("approvals", *arguments)
        assert code is None or done.exit_code == code, (done.output, done.exception)
        return done

    def json(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--json").stdout)

    def asked(self, question: str = "set BEND to 3 A") -> dict[str, Any]:
        """Ask for a write, and give its request as it is listed."""
        waiting = self.json("ask", question)
        assert waiting["status"] == "waiting", waiting
        return next(row for row in self.json("approvals", "list") if row["id"] == waiting["approval"])

    def filed(self, *settings: str) -> dict[str, Any]:
        """Ask for a batch of writes, and give its request as it is listed."""
        waiting = self.json("channels", "write", *settings)
        return next(row for row in self.json("approvals", "list") if row["id"] == waiting["approval"])

    def show(self, request_id: str) -> dict[str, Any]:
        return self.json("approvals", "show", request_id)


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return Inbox(tmp_path)


@pytest.fixture
def secret_fd() -> Iterator[Callable[[str], str]]:
    """Give a secret by a file descriptor, as a program that calls Osprey would: the number to name it by."""
    opened: list[int] = []

    def give(secret: str) -> str:
        with _pipe() as (reading, writing):
            os.write(writing, secret.encode() + b"\n")
            opened.append(os.dup(reading))
        return str(opened[-1])

    yield give
    for descriptor in opened:
        os.close(descriptor)


@contextmanager
def _pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    try:
        yield ends
    finally:
        for end in ends:
            os.close(end)
