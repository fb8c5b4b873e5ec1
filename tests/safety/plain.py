"""Running a program as a plain process, which shows that the oracle and the canaries see what is done to them."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.safety.corpus import Program, aimed
from tests.safety.host import Host
from tests.safety.oracle import Oracle

LONGEST_S: Final = 12.0
_SHOW: Final = "\nprint(__import__('json').dumps(results, default=str))\n"


def run(program: Program, oracle: Oracle, host: Host, folder: Path) -> str:
    """Run a program with nothing between it and the world; give what it printed, its results at the end."""
    code = aimed(program.code, {"5064": str(oracle.port), **host.targets}, oracle.variables)
    work = folder / "work"
    work.mkdir(exist_ok=True)
    with contextlib.suppress(subprocess.TimeoutExpired):
        done = subprocess.run(
            [sys.executable, "-c", code + _SHOW],
            cwd=work, capture_output=True, text=True, errors="replace", check=False, timeout=LONGEST_S,
        )  # fmt: skip
        return done.stdout
    return ""
