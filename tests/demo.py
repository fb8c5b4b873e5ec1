"""Play the main job as a person sees it: `make demo` on the simulated ring, `make demo-epics` on its IOC.

Every line that starts with `$` is a command that a person could type; what follows is what it printed.
The project of the demo is kept, so that one can look around in it afterwards.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OSPREY = Path(sys.executable).with_name("osprey")
QUESTIONS = (
    "what is the beam current",
    "mean and spread of the beam current over the last ten minutes, with a plot",
    "raise every horizontal corrector of sector 2 by 0.1 A and show the orbit before and after",
)
WAITING = 4
CONFIG = """\
control_system:
  default_target: epics
  targets:
    epics:
      connector: epics
      posture: approval          # every write needs a person's decision
      writes_enabled: true       # without this line the IOC can only be read
      limits: {{unlisted: native_only}}
      channels: channels.yml     # what `osprey sim channels` printed
      archiver: sim
      archiver_settings: {{state: {history}}}
      settings: {{address: 127.0.0.1, port: {port}}}
"""


class Player:
    """Runs commands in a project and shows them."""

    def __init__(self, project: Path, environment: dict[str, str], target: str | None) -> None:
        self.project = project
        self.environment = environment
        self.target = target

    def run(self, *arguments: str, expected: int = 0) -> str:
        """Run a command of Osprey, show it and what it says, and give its standard output."""
        print(f"\n$ osprey {shlex.join(arguments)}", flush=True)
        done = subprocess.run(
            [str(OSPREY), "--project", str(self.project), *arguments],
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        print(done.stdout.rstrip(), flush=True)
        if done.returncode != expected:
            raise SystemExit(f"the command ended with exit code {done.returncode}, not {expected}")
        return done.stdout

    def ask(self, question: str, *, changes: bool) -> None:
        """Ask; where something would change, show the request, approve it by its hash, and resume."""
        arguments = ["ask", question, *(["--target", self.target] if self.target else [])]
        if not changes:
            self.run(*arguments)
            return
        self.run(*arguments, expected=WAITING)
        waiting = json.loads(self._quiet("approvals", "list", "--json"))[-1]
        self.run("approvals", "show", waiting["id"])
        self.run("approvals", "approve", waiting["id"], "--hash", waiting["hash"][:8])
        self.run("resume", waiting["thread"])

    def _quiet(self, *arguments: str) -> str:
        command = [str(OSPREY), "--project", str(self.project), *arguments]
        return subprocess.run(command, env=self.environment, text=True, capture_output=True, check=True).stdout


def main() -> None:
    """Play the demo that the command line names."""
    kind = sys.argv[1] if len(sys.argv) > 1 else "ring"
    folder = Path(tempfile.mkdtemp(prefix=f"osprey-demo-{kind}-"))
    environment = {**os.environ, "COLUMNS": os.environ.get("COLUMNS", "118")}
    if kind == "ring":
        play(Player(folder, environment, None))
    else:
        with served_ring(folder, environment) as port:
            player = Player(folder, environment, "epics")
            make_epics_project(player, port)
            play(player)
    print(f"\nThe project of this demo, with its records, notebooks and figures: {folder}")


def play(player: Player) -> None:
    """Ask the three questions; the last one changes the machine."""
    print("Osprey on", "a real EPICS IOC that serves the simulated ring" if player.target else "the simulated ring")
    for question in QUESTIONS:
        player.ask(question, changes=question.startswith("raise"))


def make_epics_project(player: Player, port: int) -> None:
    """Point a new project at the IOC; the ring's archive is read from the history that the IOC writes."""
    channels = player.project / "channels.yml"
    listing = subprocess.run(
        [str(OSPREY), "sim", "channels"], env=player.environment, text=True, capture_output=True, check=True
    )
    channels.write_text(listing.stdout, encoding="utf-8")
    config = CONFIG.format(port=port, history=player.project / "ring.jsonl")
    (player.project / "config.yml").write_text(config, encoding="utf-8")
    print(f"\n$ cat config.yml\n{config.rstrip()}", flush=True)


@contextmanager
def served_ring(folder: Path, environment: dict[str, str]) -> Iterator[int]:
    """Serve the ring as an IOC on a free loopback port for as long as the demo lasts."""
    command = [str(OSPREY), "sim", "serve", "--epics", "--port", "0", "--state", str(folder / "ring.jsonl")]
    with (
        (folder / "ioc.log").open("w", encoding="utf-8") as log,
        subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE, stderr=log) as process,
    ):
        try:
            yield _port_of(process)
        finally:
            process.terminate()


def _port_of(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.match(r"^READY port=(\d+)", line):
            return int(found.group(1))
    raise SystemExit("the IOC of the ring did not start; see ioc.log in the demo's folder")


if __name__ == "__main__":
    main()
