"""Run the long safety and crash runs in full and write what they showed: `make proof`.

`make test` runs a fixed sample of the same trials. Nothing here asserts on time. `python -m tests.proof NAME ...` runs
some of them, and replaces their sections of the page.
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from threading import Condition
from typing import Final, cast

from attrs import frozen
from tests.proofs.section import Section

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = ROOT / "docs/reference/proofs.md"


@frozen
class Proof:
    """One long run: where it is, and how many processors it keeps busy."""

    reference: str
    processors: int = 1


PROOFS: Final[Mapping[str, Proof]] = {
    "one-write": Proof("tests.proofs.kills:one_write"),
    "batches": Proof("tests.proofs.kills:batches"),
    "approvals": Proof("tests.proofs.kills:approvals"),
    "turns": Proof("tests.proofs.kills:turns"),
    "reactive-turns": Proof("tests.proofs.kills:reactive_turns"),
    "races": Proof("tests.proofs.attempts:races", 2),
    "tampering": Proof("tests.proofs.attempts:tampering"),
    "life": Proof("tests.proofs.examples:life", 2),
    "replies": Proof("tests.proofs.attempts:replies"),
    "audit": Proof("tests.proofs.attempts:audit"),
    "guard": Proof("tests.proofs.examples:guard", 2),
    "safety": Proof("tests.proofs.safety:safety", 2),
    "analysis": Proof("tests.proofs.safety:analysis"),
}
HEADING: Final = """# Proofs

Written by `make proof`. Each section says at which commit, when, and on what it was run; a *broken* one fails the run.
`make test` runs a fixed sample of every one of them.
"""


def main() -> None:
    """Run all proofs, or those that are named, write the page, and fail if anything was broken."""
    names = sys.argv[1:] or list(PROOFS)
    unknown = [name for name in names if name not in PROOFS]
    if unknown:
        sys.exit(f"there is no proof {unknown[0]!r}: there are {', '.join(PROOFS)}")
    broken = [name for name, is_good in run_all(names) if not is_good]
    print(PAGE.read_text(encoding="utf-8"))
    if broken:
        sys.exit(f"broken: {', '.join(broken)}")


def run_all(names: list[str]) -> list[tuple[str, bool]]:
    """Run proofs side by side, as many as there are processors for; each writes its section when it is done."""
    places = Places(os.cpu_count() or 1)

    def run(name: str) -> tuple[str, bool]:
        with places.taken(PROOFS[name].processors):
            started = time.monotonic()
            command = [sys.executable, "-m", "tests.proof", "--one", name]
            done = subprocess.run(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, check=False)
            minutes = (time.monotonic() - started) / 60
        print(f"{name}: {'as promised' if not done.returncode else 'BROKEN'} after {minutes:.1f} min", flush=True)
        with places.changed:
            write_section(name, done.stdout.strip() or f"## {name}\n\n**BROKEN**: it ended without a word.")
        return name, not done.returncode

    with ThreadPoolExecutor(len(names)) as pool:
        return list(pool.map(run, names))


class Places:
    """Processors that are handed out."""

    def __init__(self, count: int) -> None:
        self.changed = Condition()
        self._count = count
        self._free = count

    def taken(self, count: int) -> _Taken:
        return _Taken(self, min(count, self._count))

    def take(self, count: int) -> None:
        with self.changed:
            self.changed.wait_for(lambda: self._free >= count)
            self._free -= count

    def give(self, count: int) -> None:
        with self.changed:
            self._free += count
            self.changed.notify_all()


@frozen
class _Taken:
    places: Places
    count: int

    def __enter__(self) -> None:
        self.places.take(self.count)

    def __exit__(self, *_: object) -> None:
        self.places.give(self.count)


def run_one(name: str) -> None:
    """Run one proof here, print its section, and end with 1 if it is broken."""
    module, _, function = PROOFS[name].reference.partition(":")
    about = _circumstances()  # of the code that is tried, not of what may come while it runs
    section = cast("Callable[[], Section]", getattr(import_module(module), function))()
    title, _, rest = section.text.partition("\n")
    print(f"{title}\n\n{about}\n{rest}")
    sys.exit(1 if section.is_broken else 0)


def write_section(name: str, text: str) -> None:
    """Put a section into the page, in the place of the one that is there."""
    page = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    found = dict(re.findall(r"<!-- ([\w-]+) -->\n(.*?)(?=\n<!-- |\Z)", page, re.DOTALL))
    found[name] = text
    parts = [f"<!-- {one} -->\n{found[one].strip()}\n" for one in PROOFS if one in found]
    PAGE.write_text("\n".join([HEADING, *parts]), encoding="utf-8")


def _circumstances() -> str:
    machine = f"Python {platform.python_version()} on {platform.system()} {platform.release()}"
    when = datetime.now(UTC).strftime("%Y-%m-%d %H:%M")
    return f"*At commit `{_commit()}`, {when} UTC, with {machine}, {os.cpu_count()} processors.*"


def _commit() -> str:
    done = subprocess.run(
        ["git", "rev-parse", "--short=12", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or "unknown"


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        run_one(sys.argv[2])
    else:
        main()
