"""Who runs this process, as the operating system knows it."""

from __future__ import annotations

import os
import socket
import sys

from osprey.journal.values import Who


def process_user() -> Who:
    """Give the user of this process, with terminal and host.

    Taken from the user id, never from `$USER` or a text: what a process can set, it can forge.
    """
    return Who(f"os:{_user_name()}", _terminal(), socket.gethostname())


def _user_name() -> str:
    try:
        import pwd
    except ImportError:  # not a POSIX system
        return str(os.getuid()) if hasattr(os, "getuid") else os.getlogin()
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def _terminal() -> str:
    for stream in (sys.stdin, sys.stderr):
        try:
            return os.ttyname(stream.fileno())
        except (OSError, ValueError, AttributeError):
            continue
    return ""
