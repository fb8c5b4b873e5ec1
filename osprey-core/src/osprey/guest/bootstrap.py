"""The start of the guest: into the sandbox, out of every right, and then ready for runs.

The parent's first message on the control socket says what this tier of isolation needs. Nothing of the
interpreter's own packages has been loaded before rights are gone: `-S` left site-packages out.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

from . import kernel, lockdown, zygote

CONTROL_FD = 3
_LARGEST_MESSAGE = 1 << 17


def main() -> None:
    """Serve runs until the parent is gone; never returns."""
    import _socket

    _keep_only(int(sys.argv[1]))
    control = _socket.socket(fileno=CONTROL_FD)
    setup: dict[str, Any] = json.loads(control.recv(_LARGEST_MESSAGE))
    if setup["dies_with"] is not None:
        kernel.die_with_parent(signal.SIGKILL, setup["dies_with"])
    _give_up_rights(control, setup)
    zygote.serve(control, setup)


def _keep_only(fd: int) -> None:
    """Put the control socket at its place and close whatever else was inherited."""
    if fd != CONTROL_FD:
        os.dup2(fd, CONTROL_FD)
    os.closerange(CONTROL_FD + 1, os.sysconf("SC_OPEN_MAX"))


def _give_up_rights(control: Any, setup: dict[str, Any]) -> None:
    if setup["tree"] is not None:
        from .tree import enter_tree

        enter_tree(setup["tree"])
    if setup["has_first_process"]:
        _uncover_proc()
        control.send(b"first")
        lockdown.leave_first_process_behind()
    if setup["drop_uid"] is not None:
        lockdown.drop_user(setup["drop_uid"])
    elif setup["is_confined"]:
        lockdown.drop_capabilities()
    if setup["is_confined"]:
        kernel.forbid_new_privileges()
    rules = setup["landlock"]
    if rules is not None:
        from . import landlock

        landlock.restrict([*rules["readable"], "/proc"], [rules["scratch"]], rules["devices"])
    if not setup["has_first_process"] and setup["dies_with"] is not None:
        # A change of the user has undone it.
        kernel.die_with_parent(signal.SIGKILL, setup["dies_with"])


def _uncover_proc() -> None:
    """Take away what bubblewrap, started by root, lays over parts of /proc.

    The kernel lets a run mount a /proc of its own only if nothing of this one is covered. What was covered
    belongs to root, and no process here is root any more when code runs.
    """
    if os.geteuid() != 0:
        return
    for name in ("sys", "sysrq-trigger", "irq", "bus"):
        kernel.libc.umount2(f"/proc/{name}".encode(), 0)
