"""Write the pictures of the documentation: what real commands print on the simulated ring, as a terminal shows it.

`python -m tests.docs.pictures`: docs/approval.svg and docs/pictures/*.svg.
"""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from osprey.approval.people import hash_secret

DOCS = Path(__file__).parents[2] / "docs"
OSPREY = Path(sys.executable).with_name("osprey")
COLUMNS = 110
SECRETS = {"alice": "correct horse", "bob": "battery staple"}
TWO_PERSONS = """
approval:
  people:
    alice: {{roles: [operator], secret_hash: "{alice}"}}
    bob: {{roles: [physicist], secret_hash: "{bob}"}}
  policies:
    large-changes: {{change_above: 0.05, persons: 2, roles: {{physicist: 1}}}}
"""


class Terminal:
    """A terminal in which commands are typed; what they print is drawn."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shown: list[Text] = []

    def type(self, *arguments: str, secret: str = "", shows: bool = True) -> None:
        """Run a command; `secret` is what a person would type where nothing echoes it."""
        command = [str(OSPREY), "--project", str(self.folder), *arguments]
        handed: tuple[int, ...] = ()
        if secret:
            reading, writing = os.pipe()
            os.write(writing, f"{secret}\n".encode())
            os.close(writing)
            command += ["--secret-fd", str(reading)]
            handed = (reading,)
        environment = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(COLUMNS)}
        done = subprocess.run(
            command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, pass_fds=handed
        )
        if shows:
            self.shown += [
                Text(f"$ osprey {shlex.join(arguments)}", "bold"),
                Text.from_ansi(done.stdout.rstrip()),
                Text(),
            ]

    def waiting(self) -> dict[str, Any]:
        """Give the newest request that waits, as `approvals list --json` does."""
        listed = subprocess.run(
            [str(OSPREY), "--project", str(self.folder), "approvals", "list", "--json"],
            text=True, capture_output=True, check=True,
        )  # fmt: skip
        return json.loads(listed.stdout)[-1]

    def draw(self, path: Path, title: str) -> None:
        """Write what was shown as a picture."""
        console = Console(record=True, width=COLUMNS, file=io.StringIO(), highlight=False)
        for text in self.shown[:-1]:
            console.print(text)
        drawn = console.export_svg(title=title)
        # Who looks at the picture need not fetch a font from somebody else's host: any monospaced one will do.
        drawn = re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL)
        path.write_text(drawn.replace(str(self.folder), "~/ring"), encoding="utf-8")


def a_request(terminal: Terminal) -> None:
    """Two correctors, shown before anybody agrees."""
    terminal.type("ask", "raise every horizontal corrector of sector 2 by 0.1 A", shows=False)
    terminal.type("approvals", "show", terminal.waiting()["id"])


def a_plan(terminal: Terminal) -> None:
    """A plan before its first step."""
    terminal.type("ask", "/planning scan HCM03 from -1 to 1 A in 5 steps and measure the orbit", shows=False)
    terminal.type("approvals", "show", terminal.waiting()["id"])


def two_persons(terminal: Terminal) -> None:
    """A large change needs two people, of whom one is a physicist."""
    hashes = {name: hash_secret(secret) for name, secret in SECRETS.items()}
    (terminal.folder / "config.yml").write_text(TWO_PERSONS.format(**hashes), encoding="utf-8")
    terminal.type("ask", "set HCM03 to 1.5 A", shows=False)
    row = terminal.waiting()
    short = row["hash"][:8]
    terminal.type("approvals", "approve", row["id"], "--hash", short)
    terminal.type("approvals", "approve", row["id"], "--hash", short, "--as", "alice", secret=SECRETS["alice"])
    terminal.type("approvals", "show", row["id"])
    terminal.type("approvals", "approve", row["id"], "--hash", short, "--as", "bob", secret=SECRETS["bob"])
    terminal.type("resume", row["thread"])


def a_stale_plan(terminal: Terminal) -> None:
    """The machine moved between the decision and the claim: nothing is sent, and what moved is said."""
    terminal.type("ask", "set HCM03 to 0.5 A", shows=False)
    first = terminal.waiting()
    terminal.type("approvals", "approve", first["id"], "--hash", first["hash"][:8])
    terminal.type("ask", "set HCM03 to 0.2 A", shows=False)
    other = terminal.waiting()
    terminal.type("approvals", "approve", other["id"], "--hash", other["hash"][:8], shows=False)
    terminal.type("resume", other["thread"])
    terminal.type("approvals", "show", first["id"])
    terminal.type("resume", first["thread"])


def an_edited_request(terminal: Terminal) -> None:
    """An edit is a new request; the hash of the old one approves nothing."""
    terminal.type("ask", "raise every horizontal corrector of sector 2 by 0.1 A", shows=False)
    row = terminal.waiting()
    terminal.type("approvals", "edit", row["id"], "--set", "SR:S02:HCM03:CURRENT:SP=0.02", "--drop", "2")
    terminal.type("approvals", "approve", row["id"], "--hash", row["hash"][:8])
    terminal.type("approvals", "show", terminal.waiting()["id"])


PICTURES: dict[str, Callable[[Terminal], None]] = {
    "approval.svg": a_request,
    "pictures/plan.svg": a_plan,
    "pictures/two-persons.svg": two_persons,
    "pictures/stale.svg": a_stale_plan,
    "pictures/edited.svg": an_edited_request,
}


def main() -> None:
    """Play every scene in a project of its own, and draw it."""
    (DOCS / "pictures").mkdir(exist_ok=True)
    for name, play in PICTURES.items():
        with tempfile.TemporaryDirectory() as folder:
            terminal = Terminal(Path(folder))
            play(terminal)
            terminal.draw(DOCS / name, "osprey")
        print(f"wrote docs/{name}")


if __name__ == "__main__":
    main()
