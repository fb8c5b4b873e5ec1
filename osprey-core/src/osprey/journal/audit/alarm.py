"""Telling people at once what the audit could not take: on stderr, and in the log of the system.

Neither needs the project's disk. Both are told best effort: the refusal stands, whoever hears of it.
"""

from __future__ import annotations

import sys
from contextlib import suppress

try:
    import syslog
except ImportError:  # not a POSIX system
    syslog = None

_LONGEST = 900
"""Characters; a datagram of the system's log has room for about a thousand bytes."""


def tell_at_once(text: str) -> None:
    """Say one line on stderr and in the system's log."""
    # Devices and people write parts of it: nothing of theirs moves a cursor, or begins a line of the log.
    line = "osprey: " + "".join(c if c.isprintable() else " " for c in text)
    with suppress(OSError, ValueError, AttributeError):  # closed, or there is none
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
    if syslog is not None:
        shown = line if len(line) <= _LONGEST else f"{line[:_LONGEST]} ..."
        with suppress(OSError, ValueError):
            syslog.syslog(syslog.LOG_ERR | syslog.LOG_AUTH, shown)
