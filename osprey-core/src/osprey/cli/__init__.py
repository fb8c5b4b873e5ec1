"""The command line: a lazy root group, and one module a family of commands.

Every start passes through here, so nothing is imported before it is used. `osprey.cli.context` gives commands
their project; `osprey.cli.table` lists the core's commands.
"""

from __future__ import annotations

from collections.abc import Sequence


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line and give its exit code; the entry point of the `osprey` script.

    :param args: None: those of this process.
    """
    from osprey.cli.root import run

    return run(args)
