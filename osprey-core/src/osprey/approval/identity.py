"""Who acts: the operating system's user, with terminal and host."""

from __future__ import annotations

from osprey.control import Actor
from osprey.journal.process_user import process_user


def current_actor() -> Actor:
    """Give the user of this process as the operating system knows it."""
    who = process_user()
    return Actor(subject=who.subject, terminal=who.terminal, host=who.host)
