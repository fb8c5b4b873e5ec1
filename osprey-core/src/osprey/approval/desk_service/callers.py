"""Who is at the other end of the desk's socket, whether they are answered, and whether their approval counts.

Where a secret is asked for, the service's own user does not count: what asks for a write runs as that user. Neither
does root, who can act as anyone, nor somebody whom `approval.people` does not name: they may be the one who asked.
"""

from __future__ import annotations

import os
import pwd
import socket
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Self

from attrs import frozen

from osprey.control import Actor
from osprey.control.guard.peers import Peer
from osprey.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from osprey.config import ApprovalConfig

_ROOT: Final = 0
_NOBODY: Final = 65534
"""Linux gives this number for every user that does not exist in the reader's user namespace, as in a container."""


@frozen(kw_only=True)
class Caller:
    """A user of this host who is answered."""

    uid: int
    name: str
    doubt: str
    """Why they count for nobody where a secret is asked for; empty if they count."""

    @property
    def actor(self) -> Actor:
        """Give who every row names."""
        return Actor(subject=f"os:{self.name}", terminal=f"desk uid={self.uid}", host=socket.gethostname())


@frozen(kw_only=True)
class Admission:
    """Who is answered, settled when the service starts: a stranger's name is never looked up."""

    names: Mapping[int, str]
    subjects: frozenset[str]
    """Those by which `approval.people` knows somebody."""

    @classmethod
    def of(cls, config: ApprovalConfig) -> Self:
        """Admit this process's own user and those that the configuration names.

        :raises UsageError: there is no such user on this host.
        """
        own = os.getuid()
        names = {own: Peer(own).name}
        for user in config.desk_users:
            try:
                uid = pwd.getpwnam(user).pw_uid
            except KeyError as exc:
                msg = f"`approval.desk_users` names {user!r}, and this host has no such user"
                raise UsageError(msg) from exc
            # One number is one user, whatever names it has: two of them are not two people.
            names[uid] = Peer(uid).name
        subjects = frozenset(subject for person in config.people.values() for subject in person.subjects)
        return cls(names=names, subjects=subjects)

    @property
    def others(self) -> list[str]:
        """Give the names of those who are answered beside this process's own user and root."""
        return [name for uid, name in self.names.items() if uid not in (os.getuid(), _ROOT)]

    def admit(self, peer: Peer | None) -> Caller:
        """Give the caller.

        :raises RefusedError: ``desk.peer``: it is nobody who is answered, or the system does not tell who it is.
        """
        if peer is None:
            msg = "this system does not tell who is at a socket's other end: decide with `osprey approvals`"
            raise RefusedError(msg, rule="desk.peer")
        if peer.uid not in self.names:
            msg = f"the user with number {peer.uid} may not ask this desk; `approval.desk_users` names who may"
            raise RefusedError(msg, rule="desk.peer")
        name = self.names[peer.uid]
        return Caller(uid=peer.uid, name=name, doubt=doubt_of(peer.uid) or self._doubt_of_name(name))

    def _doubt_of_name(self, name: str) -> str:
        """Say why it cannot be told which person this is: one who asked is known by another subject perhaps."""
        if f"os:{name}" in self.subjects:
            return ""
        return f"approval.people names nobody with the subject os:{name}, so it cannot be told whether they asked"


def doubt_of(uid: int) -> str:
    """Say why the process that asks could act as this user; empty if it cannot."""
    if uid in (os.getuid(), os.geteuid()):
        return "the desk is served by this user, and so is what asks for the work"
    if uid == _ROOT:
        return "root can act as every user"
    if uid == _NOBODY:
        return "this is the name of every user whom the system cannot tell apart"
    return doubt_of_service()


def doubt_of_service() -> str:
    """Say why this process could act as any other user; empty if it cannot."""
    if _ROOT in (os.getuid(), os.geteuid()):
        return "the desk is served by root, who can act as every user; have it served by a user of its own"
    return ""
