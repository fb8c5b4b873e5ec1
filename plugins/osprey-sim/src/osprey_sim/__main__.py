"""`python -m osprey_sim`: the `osprey sim` commands without the rest of Osprey's command line."""

import sys

from osprey.api import OspreyError
from osprey_sim.cli import sim

if __name__ == "__main__":
    try:
        sim(prog_name="osprey sim")
    except OspreyError as exc:
        print(f"error: {exc}", file=sys.stderr)  # noqa: T201 - this is the command line
        sys.exit(int(exc.exit_code))
