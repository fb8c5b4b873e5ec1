"""Who is at the other end of a unix socket: asked of the operating system, never of the peer."""

from __future__ import annotations

import os
import pwd
import socket
import struct
from collections.abc import Collection
from typing import Final

from anyio.abc import SocketAttribute, SocketStream
from attrs import evolve, frozen

from osprey.control.requests import Actor
from osprey.errors import RefusedError

_CREDENTIALS: Final = struct.Struct("3i")
"""Process, user and group, as Linux gives them for `SO_PEERCRED`."""
_OWN_WORD: Final = "os:"


@frozen
class Peer:
    """A user of this host."""

    uid: int

    @property
    def name(self) -> str:
        """The user's name, or the number of one that has none."""
        try:
            return pwd.getpwuid(self.uid).pw_name
        except KeyError:
            return str(self.uid)

    def stand_for(self, actor: Actor) -> Actor:
        """Give the actor that is recorded for what this peer asks.

        Who claims to be a user of the system is the user that the system says; who speaks for somebody else (a
        service, for the owner of a token) is named beside the one it speaks for.
        """
        own = f"{_OWN_WORD}{self.name}"
        subject = own if actor.subject.startswith(_OWN_WORD) else f"{actor.subject} via {own}"
        return evolve(actor, subject=subject, terminal=f"{actor.terminal} uid={self.uid}".strip())


def peer_of(stream: SocketStream) -> Peer | None:
    """Give who has connected, or who listens, at the other end; None where the operating system does not tell."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return None
    raw_socket = stream.extra(SocketAttribute.raw_socket)  # noqa: S610 - a socket, not a Django query
    return Peer(_CREDENTIALS.unpack(raw_socket.getsockopt(socket.SOL_SOCKET, option, _CREDENTIALS.size))[1])


def admitted_peer(stream: SocketStream, users: Collection[str]) -> Peer:
    """Give the peer if it may ask: this process's own user, or one that is named.

    :raises RefusedError: it is another; or the operating system does not tell who it is.
    """
    peer = peer_of(stream)
    if peer is None:
        msg = "this system does not tell who is at a socket's other end: use `control_system.guard: inprocess`"
        raise RefusedError(msg, rule="guard.peer")
    if peer.uid != os.getuid() and peer.name not in users:
        msg = f"user {peer.name} may not ask this guard; `control_system.guard_users` names who may beside its own"
        raise RefusedError(msg, rule="guard.peer")
    return peer
